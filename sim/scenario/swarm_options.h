// What a scenario lets chance decide: which faults befall a run, how strongly, and under which
// settings. sim/faults/swarm.h draws it.
#pragma once

#include <string>
#include <vector>

#include "engine/base/settings.h"

namespace revenant::sim {

enum class FaultClass : uint8_t {
  kCrash,
  kPowerLoss,
  kPause,
  kPartition,
  kIsolate,
  kClog,
  kMessageLag,
  kDiskLag,
  kLoss,
  kDuplication,
  kClockStep,
  kClockDrift,
  kReordering,
  kPacketLoss,
  kBridge,
  kRing,
  kSlowCpu,
  kNtpStep,
  kDiskStall,
  kDiskSlow,
  kDiskFull,
  kDiskReadError,
  kDiskWriteError,
  kDiskSyncError,
  kBitRot,
  kTornWrite,
  kLostWrite,
  kMisdirectedWrite,
  kWipe,
  kRestore,
  kSwapDisks,
};
constexpr auto enum_names(FaultClass) {
  using enum FaultClass;
  return std::array{
      EnumName<FaultClass>{kCrash, "crash", "process kill"},
      EnumName<FaultClass>{kPowerLoss, "power_loss", "power loss"},
      EnumName<FaultClass>{kPause, "pause", "a process stands still"},
      EnumName<FaultClass>{kPartition, "partition", "a node cut off from others, one way or both"},
      EnumName<FaultClass>{kIsolate, "isolate", "a node that reaches nobody, nor clients"},
      EnumName<FaultClass>{kClog, "clog", "messages of a node held back, then delivered"},
      EnumName<FaultClass>{kMessageLag, "message_lag", "late messages"},
      EnumName<FaultClass>{kDiskLag, "disk_lag", "a slow disk"},
      EnumName<FaultClass>{kLoss, "loss", "messages lost by chance"},
      EnumName<FaultClass>{kDuplication, "duplication", "messages delivered twice"},
      EnumName<FaultClass>{kClockStep, "clock_step", "a clock set wrong"},
      EnumName<FaultClass>{kClockDrift, "clock_drift", "a clock that runs fast or slow"},
      EnumName<FaultClass>{kReordering, "reordering", "messages that overtake each other"},
      EnumName<FaultClass>{kPacketLoss, "packet_loss",
                           "packets lost by chance: large messages more"},
      EnumName<FaultClass>{kBridge, "bridge", "a node that only one other can reach"},
      EnumName<FaultClass>{kRing, "ring", "every node sees a majority, no two the same"},
      EnumName<FaultClass>{kSlowCpu, "slow_cpu", "a slow processor (where cluster.cpu is on)"},
      EnumName<FaultClass>{kNtpStep, "ntp_step",
                           "a clock set wrong until NTP corrects it (where cluster.clocks.ntp is "
                           "on)"},
      EnumName<FaultClass>{kDiskStall, "disk_stall", "a disk that answers nothing for a while"},
      EnumName<FaultClass>{kDiskSlow, "disk_slow", "a disk that limps"},
      EnumName<FaultClass>{kDiskFull, "disk_full", "a disk without room"},
      EnumName<FaultClass>{kDiskReadError, "disk_read_error",
                           "reads that fail; then the process is started anew"},
      EnumName<FaultClass>{kDiskWriteError, "disk_write_error",
                           "writes that fail; then the process is started anew"},
      EnumName<FaultClass>{kDiskSyncError, "disk_sync_error",
                           "syncs that fail; then the process is started anew"},
      EnumName<FaultClass>{kBitRot, "bit_rot", "flipped bits; then the disk is replaced"},
      EnumName<FaultClass>{kTornWrite, "torn_write", "torn writes; then the disk is replaced"},
      EnumName<FaultClass>{kLostWrite, "lost_write", "lost writes; then the disk is replaced"},
      EnumName<FaultClass>{kMisdirectedWrite, "misdirected_write",
                           "writes that land elsewhere; then the disk is replaced"},
      EnumName<FaultClass>{kWipe, "wipe", "a disk replaced by an empty one"},
      EnumName<FaultClass>{kRestore, "restore", "a disk restored from a snapshot"},
      EnumName<FaultClass>{kSwapDisks, "swap_disks", "two nodes' disks exchanged"},
  };
}

// Those after which a disk has forgotten, or shows wrongly, what its node acknowledged.
constexpr bool is_unsound(FaultClass which) {
  using enum FaultClass;
  return which == kBitRot || which == kTornWrite || which == kLostWrite ||
         which == kMisdirectedWrite || which == kWipe || which == kRestore || which == kSwapDisks;
}

enum class SwarmMode : uint8_t { kBudgeted, kUnbounded };
constexpr auto enum_names(SwarmMode) {
  return std::array{
      EnumName<SwarmMode>{SwarmMode::kBudgeted, "budgeted",
                          "faults leave every replica set enough nodes for the consistency levels, "
                          "and calms in which all nodes repair; then a core must make progress"},
      EnumName<SwarmMode>{SwarmMode::kUnbounded, "unbounded",
                          "anything at any time: only safety can be asked for"},
  };
}

struct SwarmOptions {
  SwarmMode mode = SwarmMode::kBudgeted;
  std::vector<FaultClass> classes;  // all, unless the file says less
  Duration round = seconds(8);
  Duration calm = seconds(2);
  Duration core = seconds(8);
  int64_t intensity = 3;
  Duration lag_max = milliseconds(200);
  Duration clock_max = milliseconds(500);
  bool operations = true;
  bool settings = true;

  SwarmOptions() {
    for (const auto& entry : enum_names(FaultClass{})) classes.push_back(entry.value);
  }

  template <typename V>
  void describe(V& v) {
    v.field("mode", mode, "How far faults may go.");
    v.field("classes", classes, "Classes of faults that may be on; each run draws which are.");
    v.field("round", round, at_least(milliseconds(10)),
            "Faults come in rounds of this length from the start on.");
    v.field("calm", calm, at_least(milliseconds(1)),
            "End of each round, and of the run, without faults; budgeted: all nodes repair in it.");
    v.field("core", core, at_least(milliseconds(1)),
            "budgeted: before the last calm, for this long, some nodes stay broken and the rest "
            "must make progress (check progress).");
    v.field("intensity", intensity, between<int64_t>(1, 100),
            "Most faults of one class in one round.");
    v.field("lag_max", lag_max, at_least(milliseconds(1)), "Greatest lag of messages or disks.");
    v.field("clock_max", clock_max, at_least(milliseconds(1)),
            "Most that a node's clock is off because of a fault.");
    v.field("operations", operations,
            "Also draw flushes and compactions; unbounded and with cluster.spares, changes of "
            "membership and cleanups.");
    v.field("settings", settings,
            "Also draw settings that no promise may depend on: memtable size, compaction strategy, "
            "read repair and the like.");
  }
};

// Of purge mode repair, budgeted: within a round messages may be held back, disks restored to its
// start and clocks set wrong.
constexpr Duration least_propagation_delay(const SwarmOptions& swarm) {
  return swarm.round + swarm.clock_max * 2;
}

}  // namespace revenant::sim
