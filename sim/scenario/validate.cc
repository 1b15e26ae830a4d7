#include "sim/scenario/validate.h"

#include <set>

#include "engine/lsm/compaction/unified.h"
#include "sim/scenario/reader.h"

namespace revenant::sim {
namespace {

// Collects the optional fields of a struct that hold one of several kinds: what a fault does, what
// an operation does.
class Kinds {
 public:
  template <typename T>
  void field(std::string_view, T&, const char*) {}
  template <typename T, typename R>
  void field(std::string_view, T&, Range<R>, const char*) {}
  template <typename T>
  void field(std::string_view name, std::optional<T>& kind, const char*) {
    if constexpr (std::is_same_v<T, NodeSet> || (!Spelled<T> && !std::is_same_v<T, AimOptions>)) {
      all.push_back(name);
      if (kind) chosen.push_back(name);
    }
  }

  std::vector<std::string_view> all, chosen;
};

class Validator {
 public:
  Validator(const Scenario& scenario, Errors& errors) : s_(scenario), errors_(errors) {}

  void run() {
    names();
    cluster();
    clocks();
    placement();
    storage();
    replication();
    devices();
    for (size_t i = 0; i < s_.workload.size(); ++i)
      workload(element_path("workload", i), s_.workload[i]);
    keys_exist();
    for (size_t i = 0; i < s_.faults.size(); ++i) fault(element_path("faults", i), s_.faults[i]);
    for (size_t i = 0; i < s_.operations.size(); ++i)
      operation(element_path("operations", i), s_.operations[i]);
    if (s_.swarm) swarm(*s_.swarm);
    if (s_.atlas) atlas(*s_.atlas);
    if (s_.progress_from > s_.duration) {
      add("progress_from", "{} is after the run's end at {}", s_.progress_from, s_.duration);
    }
  }

 private:
  void atlas(const AtlasOptions& entry) {
    for (const auto& [name, text] : {std::pair{"mechanism", &entry.mechanism},
                                     {"title", &entry.title},
                                     {"guard", &entry.guard}}) {
      if (text->empty()) add(field_path("atlas", name), "missing: every entry has one");
    }
    if (entry.without_guard.empty())
      add("atlas.without_guard", "missing: without a setting to take the guard away there is none");
  }

  template <typename... Args>
  void add(const std::string& path, fmt::format_string<Args...> format, Args&&... args) {
    errors_.add(path, fmt::format(format, std::forward<Args>(args)...));
  }

  // Letters, digits and _, not beginning with a digit: names stand in paths and in names of
  // streams.
  void name(const std::string& path, std::string_view name) {
    const auto is_letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool right =
        !name.empty() && !is_digit(name[0]) &&
        std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
    if (!right) {
      add(path, "expected a name of letters, digits and _ such as \"readers\", found {}",
          quoted(Json(std::string(name))));
    }
  }

  template <typename T>
  void names_of_list(const std::string& path, const std::vector<T>& list) {
    std::set<std::string_view> seen;
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string at = element_path(path, i) + ".name";
      std::string_view given;
      if constexpr (kIsOptional<decltype(list[i].name)>) {
        if (!list[i].name) continue;
        given = *list[i].name;
      } else {
        given = list[i].name;
      }
      name(at, given);
      if (!seen.insert(given).second) add(at, "\"{}\" stands twice in {}", given, path);
    }
  }

  void names() {
    name("name", s_.name);
    names_of_list("workload", s_.workload);
    names_of_list("faults", s_.faults);
    names_of_list("operations", s_.operations);
  }

  void cluster() {
    const ring::ReplicationFactor& factor = s_.cluster.ring.replication_factor;
    ClusterOptions members = s_.cluster;
    members.nodes -= s_.cluster.spares;
    if (members.nodes < 1) {
      add("cluster.spares", "{} leave no member: cluster.nodes is {}", s_.cluster.spares,
          s_.cluster.nodes);
      return;
    }
    if (factor.of_data_centers.empty() && factor.of_all > members.nodes) {
      add("cluster.replication_factor", "{} replicas need as many nodes: cluster.nodes is {}{}",
          factor.of_all, s_.cluster.nodes,
          s_.cluster.spares == 0 ? "" : fmt::format(", spares {}", s_.cluster.spares));
    }
    for (const auto& [region, replicas] : factor.of_data_centers) {
      const int64_t nodes = nodes_in_region(members, region);
      if (replicas <= nodes) continue;
      add("cluster.replication_factor",
          "{} replicas in region {} need as many nodes: {} stand there (cluster.placement)",
          replicas, region, nodes);
    }
  }

