#include "sim/faults/fault_classes.h"

namespace revenant::sim {
namespace {

NodeId other_than(NodeId node, const Victim& victim, Random& random) {
  const auto nodes = static_cast<uint64_t>(victim.nodes());
  const uint64_t step = 1 + random.below(nodes - 1);
  return NodeId{static_cast<uint32_t>((node.value + step) % nodes)};
}

Probability drawn_chance(int64_t most_per_mille, Random& random) {
  return Probability{random.between(1, most_per_mille) * 1'000'000};
}

// --- the network ---

// A partition or a clog: between the victim and all others, or one of them.
template <typename Cut>
void fill_cut(std::optional<Cut>& kind, const Victim& victim, Random& random) {
  Cut cut{.from = one(victim.node), .to = {}};
  if (random.chance(kHalf)) cut.to = one(other_than(victim.node, victim, random));
  cut.one_way = random.chance(kQuarter);
  kind = cut;
}

// Between the victim and everyone, one way or the other.
LinkFault drawn_link(const Victim& victim, Random& random) {
  const bool sends = random.chance(kHalf);
  LinkFault link;
  link.from = sends ? one(victim.node) : everyone();
  link.to = sends ? everyone() : one(victim.node);
  return link;
}

void fill_loss(FaultOptions& f, const Victim& v, Random& random) {
  f.link = drawn_link(v, random);
  f.link->loss = drawn_chance(300, random);
}
void fill_packet_loss(FaultOptions& f, const Victim& v, Random& random) {
  f.link = drawn_link(v, random);
  f.link->packet_loss = drawn_chance(200, random);
}
void fill_duplication(FaultOptions& f, const Victim& v, Random& random) {
  f.link.emplace();
  f.link->from = one(v.node);
  f.link->to = everyone();
  f.link->duplication = drawn_chance(500, random);
}
void fill_reordering(FaultOptions& f, const Victim& v, Random& random) {
  f.link = drawn_link(v, random);
  f.link->reordering = drawn_chance(500, random);
  f.link->reordering_delay = drawn_duration(v.swarm.lag_max, random);
}
// The victim reaches the bridge and nobody else.
void fill_bridge(FaultOptions& f, const Victim& v, Random& random) {
  f.bridge = {.node = one(other_than(v.node, v, random)), .from = one(v.node)};
}

// --- clocks ---

Duration drawn_step(FaultOptions& f, const Victim& v, Duration most, Random& random) {
  const Duration step = drawn_duration(most, random);
  f.clock = ClockFault{.node = one(v.node), .ahead = {}, .behind = {}};
  (random.chance(kHalf) ? f.clock->ahead : f.clock->behind) = step;
  return step;
}
void fill_clock_step(FaultOptions& f, const Victim& v, Random& random) {
  drawn_step(f, v, v.swarm.clock_max, random);
}
void fill_ntp_step(FaultOptions& f, const Victim& v, Random& random) {
  drawn_step(f, v, v.swarm.clock_max / 2, random);
  f.clock->keep = true;
}
void fill_clock_drift(FaultOptions& f, const Victim& v, Random& random) {
  // Over a whole round it gains no more than clock_max.
  const int64_t most =
      std::min<int64_t>(100'000, v.swarm.clock_max.ns / (v.swarm.round.ns / 1'000'000 + 1));
  const int64_t ppm = random.between(1, std::max<int64_t>(1, most));
  f.clock = ClockFault{.node = one(v.node),
                       .ahead = {},
                       .behind = {},
                       .drift_ppm = random.chance(kHalf) ? ppm : -ppm};
}
// What NTP leaves uncorrected, and a step before its next look, must stay within clock_max.
bool ntp_is_quick(const Scenario& s) {
  const std::optional<NtpOptions>& ntp = s.cluster.clocks.ntp;
  return ntp && bears_wrong_clocks(s) && ntp->poll <= s.swarm->calm &&
         ntp->step_threshold * 2 <= s.swarm->clock_max;
}

// --- disks ---

Strikes drawn_strikes(Random& random) {
  Strikes strikes;
  // Directories are not read or written.
  strikes.files = pick(random, {FileKind::kAny, FileKind::kAny, FileKind::kWal, FileKind::kSstable,
                                FileKind::kManifest, FileKind::kHints});
  strikes.chance = pick(random, {Probability{10'000'000}, Probability{200'000'000}, kAlways});
  return strikes;
}

void fill_disk_stall(FaultOptions& f, const Victim& v, Random&) {
  f.disk_stall = OnDisks<Stall>{one(v.node), {.length = v.length}};
}
void fill_disk_slow(FaultOptions& f, const Victim& v, Random& random) {
  FailSlow slow;
  slow.factor = static_cast<double>(pick<int64_t>(random, {1, 10, 100}));
  slow.delay = drawn_duration(v.swarm.lag_max / 4, random);
  slow.multiples = pick<int64_t>(random, {1, 4});
  slow.chance = drawn_chance(1000, random);
  f.disk_slow = OnDisks<FailSlow>{random.chance(kHalf) ? everyone() : one(v.node), slow};
}
void fill_disk_full(FaultOptions& f, const Victim& v, Random& random) {
  FullDisk full;
  full.free = pick(random, {kib(0), kib(4), kib(32)});
  if (random.chance(kHalf)) full.shrinks = Bandwidth{kib(4).bytes};
  f.disk_full = OnDisks<FullDisk>{one(v.node), full};
}
void fill_read_errors(FaultOptions& f, const Victim& v, Random& random) {
  f.disk_read_error = OnDisks<ReadErrors>{one(v.node), {.strikes = drawn_strikes(random)}};
  f.disk_read_error->fault.sticky = random.chance(kHalf);
}
void fill_write_errors(FaultOptions& f, const Victim& v, Random& random) {
  f.disk_write_error = OnDisks<WriteErrors>{one(v.node), {.strikes = drawn_strikes(random)}};
  f.disk_write_error->fault.sticky = random.chance(kHalf);
}
void fill_sync_errors(FaultOptions& f, const Victim& v, Random& random) {
  SyncErrors errors;
  errors.files = pick_any<FileKind>(random);
  errors.chance = pick(random, {Probability{20'000'000}, kAlways});
  f.disk_sync_error = OnDisks<SyncErrors>{one(v.node), errors};
}
void fill_bit_rot(FaultOptions& f, const Victim& v, Random& random) {
  BitRot rot;
  rot.files = drawn_strikes(random).files;
  rot.bits = pick<int64_t>(random, {1, 8, 1000});
  f.bit_rot = OnDisks<BitRot>{one(v.node), rot};
}
void fill_torn_writes(FaultOptions& f, const Victim& v, Random& random) {
  f.torn_write = OnDisks<TornWrites>{one(v.node), {.strikes = drawn_strikes(random)}};
}
void fill_lost_writes(FaultOptions& f, const Victim& v, Random& random) {
  f.lost_write = OnDisks<LostWrites>{one(v.node), {.strikes = drawn_strikes(random)}};
}
void fill_misdirected_writes(FaultOptions& f, const Victim& v, Random& random) {
  f.misdirected_write = OnDisks<MisdirectedWrites>{one(v.node), {.strikes = drawn_strikes(random)}};
}
// Taken in the same round: gc_grace outlasts two, so no tombstone that the snapshot lacks is purged
// anywhere before the next repair.
void fill_restore(FaultOptions& f, const Victim& v, Random& random) {
  const Duration age = drawn_duration(v.at - v.round_start, random);
  f.restore = RestoreFault{one(v.node), v.at - age};
}
void fill_swap(FaultOptions& f, const Victim& v, Random& random) {
  NodeSet both = one(v.node);
  both.nodes.push_back(other_than(v.node, v, random).value);
  std::ranges::sort(both.nodes);
  f.swap_disks = SwapDisksFault{both};
}
// Every node keeps everything: a majority of the nodes is one of each key's replicas, and a disk has
// what any node needs.
bool all_keep_all(const Scenario& s) {
  return s.cluster.ring.replication_factor.total() >= s.cluster.nodes ||
         s.swarm->mode != SwarmMode::kBudgeted;
}

constexpr ClassRow kClasses[] = {
    {.which = FaultClass::kCrash,
     .toll = Toll::kTakesAway,
     .fill = [](FaultOptions& f, const Victim& v, Random&) { f.crash = {one(v.node)}; }},
    {.which = FaultClass::kPowerLoss,
     .toll = Toll::kTakesAway,
     .fill = [](FaultOptions& f, const Victim& v, Random&) { f.power_loss = {one(v.node)}; },
     // A log that is not synced loses what was acknowledged: no budget makes up for that.
     .possible = [](const Scenario& s) { return s.storage.wal.sync != lsm::WalSync::kPeriodic; }},
    {.which = FaultClass::kPause,
     .toll = Toll::kTakesAway,
     .fill = [](FaultOptions& f, const Victim& v, Random&) { f.pause = {one(v.node)}; }},
    {.which = FaultClass::kPartition,
     .toll = Toll::kTakesAway,
     .fill = [](FaultOptions& f, const Victim& v, Random& r) { fill_cut(f.partition, v, r); }},
    {.which = FaultClass::kIsolate,
     .toll = Toll::kTakesAway,
     .fill = [](FaultOptions& f, const Victim& v,
                Random& random) { f.isolate = {one(v.node), random.chance(kHalf)}; }},
    {.which = FaultClass::kClog,
     .toll = Toll::kTakesAway,
     .fill = [](FaultOptions& f, const Victim& v, Random& r) { fill_cut(f.clog, v, r); }},
    {.which = FaultClass::kMessageLag,
     .toll = Toll::kWeakens,
     .fill =
         [](FaultOptions& f, const Victim& v, Random& random) {
           f.lag = {one(v.node), drawn_duration(v.swarm.lag_max, random), {}};
         }},
    {.which = FaultClass::kDiskLag,
     .toll = Toll::kWeakens,
     .fill =
         [](FaultOptions& f, const Victim& v, Random& random) {
           f.lag = {one(v.node), {}, drawn_duration(v.swarm.lag_max, random)};
         }},
    {.which = FaultClass::kLoss, .toll = Toll::kWeakens, .fill = fill_loss},
    {.which = FaultClass::kDuplication, .toll = Toll::kNothing, .fill = fill_duplication},
    {.which = FaultClass::kClockStep,
     .toll = Toll::kNothing,
     .fill = fill_clock_step,
     .possible = bears_wrong_clocks},
    {.which = FaultClass::kClockDrift,
     .toll = Toll::kNothing,
     .fill = fill_clock_drift,
     .possible = bears_wrong_clocks},
    {.which = FaultClass::kReordering, .toll = Toll::kWeakens, .fill = fill_reordering},
    {.which = FaultClass::kPacketLoss, .toll = Toll::kWeakens, .fill = fill_packet_loss},
    {.which = FaultClass::kBridge,
     .toll = Toll::kTakesAway,
     .fill = fill_bridge,
     .possible = [](const Scenario& s) { return s.cluster.nodes >= 3; }},
    {.which = FaultClass::kRing,
     .toll = Toll::kTakesAway,
     .fill = [](FaultOptions& f, const Victim&, Random&) { f.ring = RingFault{}; },
     .possible = [](const Scenario& s) { return s.cluster.nodes >= 4 && all_keep_all(s); },
     .alone = true},
    {.which = FaultClass::kSlowCpu,
     .toll = Toll::kWeakens,
     .fill =
         [](FaultOptions& f, const Victim& v, Random& random) {
           // Several at once multiply, and what a processor could not keep up with outlasts them.
           f.slow_cpu = {one(v.node), static_cast<double>(pick<int64_t>(random, {2, 4, 8}))};
         },
     .possible = [](const Scenario& s) { return s.cluster.cpu.has_value(); }},
    {.which = FaultClass::kNtpStep,
     .toll = Toll::kNothing,
     .fill = fill_ntp_step,
     .possible = ntp_is_quick},
    {.which = FaultClass::kDiskStall,
     .toll = Toll::kTakesAway,
     .fill = fill_disk_stall,
     .steady = true},
    {.which = FaultClass::kDiskSlow, .toll = Toll::kWeakens, .fill = fill_disk_slow},
    {.which = FaultClass::kDiskFull,
     .toll = Toll::kTakesAway,
     .fill = fill_disk_full,
     .remedy = Remedy::kRestart},
    {.which = FaultClass::kDiskReadError,
     .toll = Toll::kWeakens,
     .fill = fill_read_errors,
     .remedy = Remedy::kRestart},
    {.which = FaultClass::kDiskWriteError,
     .toll = Toll::kTakesAway,
     .fill = fill_write_errors,
     .remedy = Remedy::kRestart},
    {.which = FaultClass::kDiskSyncError,
     .toll = Toll::kTakesAway,
     .fill = fill_sync_errors,
     .remedy = Remedy::kRestart},
    {.which = FaultClass::kBitRot,
     .toll = Toll::kUnsound,
     .fill = fill_bit_rot,
     .remedy = Remedy::kReplaceDisk},
    {.which = FaultClass::kTornWrite,
     .toll = Toll::kUnsound,
     .fill = fill_torn_writes,
     .remedy = Remedy::kReplaceDisk},
    {.which = FaultClass::kLostWrite,
     .toll = Toll::kUnsound,
     .fill = fill_lost_writes,
     .remedy = Remedy::kReplaceDisk},
    {.which = FaultClass::kMisdirectedWrite,
     .toll = Toll::kUnsound,
     .fill = fill_misdirected_writes,
     .remedy = Remedy::kReplaceDisk},
    {.which = FaultClass::kWipe,
     .toll = Toll::kUnsound,
     .fill = [](FaultOptions& f, const Victim& v, Random&) { f.wipe = {one(v.node)}; }},
    {.which = FaultClass::kRestore, .toll = Toll::kUnsound, .fill = fill_restore},
    {.which = FaultClass::kSwapDisks,
     .toll = Toll::kUnsound,
     .fill = fill_swap,
     .possible = all_keep_all,
     .alone = true},
};
static_assert(std::size(kClasses) == std::size(enum_names(FaultClass{})));
static_assert(std::ranges::all_of(kClasses, [](const ClassRow& row) {
  return (row.toll == Toll::kUnsound) == is_unsound(row.which);
}));

}  // namespace

Duration drawn_duration(Duration most, Random& random) {
  return milliseconds(random.between(1, std::max<int64_t>(1, most.ns / milliseconds(1).ns)));
}

std::span<const ClassRow> class_table() { return kClasses; }

}  // namespace revenant::sim
