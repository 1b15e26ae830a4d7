// SSTable metadata for tests of what only looks at metadata.
#pragma once

#include <fmt/format.h>

#include <algorithm>
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
  uint64_t run = 0;  // 0: of its own
  uint64_t first_sequence = 0, last_sequence = 0;
};

inline SstableMetaPtr sstable(Described d) {
  auto meta = std::make_shared<SstableMeta>();
  meta->number = {d.number};
  meta->run = {d.run == 0 ? d.number : d.run};
  meta->file_bytes = d.bytes;
  meta->creation_time = d.created;
  meta->properties.entries = d.entries;
  meta->properties.tombstones = d.tombstones;
  meta->properties.least_key = d.least;
  meta->properties.greatest_key = d.greatest;
  meta->properties.least_sequence = {d.first_sequence};
  meta->properties.greatest_sequence = {d.last_sequence};
  if (d.tombstones > 0) {
    meta->properties.least_deletion_time = d.first_deleted;
    meta->properties.greatest_deletion_time = d.last_deleted;
    // Spread evenly.
    for (uint64_t i = 0; i < d.tombstones; ++i) {
      const auto spread = static_cast<uint64_t>(d.last_deleted.ns - d.first_deleted.ns);
      const uint64_t steps = std::max<uint64_t>(d.tombstones - 1, 1);
      meta->properties.deletion_times.add(d.first_deleted +
                                          Duration{static_cast<int64_t>(spread / steps * i)});
    }
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
  return fmt::format("L{}>L{} {}: {}", pick->from, pick->to, to_string(pick->purpose),
                     numbers(pick->inputs));
}

}  // namespace revenant::lsm
