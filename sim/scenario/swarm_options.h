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
  };
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
    v.field("operations", operations, "Also draw flushes and compactions.");
    v.field("settings", settings,
            "Also draw settings that no promise may depend on: memtable size, compaction strategy, "
            "read repair and the like.");
  }
};

}  // namespace revenant::sim