  void clocks() {
    const ClockOptions& clocks = s_.cluster.clocks;
    if ((clocks.step_every > Duration{}) != (clocks.step_max > Duration{})) {
      add("cluster.clocks", "step_every and step_max belong together: set both, or neither");
    }
  }

  void placement() {
    const PlacementOptions& placement = s_.cluster.placement;
    const std::string path = "cluster.placement";
    std::set<uint32_t> placed;
    for (size_t i = 0; i < placement.places.size(); ++i) {
      const PlaceOptions& place = placement.places[i];
      const std::string at = element_path(path + ".places", i);
      if (place.nodes.all || place.nodes.place) {
        add(at + ".nodes", "expected numbers such as 2 or [0, 2]");
        continue;
      }
      nodes(at + ".nodes", place.nodes);
      for (uint32_t node : place.nodes.nodes) {
        if (!placed.insert(node).second) add(at + ".nodes", "node {} stands in two places", node);
      }
    }
    names_of_list(path + ".places", placement.places);
    names_of_list("network.topology.region_links", s_.network.topology.region_links);
    names_of_list("network.legs", s_.network.legs);
  }

  void storage() {
    const lsm::CompactionOptions& c = s_.storage.compaction;
    const std::string compaction = "storage.compaction.";
    if (c.min_threshold > c.max_threshold) {
      add(compaction + "min_threshold", "{} is above max_threshold, which is {}", c.min_threshold,
          c.max_threshold);
    }
    if (!lsm::parse_scaling_parameters(c.scaling_parameters).has_value()) {
      add(compaction + "scaling_parameters",
          "expected parameters such as \"T4, L10, N\" with fan factors from 2 to 1000, found "
          "\"{}\"",
          c.scaling_parameters);
    }
    const int64_t slowdown = s_.storage.level0_slowdown_writes_trigger,
                  stop = s_.storage.level0_stop_writes_trigger;
    if (slowdown > stop) {
      add("storage.level0_slowdown_writes_trigger",
          "{} is above level0_stop_writes_trigger, which is {}", slowdown, stop);
    }
    if ((c.strategy == lsm::CompactionStrategy::kLeveled ||
         c.strategy == lsm::CompactionStrategy::kUniversal) &&
        stop < c.level0_file_num_compaction_trigger) {
      add("storage.level0_stop_writes_trigger",
          "{} is below compaction.level0_file_num_compaction_trigger, which is {}: writes would "
          "stop for ever",
          stop, c.level0_file_num_compaction_trigger);
    }
  }

  void level(const std::string& path, const replication::ConsistencyLevel& level, bool of_writes) {
    sloppy_level(path, level);
    const int64_t factor = s_.cluster.ring.replication_factor.total();
    const int64_t required = level.required(factor).value_or(0);
    if (required > factor) {
      add(path, "{} replicas cannot answer: cluster.replication_factor is {}", required, factor);
    }
    if (level.kind != replication::ConsistencyLevel::Kind::kAny) return;
    if (!of_writes) {
      add(path, "ANY is a level of writes: a hint cannot be read; ONE asks least");
    } else if (!s_.replication.hinted_handoff) {
      add(path, "ANY needs hints, and replication.hinted_handoff is off: ONE is the same then");
    }
  }

  // Those that stand in are counted by number, wherever they stand.
  void sloppy_level(const std::string& path, const replication::ConsistencyLevel& level) {
    const bool any = level.kind == replication::ConsistencyLevel::Kind::kAny;
    if (!s_.replication.sloppy_quorum || (level.required(1) && !any)) return;
    add(path, "{} has no meaning with replication.sloppy_quorum: {}", replication::to_string(level),
        any ? "a node that stands in counts; ONE asks as little"
            : "it counts nodes wherever they stand; take QUORUM, ALL or a number");
  }

