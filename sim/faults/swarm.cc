#include "sim/faults/swarm.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "sim/faults/drawn_ring.h"
#include "sim/faults/fault_classes.h"

namespace revenant::sim {
namespace {

// How long after the end of a fault its node may still be recovering.
constexpr Duration kRecovery = milliseconds(500);

// --- the budget ---

// Who is away when, held against the ring's replica sets.
class Budget {
 public:
  Budget(const Scenario& scenario, uint64_t seed) {
    if (scenario.swarm->mode == SwarmMode::kUnbounded) return;  // it only keeps the book
    // Levels by data center are refused (validate.cc).
    const int64_t factor = scenario.cluster.ring.replication_factor.total();
    const auto write = scenario.replication.write.required(factor);
    const auto read = scenario.replication.read.required(factor);
    CHECK(write.has_value());
    CHECK(read.has_value());
    // Others may stand in for the level's replicas, but not for those that pr and pw ask.
    const replication::ReplicationOptions& r = scenario.replication;
    spare_ = std::max<int64_t>(0, factor - std::max({*write, *read, r.pr, r.pw}));
    const ring::Ring ring = drawn_ring(scenario, seed);
    for (const ring::Ring::OwnedRange& owned : ring.ranges()) {
      std::vector<NodeId> set = owned.replicas;
      std::ranges::sort(set);
      sets_.insert(std::move(set));
    }
  }

  // Whether these may be away during [from, to) together, and nobody else is; if so, they are.
  bool take_alone(const std::vector<NodeId>& nodes, Duration from, Duration to) {
    if (std::ranges::any_of(absences_,
                            [&](const Absence& a) { return a.from < to && from < a.to; }))
      return false;
    for (NodeId node : nodes) absences_.push_back({node, from, to});
    return true;
  }
  bool away(NodeId node, Duration from, Duration to) const {
    return std::ranges::any_of(
        absences_, [&](const Absence& a) { return a.node == node && a.from < to && from < a.to; });
  }
  // Whether `node` may be away during [from, to); if so, it is.
  bool take(NodeId node, Duration from, Duration to) {
    std::set<NodeId> away{node};  // at some time together with it: no fewer than at one moment
    for (const Absence& a : absences_) {
      if (a.from < to && from < a.to) away.insert(a.node);
    }
    for (const std::vector<NodeId>& set : sets_) {
      const auto count =
          std::ranges::count_if(set, [&](NodeId member) { return away.contains(member); });
      if (std::ranges::binary_search(set, node) && count > spare_) return false;
    }
    absences_.push_back({node, from, to});
    return true;
  }

