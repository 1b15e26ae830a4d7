// Whoever watches a run: checkers, samplers, writers of histories. Observers never draw, schedule,
// take a sequence number or cross the seam; the run is the same without them.
#pragma once

#include <span>
#include <string_view>

#include "engine/env/event_sink.h"
#include "engine/ring/ring.h"
#include "sim/record/operation.h"

namespace revenant::sim {

class Observer {
 public:
  virtual ~Observer() = default;
  // The preload has ended and the run begins: times count from here.
  virtual void began() {}
  // A write begins: from here on its value may be seen.
  virtual void write_began(uint64_t /*key*/, WriteId, Instant /*at*/) {}
  // It begins: its outcome, versions and answers are unknown yet.
  virtual void operation_began(const Operation&) {}
  virtual void operation(const Operation&) {}
  // A key of the preload: on all its replicas before the run begins.
  virtual void preloaded(uint64_t /*key*/, WriteId, Version) {}
  virtual void applied(Instant /*at*/, NodeId, uint64_t /*key*/, const CellView&,
                       env::ApplySource) {}
  virtual void purged(Instant /*at*/, NodeId, uint64_t /*key*/, Version) {}
  virtual void flushed(Instant /*at*/, NodeId, FileNumber, uint64_t /*entries*/,
                       uint64_t /*bytes*/) {}
  virtual void compacted(Instant /*at*/, NodeId, const env::CompactionEvent&) {}
  virtual void stalled(Instant /*at*/, NodeId, env::StallCause, Duration) {}
  virtual void reached(Instant /*at*/, NodeId, const env::Milestone&) {}
  // An aimed fault begins or ends; those of the plan that were known before the run are not told.
  virtual void fault(Instant /*at*/, std::string_view /*who*/, std::string_view /*what*/) {}
  // A machine's process: "starts", "serves", "is killed", "loses power", "pauses", "resumes".
  virtual void machine(Instant /*at*/, NodeId, std::string_view /*what*/) {}
  // The disk of a machine that is down holds something else now: nothing, an older state, or another
  // node's files.
  virtual void disk_replaced(Instant /*at*/, NodeId) {}
  // A node has dropped all keys that it neither owns nor is to own.
  virtual void cleaned(Instant /*at*/, NodeId) {}
  // Who holds what from now on; told at the start too. The reference ends with the run.
  virtual void ring_changed(Instant /*at*/, const ring::Ring&) {}
  // All nodes have forgotten all that was written before `began`; a write of a lower stamp than
  // `version` is one that was.
  virtual void truncated(Instant /*began*/, Instant /*at*/, Version /*version*/) {}
  // Of watched keys only (env::EventSink::rewritten); several keys may be among the entries.
  virtual void rewritten(Instant /*at*/, NodeId, std::span<const FileNumber> /*inputs*/,
                         std::span<const env::WatchedEntry>) {}
  // After the run has settled: what each replica holds, keys ascending for each node.
  virtual void final_cell(NodeId, uint64_t /*key*/, const CellView&) {}
  // Not all cells of this replica could be shown: its disk spoiled some, or it does not serve.
  virtual void final_unread(NodeId) {}
};

}  // namespace revenant::sim
