// A log segment: replay, the walk past damage, and the decoding of its records agree with each other.
#include "engine/base/check.h"
#include "engine/lsm/log_record.h"
#include "engine/wal/wal.h"
#include "engine/wal/wal_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/log_records.h"
#include "tests/support/memory_file_system.h"

namespace revenant::fuzz {
namespace {

void run(const Input& input) {
  tests::MemoryFileSystem files;
  files.put("segment", input.reseal ? reseal_segment(input.bytes) : Buffer(input.bytes));
  const auto file = files.open("segment").value();

  uint64_t replayed_bytes = 0;
  const auto replay = wal::replay_wal(*file, [&](Bytes record) -> Result<void> {
    replayed_bytes += record.size() + wal::kRecordHeaderSize;
    uint64_t entries = 0;
    const auto decoded =
        lsm::decode_log_record(record, [&](const lsm::LogRecordEntry&) { ++entries; });
    const auto header = lsm::decode_log_record_header(record);
    if (decoded.has_value()) CHECK(header.has_value() && header->entries == entries);
    return {};
  });
  if (replay.has_value()) {
    CHECK(replay->valid_bytes + replay->dropped_bytes == file->size());
    if (replay->records > 0) CHECK(replay->valid_bytes >= replayed_bytes + wal::kSegmentHeaderSize);
  }

  wal::WalReader reader(*file);
  uint64_t records = 0, end = 0;
  bool damaged = false;
  for (;;) {
    const auto piece = reader.next();
    CHECK(piece.has_value(), "{}", piece.error());
    if (!piece->has_value()) break;
    CHECK((*piece)->offset >= end, "{} < {}", (*piece)->offset, end);
    end = (*piece)->offset + (*piece)->size;
    CHECK(end <= file->size());
    damaged |= (*piece)->damage.has_value();
    if (!damaged) ++records;
  }
  if (replay.has_value()) CHECK(replay->records == records, "{} {}", replay->records, records);
}

}  // namespace
}  // namespace revenant::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto input = revenant::fuzz::Input::of(data, size)) revenant::fuzz::run(*input);
  return 0;
}
