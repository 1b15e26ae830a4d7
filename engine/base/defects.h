// Defects that a scenario can plant, to see whether a hunt finds them. Each is one wrong line where
// the right rule lives; `git grep Defect::kName` shows it. This table is all that anyone else knows
// of them: the scenario setting, the reference and `revenant mutants` read it.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/settings.h"

namespace revenant {

enum class Defect : uint8_t {
  // lsm: the purge rule
  kPurgeIgnoresGrace,
  kPurgeIgnoresOverlap,
  kPurgeIgnoresMemtable,
  kPurgeAsksDeeperLevelsOnly,
  // lsm: reads and merges
  kReadStopsAtFirstSource,
  kReadSkipsFrozenMemtables,
  kFilterFalseNegative,
  kCacheOutlivesSstable,
  kUnreadableReadsAsEmpty,
  kReadDropsPurgeable,
  // lsm: what must be on disk before what
  kAcknowledgeBeforeSync,
  kSegmentNameNotSynced,
  kSstableNotSynced,
  kManifestNotSynced,
  kLogRetiredBeforeFlush,
  kInputsRemovedBeforeManifest,
  kInputsLeaveOneByOne,
  kRecoverySkipsLastSegment,
  // replication
  kWriteQuorumTooSmall,
  kReadQuorumTooSmall,
  kQuorumOfReachable,
  kHintCountsAsAcknowledgement,
  kHintsOutliveGrace,
  kTimeoutIsSuccess,
  kBatchReplayStopsEarly,
  kReadTakesFirstAnswer,
  kScanTrustsShortAnswers,
  kReadRepairWritesOlderValue,
  kCoordinatorStampsWrites,
  kRepairSkipsTombstones,
  kTreeMissesTombstones,
};

constexpr auto enum_names(Defect) {
  using enum Defect;
  return std::array{
      EnumName<Defect>{kPurgeIgnoresGrace, "purge_ignores_grace",
                       "tombstones go before every replica could learn of the delete"},
      EnumName<Defect>{kPurgeIgnoresOverlap, "purge_ignores_overlap",
                       "tombstones go though another SSTable holds what they shadow"},
      EnumName<Defect>{kPurgeIgnoresMemtable, "purge_ignores_memtable",
                       "tombstones go though memtables and log hold what they shadow"},
      EnumName<Defect>{kPurgeAsksDeeperLevelsOnly, "purge_asks_deeper_levels_only",
                       "tombstones go though an SSTable of their own or an upper level holds what "
                       "they shadow, as if versions grew from level to level"},
      EnumName<Defect>{kReadStopsAtFirstSource, "read_stops_at_first_source",
                       "a read takes the newest source's cell for the winner, as if versions were "
                       "arrival numbers"},
      EnumName<Defect>{kReadSkipsFrozenMemtables, "read_skips_frozen_memtables",
                       "a read does not look into memtables that wait for their flush"},
      EnumName<Defect>{kFilterFalseNegative, "filter_false_negative",
                       "a Bloom filter denies one key in 64 that its SSTable holds"},
      EnumName<Defect>{kCacheOutlivesSstable, "cache_outlives_sstable",
                       "cached blocks go by the last bits of their file's number, so those of a "
                       "compacted SSTable turn up in a later one"},
      EnumName<Defect>{kUnreadableReadsAsEmpty, "unreadable_reads_as_empty",
                       "a read that cannot read an SSTable goes on as if it held nothing"},
      EnumName<Defect>{kReadDropsPurgeable, "read_drops_purgeable",
                       "a read leaves tombstones of SSTables out that time alone would let go, "
                       "whatever else holds what they shadow"},
      EnumName<Defect>{kAcknowledgeBeforeSync, "acknowledge_before_sync",
                       "a write is acknowledged before its log record is durable"},
      EnumName<Defect>{kSegmentNameNotSynced, "segment_name_not_synced",
                       "a log segment's directory entry is not synced"},
      EnumName<Defect>{kSstableNotSynced, "sstable_not_synced",
                       "an SSTable is installed before its content is durable"},
      EnumName<Defect>{kManifestNotSynced, "manifest_not_synced",
                       "a manifest edit counts before it is durable"},
      EnumName<Defect>{kLogRetiredBeforeFlush, "log_retired_before_flush",
                       "a flush retires the log of writes that came after it"},
      EnumName<Defect>{kInputsRemovedBeforeManifest, "inputs_removed_before_manifest",
                       "a compaction's inputs are removed before the manifest names its outputs"},
      EnumName<Defect>{kInputsLeaveOneByOne, "inputs_leave_one_by_one",
                       "a compaction's last input leaves the manifest by an edit of its own"},
      EnumName<Defect>{kRecoverySkipsLastSegment, "recovery_skips_last_segment",
                       "a recovery does not replay the log's last segment"},
      EnumName<Defect>{kWriteQuorumTooSmall, "write_quorum_too_small",
                       "a write waits for one acknowledgement too few"},
      EnumName<Defect>{kReadQuorumTooSmall, "read_quorum_too_small",
                       "a read asks one replica too few"},
      EnumName<Defect>{kQuorumOfReachable, "quorum_of_reachable",
                       "a write needs no more replicas than seem to be up"},
      EnumName<Defect>{kHintCountsAsAcknowledgement, "hint_counts_as_acknowledgement",
                       "a hint kept for a replica counts towards the write's level"},
      EnumName<Defect>{
          kHintsOutliveGrace, "hints_outlive_grace",
          "hints older than gc_grace are delivered, when the tombstones that beat them "
          "may be gone"},
      EnumName<Defect>{kTimeoutIsSuccess, "timeout_is_success",
                       "a write that timed out is reported as acknowledged"},
      EnumName<Defect>{kBatchReplayStopsEarly, "batch_replay_stops_early",
                       "the replay of a batch log's entry sends the first of its writes alone"},
      EnumName<Defect>{kReadTakesFirstAnswer, "read_takes_first_answer",
                       "a read returns the first replica's answer, not the winner"},
      EnumName<Defect>{kScanTrustsShortAnswers, "scan_trusts_short_answers",
                       "a scan takes a replica that stopped at the limit for one that has no more"},
      EnumName<Defect>{kReadRepairWritesOlderValue, "read_repair_writes_older_value",
                       "read repair sends the stale value under the winner's version"},
      EnumName<Defect>{kCoordinatorStampsWrites, "coordinator_stamps_writes",
                       "a write's version is the coordinator's clock, not the client's"},
      EnumName<Defect>{kRepairSkipsTombstones, "repair_skips_tombstones",
                       "repair streams values only"},
      EnumName<Defect>{kTreeMissesTombstones, "tree_misses_tombstones",
                       "Merkle trees leave tombstones out, so repair does not see them differ"},
  };
}

// The set of those planted. None by default; a look costs a bit test.
class Defects {
 public:
  constexpr Defects() = default;
  void plant(Defect defect) { bits_ |= bit(defect); }
  constexpr bool has(Defect defect) const { return (bits_ & bit(defect)) != 0; }

 private:
  static constexpr uint64_t bit(Defect defect) { return uint64_t{1} << static_cast<int>(defect); }
  uint64_t bits_ = 0;
};
static_assert(std::size(enum_names(Defect{})) <= 64);

}  // namespace revenant
