// One change to what a database consists of; a record of the manifest. Fields that are absent stay
// as they were.
//
//   edit    | field | field | …          each: tag 1, then
//   1 log number v     2 next file v     3 last sequence v     4 removed: number v
//   5 added: level v, number v, file bytes v, creation time 8, run v, the properties
//     (sstable_format.h)
//   6 compact pointer: level v, key (length v, bytes)
//   7 repaired: number v of one added before, repaired at 8
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/lsm/compaction/sstable_meta.h"

namespace revenant::lsm {

struct ManifestEdit {
  struct Added {
    int level = 0;
    SstableMetaPtr meta;
  };
  std::optional<FileNumber> log_number;  // segments below it are in SSTables
  std::optional<FileNumber> next_file;   // numbers from it on were never used
  std::optional<SequenceNumber>
      last_sequence;                // of what is in SSTables; the log goes on from there
  std::vector<FileNumber> removed;  // before `added`: an SSTable in both moves
  std::vector<Added> added;
  std::vector<std::pair<int, Buffer>> compact_pointers;  // by level (CompactPointers)
};

Buffer encode_manifest_edit(const ManifestEdit& edit);
Result<ManifestEdit> decode_manifest_edit(Bytes bytes);

}  // namespace revenant::lsm
