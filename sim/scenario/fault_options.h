// What may fail in a run, a struct per kind. An entry of the fault plan is
//
//   { "at": …, "for": …, exactly one kind }                   explicit
//   { "when": { "event": … }, "until": { "event": … }, … }    aimed at what the system does
//
// Where an entry names nodes, a selector may stand for one (node_set.h). An entry with any of these
// is aimed: it begins at most once, and the run leaves what became of it as an explicit entry.
//
// A new kind is a struct here with its field in FaultOptions, an overload of action_of()
// (sim/faults/action.h) that does it, and one of Validator::kind() (validate.cc) that refuses what
// cannot be.
#pragma once

#include <optional>
#include <string>

#include "engine/base/settings.h"
#include "sim/disk/fault_options.h"
#include "sim/scenario/aim_options.h"
#include "sim/scenario/node_set.h"

namespace revenant::sim {

struct CrashFault {  // process kill: the page cache survives
  NodeSet node;
  template <typename V>
  void describe(V& v) {
    v.field("node", node, "Whose process is killed; it restarts and recovers when the fault ends.");
  }
};
struct PowerLossFault {
  NodeSet node;
  template <typename V>
  void describe(V& v) {
    v.field("node", node,
            "Who loses power; unsynced data is lost or torn. It restarts when the fault ends.");
  }
};
struct PauseFault {
  NodeSet node;
  template <typename V>
  void describe(V& v) {
    v.field("node", node, "Whose process stands still, as in a long garbage collection.");
  }
};
struct PartitionFault {
  NodeSet from, to;
  bool one_way = false;
  template <typename V>
  void describe(V& v) {
    v.field("from", from, "One side.");
    v.field("to", to, "The other side; all other nodes if left out.");
    v.field("one_way", one_way, "Only messages from `from` to `to` are cut.");
  }
};
struct IsolateFault {
  NodeSet node;
  bool clients = false;
  template <typename V>
  void describe(V& v) {
    v.field("node", node, "Nodes cut off from all others, and from each other.");
    v.field("clients", clients, "And from every client.");
  }
};
struct BridgeFault {
  NodeSet node, from;
  template <typename V>
  void describe(V& v) {
    v.field("node", node, "Nodes that still reach both sides, which do not reach each other.");
    v.field("from", from,
            "One side; the other is the rest. Left out: the lower half of the numbers without the "
            "bridge.");
  }
};
struct RingFault {
  NodeSet node{.all = true, .nodes = {}};
  template <typename V>
  void describe(V& v) {
    v.field("node", node,
            "Nodes in a ring, by number: each reaches just so many neighbours on either side that "
            "it sees a majority of them, and no two see the same one.");
  }
};
struct ClogFault {
  NodeSet from, to;
  bool one_way = false;
  template <typename V>
  void describe(V& v) {
    v.field("from", from, "One side.");
    v.field("to", to, "The other side; all other nodes if left out.");
    v.field("one_way", one_way, "Only messages from `from` to `to` are held.");
  }
};
struct LagFault {
  NodeSet node;
  Duration messages, disk;
  template <typename V>
  void describe(V& v) {
    v.field("node", node, "Who lags.");
    v.field("messages", messages,
            "Added to the delay of each message that reaches it from another machine.");
    v.field("disk", disk, "Added to the latency of each operation of its disk.");
  }
};
struct LinkFault {
  NodeSet from, to;
  Probability loss, duplication, packet_loss, reordering;
  Duration reordering_delay = milliseconds(10);
  std::optional<Bandwidth> bandwidth;
  template <typename V>
  void describe(V& v) {
    v.field("from", from, "Senders.");
    v.field("to", to, "Receivers.");
    v.field("loss", loss, "Chance of losing a message, instead of the network's.");
    v.field("duplication", duplication, "Chance of delivering it twice, instead of the network's.");
    v.field("packet_loss", packet_loss, "Chance of losing a packet, instead of the network's.");
    v.field("reordering", reordering, "Chance of holding it back, instead of the network's.");
    v.field("reordering_delay", reordering_delay, at_least(Duration{1}),
            "By a uniform draw up to this.");
    v.field("bandwidth", bandwidth,
            "Of each of the links, instead of the network's; the same if left out.");
  }
};
struct SlowCpuFault {
  NodeSet node;
  double factor = 2;
  template <typename V>
  void describe(V& v) {
    v.field("node", node, "Whose processor is slow.");
    v.field("factor", factor, between(1.0, 1e6), "Each message takes so many times as long.");
  }
};
struct WipeFault {
  NodeSet node;
  template <typename V>
  void describe(V& v) {
    v.field("node", node,
            "Who loses power and all files. When the fault ends it is an empty node of the same "
            "number, as a replaced machine is.");
  }
};
struct RestoreFault {
  NodeSet node;
  Duration taken;
  template <typename V>
  void describe(V& v) {
    v.field("node", node,
            "Whose disk goes back to a snapshot; it loses power, and starts when the fault ends.");
    v.field("taken", taken, "When the snapshot was taken, of all files at once.");
  }
};
struct SwapDisksFault {
  NodeSet node;
  template <typename V>
  void describe(V& v) {
    v.field("node", node,
            "Two nodes that lose power and get each other's disk; they start when the fault ends.");
  }
};
struct ClockFault {
  NodeSet node;
  Duration ahead, behind;
  int64_t drift_ppm = 0;
  bool keep = false;
  template <typename V>
  void describe(V& v) {
    v.field("node", node, "Whose clock is wrong.");
    v.field("ahead", ahead, "Step forward by this, and back when the fault ends.");
    v.field("behind", behind, "Step back by this, and forward when the fault ends.");
    v.field("drift_ppm", drift_ppm, between<int64_t>(-100000, 100000),
            "Gains so many microseconds per second meanwhile.");
    v.field("keep", keep, "The step is not taken back: NTP corrects it, or nothing.");
  }
};
// A fault of the disks of some nodes (sim/disk/fault_options.h).
template <typename Fault>
struct OnDisks {
  NodeSet node;
  Fault fault;
  template <typename V>
  void describe(V& v) {
    v.field("node", node, "Whose disk it is.");
    fault.describe(v);
  }
};
struct FaultOptions {
  std::optional<std::string> name{};
  Duration at;
  std::optional<Duration> duration;
  std::optional<AimOptions> when, until;
  std::optional<Duration> period;
  std::optional<double> duty;
  std::optional<CrashFault> crash;
  std::optional<PowerLossFault> power_loss;
  std::optional<PauseFault> pause;
  std::optional<PartitionFault> partition;
  std::optional<IsolateFault> isolate;
  std::optional<BridgeFault> bridge;
  std::optional<RingFault> ring;
  std::optional<ClogFault> clog;
  std::optional<LagFault> lag;
  std::optional<LinkFault> link;
  std::optional<ClockFault> clock;
  std::optional<OnDisks<ReadErrors>> disk_read_error;
  std::optional<OnDisks<WriteErrors>> disk_write_error;
  std::optional<OnDisks<SyncErrors>> disk_sync_error;
  std::optional<OnDisks<BitRot>> bit_rot;
  std::optional<OnDisks<TornWrites>> torn_write;
  std::optional<OnDisks<LostWrites>> lost_write;
  std::optional<OnDisks<MisdirectedWrites>> misdirected_write;
  std::optional<OnDisks<FullDisk>> disk_full;
  std::optional<OnDisks<Stall>> disk_stall;
  std::optional<OnDisks<FailSlow>> disk_slow;
  std::optional<SlowCpuFault> slow_cpu;
  std::optional<WipeFault> wipe;
  std::optional<RestoreFault> restore;
  std::optional<SwapDisksFault> swap_disks;

