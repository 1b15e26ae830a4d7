#include "sim/faults/swarm.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "sim/faults/drawn_ring.h"

namespace revenant::sim {
namespace {

constexpr Probability kHalf{500'000'000}, kQuarter{250'000'000}, kEighth{125'000'000};
// How long after the end of a fault its node may still be recovering.
constexpr Duration kRecovery = milliseconds(500);

// --- classes of faults ---

struct Victim {
  NodeId node;
  int64_t nodes;  // of the cluster
  const SwarmOptions& swarm;
};

NodeSet one(NodeId node) { return {.all = false, .nodes = {node.value}}; }
constexpr auto everyone = [] { return NodeSet{.all = true, .nodes = {}}; };

Duration drawn_duration(Duration most, Random& random) {
  return milliseconds(random.between(1, std::max<int64_t>(1, most.ns / milliseconds(1).ns)));
}

// A partition or a clog: between the victim and all others, or one of them.
template <typename Cut>
void fill_cut(std::optional<Cut>& kind, const Victim& victim, Random& random) {
  Cut cut{.from = one(victim.node), .to = {}};
  if (random.chance(kHalf)) {
    const auto nodes = static_cast<uint64_t>(victim.nodes);
    const uint64_t step = 1 + random.below(nodes - 1);
    cut.to = one(NodeId{static_cast<uint32_t>((victim.node.value + step) % nodes)});
  }
  cut.one_way = random.chance(kQuarter);
  kind = cut;
}

void fill_loss(FaultOptions& fault, const Victim& victim, Random& random) {
  const bool sends = random.chance(kHalf);
  LinkFault& link = fault.link.emplace();
  link.from = sends ? one(victim.node) : everyone();
  link.to = sends ? everyone() : one(victim.node);
  link.loss = Probability{random.between(1, 300) * 1'000'000};
}

void fill_duplication(FaultOptions& fault, const Victim& victim, Random& random) {
  LinkFault& link = fault.link.emplace();
  link.from = one(victim.node);
  link.to = everyone();
  link.duplication = Probability{random.between(1, 500) * 1'000'000};
}

void fill_clock_step(FaultOptions& fault, const Victim& victim, Random& random) {
  const Duration step = drawn_duration(victim.swarm.clock_max, random);
  fault.clock = ClockFault{.node = one(victim.node), .ahead = {}, .behind = {}};
  (random.chance(kHalf) ? fault.clock->ahead : fault.clock->behind) = step;
}

// A class. A new one needs a name (FaultClass) and a row.
struct ClassRow {
  FaultClass which;
  // Whether its victim does not serve meanwhile, so that it counts against the budget.
  bool takes_away;
  void (*fill)(FaultOptions& fault, const Victim& victim, Random& random);
};

constexpr ClassRow kClasses[] = {
    {FaultClass::kCrash, true,
     [](FaultOptions& f, const Victim& v, Random&) { f.crash = {one(v.node)}; }},
    {FaultClass::kPowerLoss, true,
     [](FaultOptions& f, const Victim& v, Random&) { f.power_loss = {one(v.node)}; }},
    {FaultClass::kPause, true,
     [](FaultOptions& f, const Victim& v, Random&) { f.pause = {one(v.node)}; }},
    {FaultClass::kPartition, true,
     [](FaultOptions& f, const Victim& v, Random& random) { fill_cut(f.partition, v, random); }},
    {FaultClass::kIsolate, true,
     [](FaultOptions& f, const Victim& v, Random& random) {
       f.isolate = {one(v.node), random.chance(kHalf)};
     }},
    {FaultClass::kClog, true,
     [](FaultOptions& f, const Victim& v, Random& random) { fill_cut(f.clog, v, random); }},
    {FaultClass::kMessageLag, false,
     [](FaultOptions& f, const Victim& v, Random& random) {
       f.lag = {one(v.node), drawn_duration(v.swarm.lag_max, random), {}};
     }},
    {FaultClass::kDiskLag, false,
     [](FaultOptions& f, const Victim& v, Random& random) {
       f.lag = {one(v.node), {}, drawn_duration(v.swarm.lag_max, random)};
     }},
    {FaultClass::kLoss, false, fill_loss},
    {FaultClass::kDuplication, false, fill_duplication},
    {FaultClass::kClockStep, false, fill_clock_step},
    {FaultClass::kClockDrift, false,
     [](FaultOptions& f, const Victim& v, Random& random) {
       // Over a whole round it gains no more than clock_max.
       const int64_t most =
           std::min<int64_t>(100'000, v.swarm.clock_max.ns / (v.swarm.round.ns / 1'000'000 + 1));
       const int64_t ppm = random.between(1, std::max<int64_t>(1, most));
       f.clock = ClockFault{.node = one(v.node),
                            .ahead = {},
                            .behind = {},
                            .drift_ppm = random.chance(kHalf) ? ppm : -ppm};
     }},
};
static_assert(std::size(kClasses) == std::size(enum_names(FaultClass{})));

// --- the budget ---

// Who is away when, held against the ring's replica sets.
class Budget {
 public:
  Budget(const Scenario& scenario, uint64_t seed) {
    const int64_t factor = scenario.cluster.ring.replication_factor;
    const auto& r = scenario.replication;
    spare_ =
        std::max<int64_t>(0, factor - std::max(r.write.required(factor), r.read.required(factor)));
    const ring::Ring ring = drawn_ring(scenario, seed);
    for (const ring::Ring::OwnedRange& owned : ring.ranges()) {
      std::vector<NodeId> set = owned.replicas;
      std::ranges::sort(set);
      sets_.insert(std::move(set));
    }
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

template <typename T>
T pick(Random& random, std::initializer_list<T> values) {
  return values.begin()[random.below(values.size())];
}

template <typename E>
E pick_any(Random& random) {
  constexpr auto names = enum_names(E{});
  return names[random.below(names.size())].value;
}

struct SettingRow {
  const char* path;
  void (*draw)(Scenario& scenario, Random& random);
};

constexpr SettingRow kSettings[] = {
    {"storage.memtable_size",
     [](Scenario& s, Random& r) { s.storage.memtable_size = pick(r, {kib(2), kib(8), kib(64)}); }},
    {"storage.block_cache_size",
     [](Scenario& s, Random& r) {
       s.storage.block_cache_size = pick(r, {kib(0), kib(4), mib(1)});
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
    {"storage.sstable.block_size",
     [](Scenario& s, Random& r) { s.storage.sstable.block_size = pick(r, {kib(1), kib(4)}); }},
    {"storage.compaction.strategy",
     [](Scenario& s, Random& r) {
       s.storage.compaction.strategy = pick_any<lsm::CompactionStrategy>(r);
     }},
    {"storage.compaction.tombstone_compaction_interval",
     [](Scenario& s, Random& r) {
       s.storage.compaction.tombstone_compaction_interval = pick(r, {seconds(1), days(1)});
     }},
    {"replication.read_repair",
     [](Scenario& s, Random& r) {
       s.replication.read_repair = pick_any<replication::ReadRepair>(r);
     }},
    {"replication.hinted_handoff.replay_period",
     [](Scenario& s, Random& r) {
       if (s.replication.hinted_handoff)
         s.replication.hinted_handoff->replay_period = pick(r, {milliseconds(100), seconds(3)});
     }},
    {"replication.hinted_handoff",
     [](Scenario& s, Random& r) {
       if (r.chance(kHalf)) s.replication.hinted_handoff.reset();
     }},
    {"workload[].keys",
     [](Scenario& s, Random& r) {
       if (r.chance(kHalf)) return;
       const auto keys = std::min(s.preload.keys, pick<int64_t>(r, {3, 50}));
       for (WorkloadOptions& w : s.workload) w.keys = keys;
     }},
    {"workload[].value_size",
     [](Scenario& s, Random& r) {
       const ByteSize size = pick(r, {ByteSize{16}, kib(1)});
       for (WorkloadOptions& w : s.workload) w.value_size = size;
     }},
};

// --- drawing ---

class Swarm {
 public:
  Swarm(const Scenario& scenario, uint64_t seed)
      : drawn_(scenario), swarm_(*scenario.swarm), seed_(seed) {
    drawn_.swarm.reset();
  }

  Scenario draw() {
    // Placement and levels stay as they are, so the budget holds for the settings drawn.
    if (swarm_.settings) draw_settings();
    draw_faults();
    draw_operations();
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

  void draw_faults() {
    if (drawn_.cluster.nodes == 1) return;  // nobody to survive anything
    Budget budget(drawn_, seed_);
    std::vector<const ClassRow*> on;
    for (const ClassRow& row : kClasses) {
      const std::string_view name = enum_name(row.which);
      if (std::ranges::find(swarm_.classes, row.which) == swarm_.classes.end()) continue;
      // A log that is not synced loses what was acknowledged: no budget makes up for that.
      if (row.which == FaultClass::kPowerLoss && drawn_.storage.wal.sync == lsm::WalSync::kPeriodic)
        continue;
      Random random = stream("class", name);
      if (!random.chance(kHalf)) continue;
      on.push_back(&row);
      const auto most = 1 + random.below(static_cast<uint64_t>(swarm_.intensity));
      const Duration longest = swarm_.round / pick<int64_t>(random, {1, 4, 20});
      for (Duration start; start + swarm_.round <= rounds_end(); start += swarm_.round) {
        const Duration end = start + swarm_.round - swarm_.calm;
        for (uint64_t count = random.below(most + 1); count > 0; --count) {
          draw_fault(row, start, end, longest, budget, random);
        }
      }
    }
    if (budgeted()) draw_core(on, budget);
  }

  void draw_fault(const ClassRow& row, Duration start, Duration end, Duration longest,
                  Budget& budget, Random& random) {
    FaultOptions fault;
    const NodeId node = any_node(random);
    fault.at = start + drawn_duration(end - start - milliseconds(1), random);
    fault.duration = std::min(drawn_duration(longest, random), end - fault.at);
    row.fill(fault, {node, drawn_.cluster.nodes, swarm_}, random);
    if (row.takes_away && random.chance(kQuarter)) {  // it flaps
      fault.period = std::max(milliseconds(1), *fault.duration / 4);
    }
    // A blackout now and then: what no single failure brings about. The budget allows it, for what
    // is synced outlasts any number of deaths.
    if (fault.power_loss && random.chance(kEighth)) {
      fault.power_loss->node = everyone();
      fault.period.reset();
    } else if (fault.crash && random.chance(kEighth)) {
      fault.crash->node = everyone();
      fault.period.reset();
    } else if (budgeted() && row.takes_away &&
               !budget.take(node, fault.at, fault.at + *fault.duration + kRecovery)) {
      return;
    }
    drawn_.faults.push_back(std::move(fault));
  }

  // As many nodes as the budget allows are broken for the whole phase, each by a class that is on.
  void draw_core(std::vector<const ClassRow*> on, Budget& budget) {
    std::erase_if(on, [](const ClassRow* row) { return !row->takes_away; });
    drawn_.progress_from = rounds_end() + swarm_.core / 4;
    if (on.empty()) return;
    Random random = stream("phase", "core");
    std::vector<NodeId> nodes;
    for (uint32_t i = 0; i < drawn_.cluster.nodes; ++i) nodes.push_back(NodeId{i});
    random.shuffle(nodes);
    for (NodeId node : nodes) {
      const ClassRow& row = *on[random.below(on.size())];
      if (!budget.take(node, rounds_end(), rounds_end() + swarm_.core)) continue;
      FaultOptions fault;
      fault.at = rounds_end();
      fault.duration = swarm_.core;
      row.fill(fault, {node, drawn_.cluster.nodes, swarm_}, random);
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
    for (const auto& [name, what] : {std::pair{"flush", &OperationOptions::flush},
                                     std::pair{"compact", &OperationOptions::compact}}) {
      Random random = stream("operation", name);
      if (!random.chance(kHalf)) continue;
      const auto rounds = static_cast<uint64_t>(drawn_.duration.ns / swarm_.round.ns);
      for (uint64_t count = random.below(rounds * 4) + 1; count > 0; --count) {
        const Duration at = drawn_duration(last_calm, random);
        NodeSet who = random.chance(kQuarter) ? everyone() : one(any_node(random));
        add_operation(at, what, std::move(who));
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
