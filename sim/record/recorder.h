// Gathers what happens in a run and passes it to the observers: one EventSink per node, operations
// from the workloads, ids for writes. Keeps the counts and latencies that every run reports.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/env/event_sink.h"
#include "sim/record/histogram.h"
#include "sim/record/metrics.h"
#include "sim/record/observer.h"
#include "sim/record/views.h"

namespace revenant::sim {

class Recorder {
 public:
  // `now` gives virtual time.
  explicit Recorder(std::function<Instant()> now);
  ~Recorder();
  Recorder(const Recorder&) = delete;

  // Observers outlive the run; they hear in the order in which they were added.
  void add(Observer& observer) { observers_.push_back(&observer); }

  // Keys whose entries observers hear of through flushes and compactions. Before the run.
  void watch(const std::vector<uint64_t>& keys);

  // From here on figures count; what came before was the preload.
  void begin_measuring();

  // --- from workloads ---
  WriteId begin_write(uint64_t key);
  void begin(const Operation& operation);
  void end(const Operation& operation);

  // --- from the world ---
  void preloaded(uint64_t key, WriteId write, Version version);
  void final_cell(NodeId node, uint64_t key, const CellView& cell);
  void final_unread(NodeId node);
  void machine(NodeId node, std::string_view what);
  void process_serves(NodeId node);
  void process_ended(NodeId node);
  void fault(std::string_view who, std::string_view what);
  void disk_replaced(NodeId node);
  void cleaned(NodeId node);
  void ring_changed(const ring::Ring& ring);
  void truncated(Instant began, Version version);
  // The sink of a node, for all its lives.
  env::EventSink& sink(NodeId node);

  // Client-side figures and those of the engine's events.
  void report(Metrics& metrics, Duration measured) const;
  const Views& views() const { return views_; }
  uint64_t operations_ok() const { return operations_ok_; }
  uint64_t tombstones_purged() const { return tombstones_purged_; }
  uint64_t compactions() const { return compactions_; }
  Duration stall_time() const { return stall_time_; }
  // Latencies since the last call: for time series.
  struct Interval {
    Histogram reads, writes;
  };
  Interval take_interval() { return std::exchange(interval_, {}); }
  // Keys and values of cells applied since measuring began, recovery apart: of all nodes, or of
  // one.
  uint64_t bytes_applied() const { return bytes_applied_; }
  uint64_t bytes_applied(NodeId node) const;
  // Keys and values of the newest cell of each key applied anywhere, deleted keys apart: live data,
  // one copy. Values that have expired, or were truncated, still count.
  uint64_t live_bytes_one_copy() const { return live_bytes_; }
  // The same of one key.
  uint64_t live_bytes_of(uint64_t key) const {
    return key < newest_.size() ? newest_[key].live_bytes : 0;
  }

 private:
  class NodeSink;
  struct NewestCell {
    Version version;
    uint64_t live_bytes = 0;
  };

  std::function<Instant()> now_;
  std::vector<Observer*> observers_;
  std::vector<Buffer> watched_;                   // storage keys, sorted
  std::vector<std::unique_ptr<NodeSink>> sinks_;  // by node
  Views views_;
  bool measuring_ = false;
  uint64_t next_write_ = 1;

  std::array<std::array<uint64_t, 3>, kOperationKinds> outcomes_{};  // by kind and client::Outcome
  uint64_t operations_ok_ = 0;
  Histogram read_latency_, write_latency_;
  Interval interval_;
  uint64_t bytes_applied_ = 0;
  uint64_t live_bytes_ = 0;
  std::vector<NewestCell> newest_;  // by key
  uint64_t tombstones_purged_ = 0, flushes_ = 0, compactions_ = 0, compactions_abandoned_ = 0,
           stalls_ = 0;
  Duration stall_time_;
};

}  // namespace revenant::sim