  void sloppy_quorum() {
    const replication::ReplicationOptions& r = s_.replication;
    const ring::ReplicationFactor& factor = s_.cluster.ring.replication_factor;
    for (const auto& [name, number] : {std::pair{"pr", r.pr}, {"pw", r.pw}}) {
      if (number > factor.total()) {
        add(field_path("replication", name),
            "{} replicas cannot answer: cluster.replication_factor is {}", number, factor.total());
      }
    }
    // They count replicas wherever they stand.
    if ((r.pr > 0 || r.pw > 0) && !factor.of_data_centers.empty()) {
      add("replication.pr",
          "pr and pw count replicas wherever they stand: "
          "cluster.replication_factor must be a number");
    }
    if (r.sloppy_quorum && !factor.of_data_centers.empty()) {
      add("replication.sloppy_quorum",
          "nodes stand in for others wherever they stand: cluster.replication_factor must be a "
          "number");
    }
  }

  void replication() {
    sloppy_quorum();
    level("replication.write", s_.replication.write, true);
    level("replication.read", s_.replication.read, false);
    if (s_.replication.timestamps != replication::Timestamps::kClient &&
        std::ranges::find(s_.defects, Defect::kCoordinatorStampsWrites) != s_.defects.end()) {
      add("defects", "coordinator_stamps_writes is none where replication.timestamps is {}",
          enum_name(s_.replication.timestamps));
    }
    if (s_.replication.repair && s_.replication.repair->incremental) {
      using enum lsm::CompactionStrategy;
      const lsm::CompactionStrategy strategy = s_.storage.compaction.strategy;
      if (strategy != kSizeTiered && strategy != kTimeWindow && strategy != kNone) {
        add("replication.repair.incremental",
            "needs a compaction strategy without levels (size_tiered, time_window, none), found {}",
            enum_name(strategy));
      }
      if (s_.storage.tombstone_gc == lsm::TombstoneGc::kRepair) {
        add("replication.repair.incremental",
            "tells nothing to storage.tombstone_gc repair: take timeout and "
            "storage.compaction.only_purge_repaired_tombstones");
      }
    }
    const auto& gossip = s_.replication.gossip;
    const Duration sign = gossip ? gossip->interval : s_.replication.heartbeat;
    if (s_.replication.failure_detector == replication::FailureDetector::kTimeout &&
        sign >= s_.replication.failure_detection) {
      add("replication.failure_detection",
          "{} is not above {}, which is {}: every replica would be taken for down",
          s_.replication.failure_detection, gossip ? "gossip.interval" : "heartbeat", sign);
    }
  }

  void devices() {
    if (s_.disk.dirty_max > s_.disk.page_cache) {
      add("disk.dirty_max", "{} is above page_cache, which is {}",
          revenant::to_string(s_.disk.dirty_max), revenant::to_string(s_.disk.page_cache));
    }
    if (const auto right = s_.network.check(); !right)
      errors_.add("network", right.error().message);
  }

  void nodes(const std::string& path, const NodeSet& set) {
    if (set.selector) return selector(path, *set.selector);
    if (set.place && set.nodes.empty()) {
      add(path, "no node stands there (cluster.placement)");
    } else if (!set.all && set.nodes.empty()) {
      add(path, "missing: expected nodes such as 2, [0, 2], \"zone 1\" or \"all\"");
    }
    for (uint32_t node : set.nodes) {
      if (node >= s_.cluster.nodes) {
        add(path, "unknown node {}: cluster.nodes is {}, the last is {}", node, s_.cluster.nodes,
            s_.cluster.nodes - 1);
      }
    }
  }

  // Only a fault may have one, and what it asks of an event must be known of that event.
  void selector(const std::string& path, NodeSelector selector) {
    if (fault_ == nullptr) {
      add(path, "\"{}\" chooses among nodes only where a fault begins", enum_name(selector));
      return;
    }
    const bool of_event =
        selector == NodeSelector::kEventNode || selector == NodeSelector::kEventPeer;
    if (!of_event) return;
    if (!fault_->when || !fault_->when->event) {
      add(path, "\"{}\" needs an event: set \"when\"", enum_name(selector));
    } else if (selector == NodeSelector::kEventPeer && !has_peer(*fault_->when->event)) {
      add(path, "{} concerns no other node; hint_stored and hint_delivered do",
          enum_name(*fault_->when->event));
    }
  }

