// Whoever watches a run: checkers, samplers, writers of histories. Observers never draw, schedule,
// take a sequence number or cross the seam; the run is the same without them.
#pragma once

#include "engine/env/event_sink.h"
#include "sim/record/operation.h"

namespace revenant::sim {

class Observer {
 public:
  virtual ~Observer() = default;
  // A write begins: from here on its value may be seen.
  virtual void write_began(uint64_t /*key*/, WriteId, Instant /*at*/) {}
  virtual void operation(const Operation&) {}
  // A key of the preload: on all its replicas before the run begins.
  virtual void preloaded(uint64_t /*key*/, WriteId, Version) {}
  virtual void applied(Instant /*at*/, NodeId, uint64_t /*key*/, const CellView&,
                       env::ApplySource) {}
  virtual void purged(Instant /*at*/, NodeId, uint64_t /*key*/, Version) {}
  // After the run has settled: what each replica holds, keys ascending for each node.
  virtual void final_cell(NodeId, uint64_t /*key*/, const CellView&) {}
  // Not all cells of this replica could be shown: its disk spoiled some, or it does not serve.
  virtual void final_unread(NodeId) {}
};

}  // namespace revenant::sim