 private:
  struct Absence {
    NodeId node;
    Duration from, to;
  };
  int64_t spare_ = 0;
  std::set<std::vector<NodeId>> sets_;
  std::vector<Absence> absences_;
};

// --- settings that no promise may depend on ---

bool writes_at_any(const Scenario& s) {
  const auto any = [](const std::optional<replication::ConsistencyLevel>& level) {
    return level && level->kind == replication::ConsistencyLevel::Kind::kAny;
  };
  return any(s.replication.write) ||
         std::ranges::any_of(s.workload, [&](const WorkloadOptions& w) { return any(w.write); });
}

bool repairs_incrementally(const Scenario& s) {
  return s.replication.repair && s.replication.repair->incremental;
}
// Those that incremental repair can go with.
bool has_levels(lsm::CompactionStrategy strategy) {
  using enum lsm::CompactionStrategy;
  return strategy != kSizeTiered && strategy != kTimeWindow && strategy != kNone;
}

struct SettingRow {
  const char* path;
  void (*draw)(Scenario& scenario, Random& random);
};

constexpr SettingRow kSettings[] = {
    {"cluster.cpu",
     [](Scenario& s, Random& r) {
       if (r.chance(kHalf) && !s.cluster.cpu) s.cluster.cpu.emplace();
     }},
    {"cluster.clocks.ntp",
     [](Scenario& s, Random& r) {
       if (!r.chance(kHalf) || s.cluster.clocks.ntp) return;
       NtpOptions& ntp = s.cluster.clocks.ntp.emplace();
       ntp.poll = s.swarm->calm / 2;
       ntp.step_threshold = s.swarm->clock_max / 3;
       ntp.error_max = Duration{};  // clients' clocks would differ: no_lost_updates
     }},
    {"disk.profile",
     [](Scenario& s, Random& r) {
       using enum DiskProfile;
       const Durability durability = s.disk.durability;
       s.disk.profile = pick(r, {kNvmeConsumer, kSataSsd, kSataSsd});
       s.disk.apply_profile();
       s.disk.durability = durability;
     }},
    {"storage.memtable_size",
     [](Scenario& s, Random& r) {
       s.storage.memtable_size = pick(r, {kib(1), kib(1), kib(32), kib(512), kib(512)});
     }},
    {"storage.max_immutable_memtables",
     [](Scenario& s, Random& r) {
       s.storage.max_immutable_memtables = pick<int64_t>(r, {1, 16, 16});
     }},
    {"storage.rate_limiter_bytes_per_sec",
     [](Scenario& s, Random& r) {
       s.storage.rate_limiter_bytes_per_sec = pick(r, {kib(0), mib(1)});
     }},
    {"storage.block_cache_size",
     [](Scenario& s, Random& r) {
       s.storage.block_cache_size = pick(r, {kib(0), kib(0), kib(4), mib(1)});
     }},
    {"storage.max_open_files",
     [](Scenario& s, Random& r) { s.storage.max_open_files = pick<int64_t>(r, {0, 3, -1}); }},
    {"storage.max_subcompactions",
     [](Scenario& s, Random& r) { s.storage.max_subcompactions = pick<int64_t>(r, {1, 3}); }},
    {"storage.max_manifest_file_size",
     [](Scenario& s, Random& r) { s.storage.max_manifest_file_size = pick(r, {kib(1), mib(1)}); }},
    {"storage.wal.sync",
     [](Scenario& s, Random& r) {
       if (s.storage.wal.sync == lsm::WalSync::kPeriodic) return;  // loses writes by design
       s.storage.wal.sync = pick(r, {lsm::WalSync::kAlways, lsm::WalSync::kGroup});
     }},
    {"storage.wal.segment_size",
     [](Scenario& s, Random& r) {
       s.storage.wal.segment_size = pick(r, {kib(0), kib(4), kib(64)});
     }},
    {"storage.sstable.block_size",
     [](Scenario& s, Random& r) { s.storage.sstable.block_size = pick(r, {kib(1), kib(4)}); }},
    {"storage.tombstone_gc",
     [](Scenario& s, Random& r) {
       if (s.swarm->mode != SwarmMode::kBudgeted) return;  // nobody repairs before the end
       using enum lsm::TombstoneGc;
       s.storage.tombstone_gc = pick(r, {kRepair, kRepair, kDisabled});
       if (repairs_incrementally(s)) s.storage.tombstone_gc = kDisabled;
       s.storage.propagation_delay = least_propagation_delay(*s.swarm);
     }},
    {"storage.compaction.strategy",
     [](Scenario& s, Random& r) {
       using enum lsm::CompactionStrategy;
       s.storage.compaction.strategy = pick_any<lsm::CompactionStrategy>(r);
       if (repairs_incrementally(s) && has_levels(s.storage.compaction.strategy))
         s.storage.compaction.strategy = pick(r, {kSizeTiered, kTimeWindow, kNone});
     }},
    {"disk.page_cache",
     [](Scenario& s, Random& r) {
       // A repair reads everything several times, and a calm must suffice for it.
       if (s.storage.compaction.strategy == lsm::CompactionStrategy::kNone ||
           s.storage.max_open_files == 0 || s.storage.rate_limiter_bytes_per_sec > ByteSize{0})
         return;
       s.disk.page_cache = pick(r, {kib(16), kib(64)});
       s.disk.dirty_max = ByteSize{s.disk.page_cache.bytes / 2};
       s.disk.read_ahead = ByteSize{0};
     }},
    {"storage.compaction.tombstone_threshold",
     [](Scenario& s, Random& r) {
       s.storage.compaction.tombstone_threshold = pick(r, {0.01, 0.2});
     }},
    {"storage.compaction.tombstone_compaction_interval",
     [](Scenario& s, Random& r) {
       s.storage.compaction.tombstone_compaction_interval = pick(r, {seconds(1), days(1)});
     }},
    {"replication.levels",
     [](Scenario& s, Random& r) {
       using Level = replication::ConsistencyLevel;
       const bool own = std::ranges::any_of(
           s.workload, [](const WorkloadOptions& w) { return w.read || w.write; });
       // Most seeds keep what spares a replica.
       if (own || writes_at_any(s) || !r.chance(kQuarter)) return;
       const bool write_all = r.chance(kHalf);
       s.replication.write = {write_all ? Level::Kind::kAll : Level::Kind::kOne};
       s.replication.read = {write_all ? Level::Kind::kOne : Level::Kind::kAll};
     }},
    {"replication.timestamps",
     [](Scenario& s, Random& r) {
       const ClockOptions& clocks = s.cluster.clocks;
       const bool exact = clocks.offset_max == Duration{} && clocks.drift_ppm_max == 0 &&
                          clocks.step_every == Duration{};
       if (!exact || s.replication.timestamps != replication::Timestamps::kClient ||
           std::ranges::find(s.defects, Defect::kCoordinatorStampsWrites) != s.defects.end())
         return;
       s.replication.timestamps = pick_any<replication::Timestamps>(r);
     }},
    {"replication.digest_reads",
     [](Scenario& s, Random&) { s.replication.digest_reads = !s.replication.digest_reads; }},
    {"replication.read_fanout",
     [](Scenario& s, Random& r) { s.replication.read_fanout = pick_any<replication::Fanout>(r); }},
    {"replication.speculative_retry",
     [](Scenario& s, Random& r) {
       using Kind = replication::SpeculativeRetry::Kind;
       s.replication.speculative_retry =
           pick(r, {replication::SpeculativeRetry{Kind::kAlways, {}, {}},
                    replication::SpeculativeRetry{Kind::kPercentile, Probability{900'000'000}, {}},
                    replication::SpeculativeRetry{Kind::kAfter, {}, milliseconds(5)}});
     }},
    {"replication.repair",
     [](Scenario& s, Random& r) {
       if (s.replication.repair) return;
       replication::RepairOptions& repair = s.replication.repair.emplace();
       repair.every = s.duration * 2;  // the swarm's own repairs are operations
       repair.tree_depth = pick<int64_t>(r, {0, 3, 10});
       // Each subrange has its own flush and its own reading of what is there: a calm must suffice for them.
       const bool slow =
           s.disk.page_cache < mib(1) || s.storage.rate_limiter_bytes_per_sec > kib(0);
       repair.subranges = pick<int64_t>(r, {1, slow ? 1 : 3});
       repair.parallelism = pick_any<replication::RepairParallelism>(r);
       repair.incremental = r.chance(kHalf) && s.swarm->mode == SwarmMode::kBudgeted &&
                            s.storage.tombstone_gc != lsm::TombstoneGc::kRepair &&
                            !has_levels(s.storage.compaction.strategy);
     }},
    {"replication.read_repair",
     [](Scenario& s, Random& r) {
       s.replication.read_repair = pick_any<replication::ReadRepair>(r);
     }},
    {"replication.failure_detector",
     [](Scenario& s, Random& r) {
       // The calm must suffice for nodes that took each other for down to find each other again
       // before they repair.
       const Duration period = pick(r, {s.swarm->calm / 60, s.swarm->calm / 30});
       s.replication.failure_detector = replication::FailureDetector::kPhi;
       s.replication.heartbeat = period;
       if (r.chance(kHalf)) s.replication.gossip.emplace().interval = period;
     }},
    {"replication.hinted_handoff.max_size_per_host",
     [](Scenario& s, Random& r) {
       if (s.replication.hinted_handoff)
         s.replication.hinted_handoff->max_size_per_host = pick(r, {ByteSize{1}, kib(1), kib(8)});
     }},
    {"replication.hinted_handoff.replay_period",
     [](Scenario& s, Random& r) {
       if (s.replication.hinted_handoff)
         s.replication.hinted_handoff->replay_period =
             pick(r, {milliseconds(100), seconds(3), seconds(15)});
     }},
    {"replication.hinted_handoff",
     [](Scenario& s, Random& r) {
       if (r.chance(kHalf) && !writes_at_any(s)) s.replication.hinted_handoff.reset();
     }},
    {"workload[].keys",
     [](Scenario& s, Random& r) {
       if (r.chance(kHalf)) return;
       const auto keys = std::min(s.preload.keys, pick<int64_t>(r, {3, 50}));
       for (WorkloadOptions& w : s.workload) w.keys = keys;
     }},
    {"workload[].batch_keys",
     [](Scenario& s, Random& r) {
       if (r.chance(kHalf)) return;
       for (WorkloadOptions& w : s.workload) {
         if (w.script.empty() && !w.ttl) w.batch_keys = pick<int64_t>(r, {2, 3});
       }
       // A calm must suffice for what coordinators left behind.
       s.replication.batch_log.replay_period = pick(r, {milliseconds(100), s.swarm->calm / 3});
     }},
    {"workload[].value_size",
     [](Scenario& s, Random& r) {
       // A calm must suffice for a repair, beside compactions that are held to a rate: then no update, of all its
       // keys, is larger than 1 KiB.
       const bool held = s.storage.rate_limiter_bytes_per_sec > ByteSize{0};
       const ByteSize size = pick(r, {ByteSize{16}, kib(1), held ? kib(1) : kib(4)});
       for (WorkloadOptions& w : s.workload)
         w.value_size = held ? std::min(size, ByteSize{kib(1).bytes / w.batch_keys}) : size;
     }},
};

// --- drawing ---

class Swarm {
 public:
  Swarm(const Scenario& scenario, uint64_t seed)
      : drawn_(scenario), swarm_(*scenario.swarm), seed_(seed) {}