  void aim(const std::string& path, const AimOptions& aim) {
    if (!aim.event) {
      add(path + ".event", "missing: expected an event such as \"compaction_installs\"");
      return;
    }
    const std::string_view event = enum_name(*aim.event);
    if (*aim.event == AimEvent::kGcGraceEnds &&
        s_.storage.tombstone_gc != lsm::TombstoneGc::kTimeout) {
      add(path + ".event", "storage.tombstone_gc is {}: no tombstone waits for gc_grace",
          enum_name(s_.storage.tombstone_gc));
    }
    if (aim.level && !has_level(*aim.event)) add(path + ".level", "{} is of no level", event);
    if (aim.lead > Duration{} && *aim.event != AimEvent::kGcGraceEnds) {
      add(path + ".lead", "nobody knows {} beforehand; gc_grace_ends has a lead", event);
    } else if (aim.lead > s_.storage.gc_grace) {
      add(path + ".lead", "{} is longer than storage.gc_grace, which is {}", aim.lead,
          s_.storage.gc_grace);
    }
    if (aim.lead > Duration{} && aim.delay > Duration{})
      add(path, "lead and delay at once: leave one out");
    if (aim.before && *aim.before <= fault_->at)
      add(path + ".before", "{} is not after \"at\": nothing can happen in between", *aim.before);
    if (aim.node.selector) {
      add(path + ".node", "expected numbers such as 2 or [0, 2]: where it happens is event_node");
    } else if (aim.node != NodeSet{}) {
      nodes(path + ".node", aim.node);
    }
  }

  void script(const std::string& path, const WorkloadOptions& w) {
    if (weight(w) > 0) add(path + ".mix", "belongs to a workload without a script");
    if (w.rate) add(path + ".rate", "belongs to a workload without a script");
    for (size_t i = 0; i < w.script.size(); ++i) {
      const ScriptedOperation& o = w.script[i];
      const std::string at = element_path(path + ".script", i);
      if (o.at >= s_.duration) add(at, "is not before the run's end at {}", s_.duration);
      if (o.client >= w.clients) add(at, "unknown client {}: clients is {}", o.client, w.clients);
      if (o.coordinator >= s_.cluster.nodes)
        add(at, "unknown node {}: cluster.nodes is {}", o.coordinator, s_.cluster.nodes);
      if (o.key >= 100'000'000) add(at, "key {} is too large", o.key);
      level(at, o.level, is_write(o.kind));
      if (i > 0 && o.at < w.script[i - 1].at) add(at, "stands after a later one");
    }
  }

  void workload(const std::string& path, const WorkloadOptions& w) {
    if (!w.script.empty()) return script(path, w);
    const Duration to = w.to.value_or(s_.duration);
    if (to > s_.duration) add(path + ".to", "{} is after the run's end at {}", to, s_.duration);
    if (w.batch_keys > 1 && w.ttl)
      add(path + ".ttl", "values of a batch do not expire: leave one out");
    if (w.from >= to) add(path + ".from", "{} is not before its end at {}", w.from, to);
    if (w.rate && w.rate->per_second == 0) add(path + ".rate", "must be above 0");
    if (!w.rate && w.think_time == Duration{} && w.operations_max == 0 && s_.network.is_zero()) {
      add(path + ".think_time",
          "a closed loop over a network without delay never lets time pass: give a think_time, a "
          "rate or operations_max");
    }
    if (w.rate && w.think_time > Duration{}) {
      add(path + ".think_time",
          "belongs to a closed loop, which has no rate: leave one of the two out");
    }
    if (!w.sequence.empty()) {
      sequence(path, w);
    } else if (weight(w) <= 0) {
      add(path + ".mix",
          "does nothing: expected a weight above 0 such as {{ \"read\": 0.5, \"update\": 0.5 }}");
    }
    const bool skewed = w.popularity == Popularity::kZipf || w.popularity == Popularity::kLatest;
    // The exponent 1 is the pole of the formula that draws are made by (engine/base/random.h).
    if (skewed && w.zipf_theta == 1.0)
      add(path + ".zipf_theta", "must not be exactly 1: take 0.99 or 1.01");
    nodes(path + ".coordinators", w.coordinators);
    if (w.read) level(path + ".read", *w.read, false);
    if (w.write) level(path + ".write", *w.write, true);
  }

