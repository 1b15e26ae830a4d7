// Log segments written by hand, for tests of what recovery makes of them.
#pragma once

#include <string>
#include <vector>

#include "engine/lsm/log_record.h"
#include "engine/wal/wal.h"
#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {

// A log segment with one value a record.
inline void put_segment(env::FileSystem& files, uint64_t number, uint64_t first_sequence,
                        const std::vector<std::string>& keys) {
  auto file = must(files.create(fmt::format("db/{:06}.wal", number)));
  wal::WalWriter writer(std::move(file));
  for (const std::string& key : keys) {
    Buffer record;
    append_log_record_header(record, {first_sequence++}, 1);
    append_log_record_entry(
        record, key, {.kind = CellKind::kValue, .version = {7}, .deletion_time = {}, .value = "v"});
    must(writer.append(record));
  }
}

}  // namespace revenant::lsm