  Scenario draw() {
    if (swarm_.settings) draw_settings();
    draw_faults();
    draw_operations();
    drawn_.swarm.reset();
    return std::move(drawn_);
  }

 private:
  bool budgeted() const { return swarm_.mode == SwarmMode::kBudgeted; }
  Random stream(std::string_view kind, std::string_view name) const {
    return {seed_, fmt::format("swarm/{}/{}", kind, name)};
  }
  NodeId any_node(Random& random) const {
    return NodeId{static_cast<uint32_t>(random.below(static_cast<uint64_t>(drawn_.cluster.nodes)))};
  }
  // Where rounds end: from here on there are only the core phase, if any, and the last calm.
  Duration rounds_end() const {
    return drawn_.duration - swarm_.calm - (budgeted() ? swarm_.core : Duration{});
  }

  void draw_settings() {
    for (const SettingRow& row : kSettings) {
      Random random = stream("setting", row.path);
      if (random.chance(kHalf)) row.draw(drawn_, random);
    }
  }

  // A class that is on, how often and how long it strikes, and where its draws come from.
  struct Active {
    const ClassRow* row;
    Random random;
    uint64_t count_max;
    Duration longest;
  };

  std::vector<Active> draw_classes() {
    Random phase = stream("phase", "classes");
    const Probability share = phase.chance(kHalf) ? kHalf : kQuarter;
    std::vector<Active> on;
    for (const ClassRow& row : class_table()) {
      if (std::ranges::find(swarm_.classes, row.which) == swarm_.classes.end()) continue;
      if (!row.possible(drawn_)) continue;
      // What was marked as repaired before its disk was replaced no incremental session brings back.
      if (row.toll == Toll::kUnsound && repairs_incrementally(drawn_)) continue;
      Random random = stream("class", enum_name(row.which));
      if (!random.chance(share)) continue;
      const uint64_t most = 1 + random.below(static_cast<uint64_t>(swarm_.intensity));
      const Duration longest = swarm_.round / pick<int64_t>(random, {1, 4, 20});
      on.push_back({&row, random, most, longest});
    }
    return on;
  }