  void sequence(const std::string& path, const WorkloadOptions& w) {
    if (weight(w) > 0) add(path + ".mix", "belongs to a workload without a sequence");
    if (w.rate) add(path + ".rate", "belongs to a workload without a sequence");
    for (size_t i = 0; i < w.sequence.size(); ++i) {
      if (w.sequence[i] == OperationKind::kInsert)
        add(element_path(path + ".sequence", i), "is to a key that is there: update writes it");
    }
    if (s_.preload.keys == 0)
      add(path + ".sequence", "there are no keys to choose from: set preload.keys");
  }

  static double weight(const WorkloadOptions& w) {
    return w.mix.read + w.mix.insert + w.mix.update + w.mix.remove + w.mix.scan;
  }

  // An operation that chooses among keys needs keys to choose from, and a read or a delete needs
  // somebody to have written them.
  void keys_exist() {
    if (s_.preload.keys > 0) return;
    const auto any = [this](auto condition) { return std::ranges::any_of(s_.workload, condition); };
    const bool inserted = any([](const WorkloadOptions& w) { return w.mix.insert > 0; });
    const bool updated =
        any([](const WorkloadOptions& w) { return w.mix.update > 0 && w.keys > 0; });
    for (size_t i = 0; i < s_.workload.size(); ++i) {
      const WorkloadOptions& w = s_.workload[i];
      const std::string path = element_path("workload", i) + ".mix";
      if (w.mix.update > 0 && w.keys == 0 && !inserted) {
        add(path,
            "updates, but there are no keys to choose from: set preload.keys or its keys, or "
            "insert some");
      } else if (w.mix.read + w.mix.remove + w.mix.scan > 0 && !inserted && !updated) {
        add(path,
            "reads or deletes, but there are never any keys: set preload.keys, or insert some");
      }
    }
  }

  template <typename T>
  void one_kind(const std::string& path, const T& entry, std::string_view what) {
    T copy = entry;  // describe() takes its fields by reference
    Kinds kinds;
    copy.describe(kinds);
    if (kinds.chosen.empty()) {
      add(path, "does nothing: expected one of {}", fmt::join(kinds.all, ", "));
    } else if (kinds.chosen.size() > 1) {
      add(path, "{} at once: give each {} an entry of its own", fmt::join(kinds.chosen, " and "),
          what);
    }
  }

  void fault(const std::string& path, const FaultOptions& f) {
    one_kind(path, f, "fault");
    if (f.at > s_.duration) add(path + ".at", "{} is after the run's end at {}", f.at, s_.duration);
    if (f.duration && *f.duration == Duration{}) add(path + ".for", "must be longer than 0s");
    if (f.duty && !f.period) add(path + ".duty", "belongs to a fault that flaps: give a period");
    fault_ = &f;
    if (f.when) aim(path + ".when", *f.when);
    if (f.until) aim(path + ".until", *f.until);
    if (f.until && f.duration) add(path + ".until", "beside \"for\": leave one out");
    if (f.until && f.period) add(path + ".until", "a fault that flaps ends by \"for\"");
    if (f.restore && f.restore->node.selector) {
      add(path + ".restore.node",
          "expected numbers: whose snapshot to take must be known before the fault begins");
    }
    if (f.restore && f.restore->taken > f.at) {
      add(path + ".restore.taken", "{} is after it is restored, at {}", f.restore->taken, f.at);
    }
    if (f.period && f.duration && *f.duration <= *f.period) {
      add(path + ".period", "{} is not shorter than \"for\": it would not flap", *f.period);
    }
    FaultOptions copy = f;  // describe() takes its fields by reference
    KindVisitor visitor{*this, path};
    copy.describe(visitor);
    fault_ = nullptr;
  }

  // Hands each kind that is there to its overload of kind().
  struct KindVisitor {
    Validator& validator;
    const std::string& path;
    template <typename T, typename... More>
    void field(std::string_view name, std::optional<T>& value, More...) {
      if constexpr (!Spelled<T> && !std::is_same_v<T, AimOptions>) {
        if (value) validator.kind(field_path(path, name), *value);
      }
    }
    template <typename T, typename... More>
    void field(std::string_view, T&, More...) {}
  };

