// A strategy only picks: from what is known of the SSTables it chooses inputs and where their merge
// goes. It does no I/O and installs nothing. One file per strategy; the job that merges is
// compaction_job.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/lsm/compaction/options.h"
#include "engine/lsm/compaction/sstable_meta.h"

namespace revenant::lsm {

enum class CompactionPurpose : uint8_t {
  kMerge,       // the strategy's shape asks for it
  kMove,        // the one input only changes its level: nothing to rewrite
  kTombstones,  // one SSTable alone, to get rid of its droppable tombstones
  kMajor,       // everything, on demand
};

struct CompactionPick {
  CompactionPurpose purpose = CompactionPurpose::kMerge;
  int from = 0, to = 0;  // levels
  std::vector<SstableMetaPtr> inputs = {};
  uint64_t output_bytes_max = UINT64_MAX;  // an output is closed once it is this large
};

class CompactionPicker {
 public:
  virtual ~CompactionPicker() = default;

  // The compaction most due by the node's clock `now`, if any is. Called while none is running.
  virtual std::optional<CompactionPick> pick(const Levels& levels, Instant now) = 0;

  // All SSTables into one run; nothing if there are none.
  virtual std::optional<CompactionPick> pick_major(const Levels& levels) const = 0;

  // The first instant after `now` at which time alone may make a compaction due.
  virtual std::optional<Instant> next_check(const Levels& /*levels*/, Instant /*now*/) const {
    return std::nullopt;
  }
};

std::unique_ptr<CompactionPicker> make_picker(const CompactionOptions& options, Duration gc_grace);

}  // namespace revenant::lsm