  void draw_faults() {
    if (drawn_.cluster.nodes == 1) return;  // nobody to survive anything
    Budget budget(drawn_, seed_);
    std::vector<Active> on = draw_classes();
    const bool unsound = std::ranges::any_of(
        on, [](const Active& active) { return active.row->toll == Toll::kUnsound; });
    Random phase = stream("phase", "replacements");
    for (Duration start; start + swarm_.round <= rounds_end(); start += swarm_.round) {
      const Round round{start, start + swarm_.round - swarm_.calm,
                        unsound && phase.chance(kQuarter)};
      for (Active& active : on) {
        for (uint64_t count = active.random.below(active.count_max + 1); count > 0; --count) {
          draw_fault(active, round, budget);
        }
      }
    }
    if (budgeted()) draw_core(on, budget);
  }

  struct Round {
    Duration start, end;  // of its faults
    bool of_replacements;
  };

  // Whether this round is for such faults. A replica that has forgotten what it acknowledged leaves
  // the others to answer for it until the next repair, so they must have it: nothing may have kept
  // a write from any of them since the last repair.
  bool belongs(const ClassRow& row, const Round& round) const {
    if (!budgeted() || row.toll == Toll::kNothing) return true;
    return (row.toll == Toll::kUnsound) == round.of_replacements;
  }