  void kind(const std::string& path, const CrashFault& f) { nodes(path + ".node", f.node); }
  void kind(const std::string& path, const PowerLossFault& f) { nodes(path + ".node", f.node); }
  void kind(const std::string& path, const PauseFault& f) { nodes(path + ".node", f.node); }
  void kind(const std::string& path, const LagFault& f) {
    nodes(path + ".node", f.node);
    if (f.messages == Duration{} && f.disk == Duration{}) {
      add(path, "delays nothing: set messages or disk");
    }
  }
  void kind(const std::string& path, const LinkFault& f) {
    nodes(path + ".from", f.from);
    nodes(path + ".to", f.to);
  }
  void kind(const std::string& path, const ClockFault& f) {
    nodes(path + ".node", f.node);
    const bool ahead = f.ahead > Duration{}, behind = f.behind > Duration{};
    if (ahead && behind) add(path, "ahead and behind at once: leave one out");
    if (!ahead && !behind && f.drift_ppm == 0) {
      add(path, "changes nothing: set ahead, behind or drift_ppm");
    }
  }
  template <typename Fault>
  void kind(const std::string& path, const OnDisks<Fault>& f) {
    nodes(path + ".node", f.node);
    disk_fault(path, f.fault);
  }
  template <typename Fault>
  void disk_fault(const std::string& path, const Fault& f) {
    if constexpr (requires { f.strikes; }) {
      strikes(path, f.strikes.from, f.strikes.to, f.strikes.chance);
    } else if constexpr (requires { f.from; }) {
      strikes(path, f.from, f.to, kAlways);
    } else if constexpr (requires { f.chance; }) {
      strikes(path, {}, {}, f.chance);
    }
  }
  void disk_fault(const std::string& path, const FailSlow& f) {
    strikes(path, {}, {}, f.chance);
    if (f.factor == 1 && f.delay == Duration{} && f.jitter == Duration{})
      add(path, "slows nothing: set factor, delay or jitter");
    if (f.multiples > 1 && f.delay == Duration{})
      add(path + ".multiples", "of no delay: set delay");
  }
  void strikes(const std::string& path, ByteSize from, const std::optional<ByteSize>& to,
               Probability chance) {
    if (to && *to <= from) {
      add(path + ".to", "{} is not after from, which is {}", revenant::to_string(*to),
          revenant::to_string(from));
    }
    if (chance.ppb == 0) add(path + ".chance", "strikes nothing: expected a chance above 0");
  }
  void kind(const std::string& path, const SlowCpuFault& f) {
    nodes(path + ".node", f.node);
    if (!s_.cluster.cpu) add(path, "slows nothing: work takes no time, set cluster.cpu");
  }
  void kind(const std::string& path, const WipeFault& f) { nodes(path + ".node", f.node); }
  void kind(const std::string& path, const RestoreFault& f) { nodes(path + ".node", f.node); }
  void kind(const std::string& path, const SwapDisksFault& f) {
    nodes(path + ".node", f.node);
    if (size(f.node) != 2) add(path + ".node", "expected two nodes such as [0, 2]");
  }
  void kind(const std::string& path, const PartitionFault& f) { two_sides(path, f.from, f.to); }
  void kind(const std::string& path, const ClogFault& f) { two_sides(path, f.from, f.to); }
  void kind(const std::string& path, const IsolateFault& f) { nodes(path + ".node", f.node); }
  void kind(const std::string& path, const RingFault& f) {
    nodes(path + ".node", f.node);
    if (size(f.node) < 4) add(path + ".node", "a ring needs 4 nodes: of fewer all are neighbours");
  }
  void kind(const std::string& path, const BridgeFault& f) {
    nodes(path + ".node", f.node);
    if (f.from != NodeSet{}) nodes(path + ".from", f.from);
    disjoint(path, f.node, f.from);
    const int64_t ends = s_.cluster.nodes - size(f.node);
    if (ends < 2 || size(f.from) >= ends) add(path, "leaves no node for one of the sides");
  }

