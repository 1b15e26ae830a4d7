// Waits for the events at which faults are aimed, and says when a fault is to come.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/record/observer.h"
#include "sim/scenario/aim_options.h"

namespace revenant::sim {

struct Happening {
  AimEvent event;
  NodeId node;
  std::optional<int> level = {};
  std::optional<NodeId> peer = {};
};

class AimWatch final : public Observer {
 public:
  // `start`: of the run, in the kernel's time. The kernel outlives the watch.
  AimWatch(const Kernel& kernel, Instant start, Duration gc_grace)
      : kernel_(kernel), start_(start), gc_grace_(gc_grace) {}

  // Calls `come` once, when `count` events at or after `from` have happened, with the moment
  // (later than now) at which the fault is to come. It may only schedule. Of gc_grace_ends,
  // earlier deletes count whose moment is not before `from`.
  using Come = std::function<void(Instant when, const Happening& cause)>;
  void await(const AimOptions& aim, Instant from, int64_t count, Come come);

  void reached(Instant at, NodeId node, const env::Milestone& milestone) override;
  void purged(Instant at, NodeId node, uint64_t key, Version version) override;
  void flushed(Instant at, NodeId node, FileNumber sstable, uint64_t entries,
               uint64_t bytes) override;
  void compacted(Instant at, NodeId node, const env::CompactionEvent& event) override;
  void machine(Instant at, NodeId node, std::string_view what) override;
  void operation(const Operation& operation) override;

 private:
  struct Awaited {
    AimOptions aim;
    Instant from;
    int64_t left;
    Come come;
  };
  struct Delete {
    NodeId coordinator;
    Instant called;
  };
  void happened(const Happening& happening);
  void acknowledged(Awaited& awaited, const Delete& deletion);
  static void count(Awaited& awaited, Instant when, const Happening& cause);
  Instant soon() const { return kernel_.now() + Duration{1}; }

  const Kernel& kernel_;
  const Instant start_;
  const Duration gc_grace_;
  std::deque<Awaited> awaited_;
  std::vector<Delete> deletes_;  // acknowledged, in that order
};

}  // namespace revenant::sim
