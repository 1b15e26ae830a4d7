// The "atlas" block: a scenario as one entry of the atlas of ways in which deleted data comes back.
// The scenario as written has its guard; with the settings of `without_guard` over it the guard is
// gone, and deleted data must come back by the mechanism that the entry names.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/settings.h"

namespace revenant::sim {

enum class MechanismClass : uint8_t { kSemantics, kBug, kOperator };
constexpr auto enum_names(MechanismClass) {
  using enum MechanismClass;
  return std::array{
      EnumName<MechanismClass>{kSemantics, "semantics", "follows from what the system promises"},
      EnumName<MechanismClass>{kBug, "bug", "happened to a real system, against its promises"},
      EnumName<MechanismClass>{kOperator, "operator", "somebody did it"},
  };
}

// How a replica came to answer with what had been deleted, as the key's own history shows it.
enum class ReturnCause : uint8_t {
  kClockSkew,
  kMissedDelete,
  kFailedWrite,
  kLateHint,
  kLateBatch,
  kLateWrite,
  kLateRepair,
  kLogReplay,
  kRestoredDisk,
  kLostDelete,
  kPurgedOverData,
  kTornCompaction,
  kHiddenDelete,
  kRegainedRange,
  kLateStream,
};
constexpr auto enum_names(ReturnCause) {
  using enum ReturnCause;
  return std::array{
      EnumName<ReturnCause>{kClockSkew, "clock_skew",
                            "the delete has the lower stamp, though it came later"},
      EnumName<ReturnCause>{kMissedDelete, "missed_delete",
                            "a replica kept the value and never took the delete"},
      EnumName<ReturnCause>{kFailedWrite, "failed_write",
                            "likewise, and the write of the value had failed for its client"},
      EnumName<ReturnCause>{kLateHint, "late_hint",
                            "a hint brought the value to a replica that had taken the delete"},
      EnumName<ReturnCause>{kLateBatch, "late_batch",
                            "a batch log brought the value to a replica that had taken the delete"},
      EnumName<ReturnCause>{kLateWrite, "late_write",
                            "the write itself arrived after the delete was acknowledged"},
      EnumName<ReturnCause>{kLateRepair, "late_repair",
                            "a repair sent before the delete arrived after it"},
      EnumName<ReturnCause>{kLogReplay, "log_replay",
                            "a recovery replayed the value after the tombstone was purged"},
      EnumName<ReturnCause>{kRestoredDisk, "restored_disk",
                            "the disk holds an older state, or another node's"},
      EnumName<ReturnCause>{kLostDelete, "lost_delete",
                            "a power loss took the delete that the replica had acknowledged"},
      EnumName<ReturnCause>{kPurgedOverData, "purged_over_data",
                            "a replica purged the tombstone while it still held the value"},
      EnumName<ReturnCause>{
          kTornCompaction, "torn_compaction",
          "a crash left an SSTable with the value that a compaction had replaced"},
      EnumName<ReturnCause>{kHiddenDelete, "hidden_delete",
                            "a replica still holds the tombstone, but its reads pass it by"},
      EnumName<ReturnCause>{kRegainedRange, "regained_range",
                            "a node kept the value of a range that was others' when the delete "
                            "came, and has the range again"},
      EnumName<ReturnCause>{kLateStream, "late_stream",
                            "a new replica had taken the delete and purged it, and was then sent "
                            "the value with its range"},
  };
}

struct AtlasOptions {
  std::string mechanism, title;
  MechanismClass kind = MechanismClass::kSemantics;
  std::vector<std::string> sources;
  ReturnCause returns_by = ReturnCause::kMissedDelete;
  std::string guard;
  std::vector<std::string> without_guard;
  std::vector<std::string> cost;

  template <typename V>
  void describe(V& v) {
    v.field("mechanism", mechanism, "Its name in the atlas: R1, R2, …");
    v.field("title", title, "What happens, in a few words.");
    v.field("class", kind, "Where it comes from.");
    v.field("sources", sources, "Where it is documented.");
    v.field("returns_by", returns_by,
            "How a replica comes to answer with deleted data, where the guard is gone.");
    v.field("guard", guard, "What keeps it from happening, in a few words.");
    v.field("without_guard", without_guard,
            "Settings, each as \"PATH=VALUE\", that take the guard away.");
    v.field("cost", cost, "Metrics that show what the guard costs.");
  }
};

}  // namespace revenant::sim