  // At the next moment of the victim's in which much is half done; not at all from `before` on.
  static AimOptions drawn_aim(NodeId victim, Duration before, Random& random) {
    using enum AimEvent;
    AimOptions aim;
    aim.event = pick(random, {kFlushBegins, kFlushInstalls, kFlushEnds, kCompactionInstalls,
                              kCompactionEnds, kManifestSwitches, kHintStored});
    aim.node = one(victim);
    aim.nth = pick<int64_t>(random, {1, 1, 4});
    aim.delay = pick(random, {Duration{}, microseconds(20), milliseconds(1)});
    aim.before = before;
    return aim;
  }

  void draw_fault(Active& active, const Round& round, Budget& budget) {
    const ClassRow& row = *active.row;
    Random& random = active.random;
    FaultOptions fault;
    const NodeId node = any_node(random);
    fault.at = round.start + drawn_duration(round.end - round.start - milliseconds(1), random);
    fault.duration = std::min(drawn_duration(active.longest, random), round.end - fault.at);
    Duration over = fault.at + *fault.duration;
    const Duration remedied = std::min(*fault.duration / 4, kRecovery / 2);
    if (row.remedy != Remedy::kNone) fault.duration = *fault.duration - remedied;
    row.fill(fault, {node, drawn_, swarm_, round.start, fault.at, *fault.duration}, random);
    if (row.toll == Toll::kTakesAway && row.remedy == Remedy::kNone && !row.steady) {
      if (random.chance(kQuarter)) {  // it flaps
        fault.period = std::max(milliseconds(1), *fault.duration / 4);
      } else if (random.chance(kQuarter)) {
        fault.when = drawn_aim(node, round.end - *fault.duration, random);
        if (fault.when->before <= fault.at) return;
        over = round.end;
      }
    }
    if (!belongs(row, round)) return;
    // A blackout now and then: what no single failure brings about. The budget allows it, for what
    // is synced outlasts any number of deaths.
    const Probability blackout = fault.when ? kHalf : kQuarter;
    if (fault.power_loss && random.chance(blackout)) {
      fault.power_loss->node = everyone();
      fault.period.reset();
    } else if (fault.crash && random.chance(blackout)) {
      fault.crash->node = everyone();
      fault.period.reset();
    } else if (!afford(row, fault, node, over, round, budget)) {
      return;
    }
    drawn_.faults.push_back(fault);
    if (row.remedy == Remedy::kNone || remedied == Duration{}) return;
    FaultOptions remedy;
    remedy.at = over - remedied;
    remedy.duration = remedied;
    if (row.remedy == Remedy::kRestart) {
      remedy.crash = {one(node)};
    } else {
      remedy.wipe = {one(node)};
    }
    drawn_.faults.push_back(std::move(remedy));
  }

  bool afford(const ClassRow& row, const FaultOptions& fault, NodeId node, Duration over,
              const Round& round, Budget& budget) const {
    if (row.toll != Toll::kTakesAway && row.toll != Toll::kUnsound) return true;
    const bool unsound = row.toll == Toll::kUnsound;
    if (!unsound && !budgeted()) return true;
    // One disk is replaced once in a round, so that what is restored or exchanged is sound.
    const Duration from = unsound ? round.start : fault.at;
    const Duration back = unsound ? round.start + swarm_.round : over + kRecovery;
    if (row.alone) {
      std::vector<NodeId> nodes;
      for (uint32_t i = 0; i < drawn_.cluster.nodes; ++i) nodes.push_back(NodeId{i});
      return budget.take_alone(nodes, from, back);
    }
    if (unsound && budget.away(node, from, back)) return false;
    return budget.take(node, from, back);
  }

