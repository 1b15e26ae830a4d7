// A strategy only picks: from what is known of the SSTables it chooses inputs and where their merge
// goes. It does no I/O, installs nothing and remembers nothing: a pick is a function of LsmState,
// and ties go to the lower file number. One file per strategy; the job that merges is
// compaction_job.h.
//
//   LsmState ──> pick ──> {inputs, level, where outputs are cut} and why this one, of what else
//                         was due
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/lsm/compaction/options.h"
#include "engine/lsm/compaction/sstable_meta.h"
#include "engine/lsm/compaction/tombstone_gc.h"

namespace revenant::lsm {

// Something that is being written: a compaction, or a flush that goes below level 0.
struct RunningCompaction {
  int to = 0;  // level
  KeyRange range;
  std::vector<SstableMetaPtr> inputs;  // none for a flush
};

// By level, where the last compaction out of it ended: round-robin goes on from there. Kept in the
// manifest (LevelDB: compact_pointer).
using CompactPointers = std::vector<Buffer>;

// All that a pick depends on.
struct LsmState {
  const Levels& levels;
  Instant now = {};  // by the node's clock
  std::span<const Buffer> compact_pointers = {};
  std::span<const RunningCompaction> running = {};

  bool busy(const SstableMeta& sstable) const;
  bool any_busy(const std::vector<SstableMetaPtr>& sstables) const;
  // Outputs of two compactions into one level from 1 on must not overlap.
  bool writes_into(int level, const KeyRange& range) const;
};

enum class CompactionPurpose : uint8_t {
  kMerge,       // the strategy's shape asks for it
  kMove,        // the one input only changes its level: nothing to rewrite
  kTombstones,  // one SSTable alone, to get rid of its droppable tombstones
  kMajor,       // everything, on demand
};
std::string_view to_string(CompactionPurpose purpose);

// Why a pick is what it is.
struct PickExplanation {
  struct Candidate {
    std::string name;  // "L1", "4 SSTables of 2 MiB"
    double score = 0;  // what the strategy compared; from 1 on a candidate is due
  };
  std::string reason;                 // "L1 has the highest score; 17 is next in turn by key"
  std::vector<Candidate> candidates;  // all that were looked at, in the strategy's order
};
// "L1 has the highest score; 17 is next in turn [L0 0.50, L1 1.20]"
std::string to_string(const PickExplanation& explanation);

struct CompactionPick {
  CompactionPurpose purpose = CompactionPurpose::kMerge;
  int from = 0, to = 0;  // levels
  std::vector<SstableMetaPtr> inputs = {};
  uint64_t output_bytes_max = UINT64_MAX;  // an output is closed once it is this large
  // An output is closed before it overlaps more than this of the `grandparents`: the SSTables that
  // its own compaction will have to rewrite. In key order.
  uint64_t grandparent_bytes_max = UINT64_MAX;
  std::vector<SstableMetaPtr> grandparents = {};
  std::optional<Buffer> compact_pointer = {};  // of level `from`, once this is installed
  // Keys, ascending, at which an output is closed whatever its size.
  std::vector<Buffer> boundaries = {};
  // Outputs are installed, and inputs let go, while the merge goes on.
  bool incremental = false;
  // Tombstones go whatever the SSTables besides the inputs hold.
  bool ignores_overlap = false;
  PickExplanation explanation = {};
};

class CompactionPicker {
 public:
  virtual ~CompactionPicker() = default;

  // The compaction most due, if any is. Inputs are not busy.
  virtual std::optional<CompactionPick> pick(const LsmState& state) const = 0;

  // All SSTables into one run; nothing if there are none.
  virtual std::optional<CompactionPick> pick_major(const Levels& levels) const = 0;

  // The first instant after `now` at which time alone may make a compaction due.
  virtual std::optional<Instant> next_check(const Levels& /*levels*/, Instant /*now*/) const {
    return std::nullopt;
  }

  // Where a flushed memtable goes.
  virtual int flush_level(const LsmState& /*state*/, const KeyRange& /*flushed*/) const {
    return 0;
  }

  // Bytes that compactions would have to rewrite until none is due: what writes are slowed by.
  virtual uint64_t pending_bytes(const Levels& /*levels*/) const { return 0; }
};

// What a strategy may know of the database besides its own options.
struct PickerContext {
  GcRule gc = {};
  uint64_t memtable_bytes = 0;  // about what a flush writes
};
std::unique_ptr<CompactionPicker> make_picker(const CompactionOptions& options,
                                              const PickerContext& context);

}  // namespace revenant::lsm
