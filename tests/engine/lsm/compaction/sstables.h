// SSTable metadata for tests of what only looks at metadata.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

struct Described {
  uint64_t number = 0;
  uint64_t bytes = 100;
  std::string least = "a", greatest = "z";
  uint64_t entries = 100, tombstones = 0;
  Instant created{}, first_deleted{}, last_deleted{};
};

inline SstableMetaPtr sstable(Described d) {
  auto meta = std::make_shared<SstableMeta>();
  meta->number = {d.number};
  meta->file_bytes = d.bytes;
  meta->creation_time = d.created;
  meta->properties.entries = d.entries;
  meta->properties.tombstones = d.tombstones;
  meta->properties.least_key = d.least;
  meta->properties.greatest_key = d.greatest;
  if (d.tombstones > 0) {
    meta->properties.least_deletion_time = d.first_deleted;
    meta->properties.greatest_deletion_time = d.last_deleted;
  }
  return meta;
}

inline std::string numbers(const std::vector<SstableMetaPtr>& sstables) {
  std::string result;
  for (const auto& s : sstables)
    result += fmt::format("{}{}", result.empty() ? "" : " ", s->number.value);
  return result;
}

// "L0>L1 merge: 3 4 5", or "-".
inline std::string show(const std::optional<CompactionPick>& pick) {
  if (!pick.has_value()) return "-";
  constexpr const char* kPurposes[] = {"merge", "move", "tombstones", "major"};
  return fmt::format("L{}>L{} {}: {}", pick->from, pick->to,
                     kPurposes[static_cast<int>(pick->purpose)], numbers(pick->inputs));
}

}  // namespace revenant::lsm