  int64_t size(const NodeSet& set) const {
    if (set.selector) return 1;
    return set.all ? s_.cluster.nodes : static_cast<int64_t>(set.nodes.size());
  }
  void two_sides(const std::string& path, const NodeSet& from, const NodeSet& to) {
    nodes(path + ".from", from);
    if (to == NodeSet{}) {  // all others
      if (size(from) == s_.cluster.nodes) {
        add(path + ".from", "is every node, so there is no other side");
      }
      return;
    }
    nodes(path + ".to", to);
    disjoint(path, from, to);
  }
  void disjoint(const std::string& path, const NodeSet& a, const NodeSet& b) {
    for (uint32_t node = 0; std::cmp_less(node, s_.cluster.nodes); ++node) {
      if (contains(a, node) && contains(b, node)) add(path, "node {} stands on both sides", node);
    }
  }
  static bool contains(const NodeSet& set, uint32_t node) {
    return set.all || std::ranges::binary_search(set.nodes, node);
  }

  void operation(const std::string& path, const OperationOptions& o) {
    one_kind(path, o, "operation");
    if (o.at.has_value() == o.every.has_value()) {
      add(path, "{}: expected exactly one",
          o.at ? "both \"at\" and \"every\"" : "neither \"at\" nor \"every\"");
    }
    if (o.at && *o.at > s_.duration)
      add(path + ".at", "{} is after the run's end at {}", *o.at, s_.duration);
    if (o.every && *o.every > s_.duration) {
      add(path + ".every", "{} is longer than the run, {}: it would never happen", *o.every,
          s_.duration);
    }
    if (o.flush) nodes(path + ".flush", *o.flush);
    if (o.compact) nodes(path + ".compact", *o.compact);
    if (o.repair) nodes(path + ".repair", *o.repair);
    if (o.preview) nodes(path + ".preview", *o.preview);
    if (o.truncate) {
      nodes(path + ".truncate", *o.truncate);
      if (o.truncate->nodes.size() != 1) add(path + ".truncate", "expected the number of one node");
    }
    for (const auto& [name, set] : {std::pair{"bootstrap", &o.bootstrap},
                                    {"decommission", &o.decommission},
                                    {"move", &o.move}}) {
      if (!*set) continue;
      nodes(field_path(path, name), **set);
      if ((*set)->nodes.size() != 1)
        add(field_path(path, name), "expected the number of one node: one changes at a time");
    }
    if (o.cleanup) nodes(path + ".cleanup", *o.cleanup);
    if (o.abort) nodes(path + ".abort", *o.abort);
    if (o.replace) {
      for (const auto& [name, node] :
           {std::pair{"dead", o.replace->dead}, {"node", o.replace->node}}) {
        if (node < s_.cluster.nodes) continue;
        add(field_path(path + ".replace", name), "unknown node {}: cluster.nodes is {}", node,
            s_.cluster.nodes);
      }
      if (o.replace->dead == o.replace->node)
        add(path + ".replace", "a node cannot replace itself");
    }
    const bool moves_ranges = o.bootstrap || o.decommission || o.move || o.replace;
    if (moves_ranges && s_.replication.sloppy_quorum) {
      add(path,
          "a range that moves is sent by the replica that gives it away, and with "
          "replication.sloppy_quorum others may hold what it acknowledged");
    }
    if (moves_ranges && s_.swarm && s_.swarm->mode == SwarmMode::kBudgeted) {
      add(path,
          "swarm.mode budgeted counts absences among the replicas of the start: take "
          "unbounded, or leave changes of membership out");
    }
    if (o.alter && s_.storage.tombstone_gc != lsm::TombstoneGc::kTimeout) {
      add(path + ".alter.gc_grace", "is for storage.tombstone_gc timeout, and that is {}",
          enum_name(s_.storage.tombstone_gc));
    }
  }