  // As many nodes as the budget allows are broken for the whole phase, each by a class that is on.
  void draw_core(std::vector<Active> on, Budget& budget) {
    std::erase_if(on, [](const Active& active) {
      const ClassRow& row = *active.row;
      return row.toll != Toll::kTakesAway || row.remedy != Remedy::kNone || row.alone;
    });
    drawn_.progress_from = rounds_end() + swarm_.core / 4;
    if (on.empty()) return;
    Random random = stream("phase", "core");
    std::vector<NodeId> nodes;
    for (uint32_t i = 0; i < drawn_.cluster.nodes; ++i) nodes.push_back(NodeId{i});
    random.shuffle(nodes);
    for (NodeId node : nodes) {
      const ClassRow& row = *on[random.below(on.size())].row;
      if (!budget.take(node, rounds_end(), rounds_end() + swarm_.core)) continue;
      FaultOptions fault;
      fault.at = rounds_end();
      fault.duration = swarm_.core;
      row.fill(fault, {node, drawn_, swarm_, rounds_end(), fault.at, swarm_.core}, random);
      drawn_.faults.push_back(std::move(fault));
    }
  }

  void add_operation(Duration at, std::optional<NodeSet> OperationOptions::* what, NodeSet who) {
    OperationOptions operation;
    operation.at = at;
    operation.*what = std::move(who);
    drawn_.operations.push_back(std::move(operation));
  }

  void draw_operations() {
    const Duration last_calm = drawn_.duration - swarm_.calm;
    if (budgeted()) {
      for (Duration end = swarm_.round; end <= rounds_end(); end += swarm_.round) {
        add_operation(end - swarm_.calm / 2, &OperationOptions::repair, everyone());
      }
    }
    add_operation(last_calm + swarm_.calm / 2, &OperationOptions::repair, everyone());
    if (!swarm_.operations) return;
    draw_membership();
    for (const auto& [name, what] : {std::pair{"flush", &OperationOptions::flush},
                                     std::pair{"compact", &OperationOptions::compact}}) {
      Random random = stream("operation", name);
      if (!random.chance(kHalf)) continue;
      const auto rounds = static_cast<uint64_t>(drawn_.duration.ns / swarm_.round.ns);
      // Often only up to some moment: what is in memory or in small files then stays there.
      const Duration until = random.chance(kHalf) ? last_calm : drawn_duration(last_calm, random);
      for (uint64_t count = random.below(rounds * 4) + 1; count > 0; --count) {
        const Duration at = drawn_duration(until, random);
        NodeSet who = random.chance(kQuarter) ? everyone() : one(any_node(random));
        add_operation(at, what, std::move(who));
      }
    }
  }

  // Where there are spares. In the first half, so that changes have ended before the last repair;
  // those that overlap are refused. The budget knows the replicas of the start alone.
  void draw_membership() {
    if (budgeted() || drawn_.cluster.spares == 0) return;
    // One that a fault still holds up then is given up: no repair is of ranges that move.
    add_operation(drawn_.duration - swarm_.calm, &OperationOptions::abort, everyone());
    Random random = stream("operation", "membership");
    for (uint64_t count = random.below(4) + 1; count > 0; --count) {
      const Duration at = drawn_duration(drawn_.duration / 2, random);
      const NodeId node = any_node(random);
      switch (random.below(5)) {
        case 0:
        case 1: {
          const auto spares = static_cast<uint64_t>(drawn_.cluster.spares);
          const auto back = static_cast<uint32_t>(random.below(spares) + 1);
          const NodeId spare{static_cast<uint32_t>(drawn_.cluster.nodes) - back};
          add_operation(at, &OperationOptions::bootstrap, one(spare));
          break;
        }
        case 2:
          add_operation(at, &OperationOptions::decommission, one(node));
          break;
        case 3:
          add_operation(at, &OperationOptions::move, one(node));
          break;
        default:
          add_operation(at, &OperationOptions::cleanup, everyone());
      }
    }
  }

  Scenario drawn_;
  const SwarmOptions swarm_;
  const uint64_t seed_;
};

}  // namespace

Scenario draw_swarm(const Scenario& scenario, uint64_t seed) {
  return scenario.swarm ? Swarm(scenario, seed).draw() : scenario;
}

}  // namespace revenant::sim