  template <typename V>
  void describe(V& v) {
    v.field("name", name, "If it has one, paths may use it: faults.NAME.at.");
    v.field("at", at, "When it begins; with `when`, events before this do not count.");
    v.field("for", duration, "How long it lasts; to the run's end if left out.");
    v.field("when", when, "The event at which it begins.");
    v.field("until", until,
            "The event at which it ends, counted from its beginning; instead of `for`.");
    v.field("period", period, at_least(milliseconds(1)),
            "Flapping: it begins anew with this period and holds for a share of each (duty). A "
            "crash that flaps is a restart loop.");
    v.field("duty", duty, between(0.001, 0.999),
            "Flapping: share of each period that it holds; a half if left out.");
    v.field("crash", crash, "Process kill.");
    v.field("power_loss", power_loss, "Power loss.");
    v.field("pause", pause, "The process stands still.");
    v.field("partition", partition, "Messages between two sets of nodes are lost.");
    v.field("isolate", isolate, "Nodes that reach nobody, and that nobody reaches.");
    v.field("bridge", bridge, "Two sides joined by nodes that reach both.");
    v.field("ring", ring, "Every node sees a majority, no two the same.");
    v.field("clog", clog,
            "Messages between two sets of nodes are held, and delivered when the fault ends.");
    v.field("lag", lag, "A replica whose messages or disk are late.");
    v.field("link", link, "Loss and duplication on some links.");
    v.field("clock", clock, "A wrong clock.");
    v.field("disk_read_error", disk_read_error, "Reads that the device reports as failed.");
    v.field("disk_write_error", disk_write_error, "Writes that the device reports as failed.");
    v.field("disk_sync_error", disk_sync_error, "Flushes that the device reports as failed.");
    v.field("bit_rot", bit_rot, "Bits that flip on the platter, once.");
    v.field("torn_write", torn_write,
            "Writes acknowledged of which only the first sectors arrive.");
    v.field("lost_write", lost_write, "Writes acknowledged that never arrive.");
    v.field("misdirected_write", misdirected_write, "Writes acknowledged that land elsewhere.");
    v.field("disk_full", disk_full, "A disk without room, or with less and less.");
    v.field("disk_stall", disk_stall, "A device that answers nothing for a while.");
    v.field("disk_slow", disk_slow, "A device that limps.");
    v.field("slow_cpu", slow_cpu, "A slow processor (cluster.cpu).");
    v.field("wipe", wipe, "A disk that is replaced by an empty one.");
    v.field("restore", restore, "A disk that is restored from an older snapshot.");
    v.field("swap_disks", swap_disks, "Two nodes' disks are exchanged.");
  }
};

}  // namespace revenant::sim