  // What the drawn faults need to be survivable: time for a round, and deletes that are repaired
  // everywhere, in one of two calms, before anybody may purge them.
  void swarm(const SwarmOptions& w) {
    if (w.calm >= w.round) add("swarm.calm", "{} is not below round, which is {}", w.calm, w.round);
    const bool budgeted = w.mode == SwarmMode::kBudgeted;
    const Duration least = w.round + w.calm + (budgeted ? w.core : Duration{});
    if (s_.duration < least)
      add("duration", "{} is too short for the swarm: at least {}", s_.duration, least);
    const Duration needed = (budgeted ? w.round * 2 : s_.duration + s_.settle) + w.clock_max * 2;
    if (s_.storage.tombstone_gc == lsm::TombstoneGc::kTimeout && s_.storage.gc_grace < needed) {
      add("storage.gc_grace", "{} is too short for the swarm, at least {}: {}", s_.storage.gc_grace,
          needed,
          budgeted ? "deletes may then be purged before every replica was repaired"
                   : "without budget a replica may miss a delete for the whole run");
    }
    const Duration delay = budgeted ? least_propagation_delay(w) : needed;
    if (s_.storage.tombstone_gc == lsm::TombstoneGc::kRepair &&
        s_.storage.propagation_delay < delay) {
      add("storage.propagation_delay", "{} is too short for the swarm, at least {}: {}",
          s_.storage.propagation_delay, delay,
          budgeted ? "messages may be held back for a round"
                   : "without budget a replica may lose its disk at any time");
    }
    if (s_.storage.tombstone_gc == lsm::TombstoneGc::kImmediate) {
      add("storage.tombstone_gc", "immediate purges deletes before every replica was repaired");
    }
    // A majority of a key's replicas may lose their disks.
    if (!budgeted && std::ranges::any_of(w.classes, is_unsound)) {
      for (const char* check : {"no_stale_reads", "no_lost_writes"}) {
        if (std::ranges::find(s_.checks, check) == s_.checks.end()) continue;
        add("swarm.classes",
            "without budget replicas may lose what they acknowledged, and check {} "
            "fails: leave out bit_rot, torn_write, lost_write, misdirected_write, wipe, restore "
            "and "
            "swap_disks, or the check",
            check);
      }
    }
    const replication::ReplicationOptions& r = s_.replication;
    const bool wrong_clocks = std::ranges::any_of(w.classes, [](FaultClass c) {
      return c == FaultClass::kClockStep || c == FaultClass::kClockDrift ||
             c == FaultClass::kNtpStep;
    });
    if (wrong_clocks && !bears_wrong_clocks(s_)) {
      add("swarm.classes",
          "nodes stamp the writes (replication.timestamps), and those with wrong clocks lose "
          "updates: leave out clock_step, clock_drift and ntp_step, or check no_lost_updates");
    }
    const int64_t factor = s_.cluster.ring.replication_factor.total();
    const auto write = r.write.required(factor), read = r.read.required(factor);
    const auto judge = [&](const std::string& path,
                           const std::optional<replication::ConsistencyLevel>& level) {
      if (!budgeted || !level || level->required(factor).value_or(0) > 0) return;
      add("swarm.mode",
          "budgeted counts replicas wherever they stand and cannot judge {} {}: take QUORUM, ALL "
          "or a number, or unbounded",
          path, replication::to_string(*level));
    };
    judge("replication.write", r.write);
    judge("replication.read", r.read);
    for (size_t i = 0; i < s_.workload.size(); ++i) {
      judge(element_path("workload", i) + ".write", s_.workload[i].write);
      judge(element_path("workload", i) + ".read", s_.workload[i].read);
    }
    if (budgeted && r.sloppy_quorum && r.pr + r.pw <= factor) {
      add("swarm.mode",
          "budgeted needs reads and writes that overlap, and with replication.sloppy_quorum those "
          "of pr {} and pw {} do not, of {}: nodes that stand in may be met by one alone",
          r.pr, r.pw, factor);
    }
    if (budgeted && write && read && *write + *read <= factor) {
      add("swarm.mode",
          "budgeted needs reads and writes that overlap: replication.write {} and read {} do not, "
          "of {}",
          replication::to_string(r.write), replication::to_string(r.read), factor);
    }
  }

  const Scenario& s_;
  Errors& errors_;
  const FaultOptions* fault_ = nullptr;  // whose nodes are looked at
};

}  // namespace

bool bears_wrong_clocks(const Scenario& scenario) {
  return scenario.replication.timestamps == replication::Timestamps::kClient ||
         std::ranges::find(scenario.checks, "no_lost_updates") == scenario.checks.end();
}

void validate(const Scenario& scenario, Errors& errors) { Validator(scenario, errors).run(); }

}  // namespace revenant::sim
