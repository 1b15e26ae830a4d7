// Writes the seed inputs, as the engine writes its files today: fuzz_make_seeds tests/fuzz/corpus.
// To be run again when a format changes; inputs that were findings stay beside them.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "engine/base/check.h"
#include "engine/lsm/log_record.h"
#include "engine/lsm/manifest.h"
#include "engine/sstable/sstable_builder.h"
#include "engine/sstable/sstable_format.h"
#include "engine/sstable/sstable_index.h"
#include "engine/wal/wal.h"
#include "tests/support/memory_file_system.h"

namespace revenant::fuzz {
namespace {

constexpr env::Cause kCause{env::CauseKind::kFlush};

std::filesystem::path g_corpus;

void save(const std::string& target, const std::string& name, const Buffer& bytes) {
  for (const char* const how : {"as_it_is", "resealed"}) {
    std::ofstream file(g_corpus / target / fmt::format("{}_{}", name, how), std::ios::binary);
    file << (how[0] == 'a' ? '\0' : '\1') << bytes;
    CHECK(file.good(), "{}/{}", target, name);
  }
}

void make_segment() {
  tests::MemoryFileSystem files;
  wal::WalWriter writer(files.create("segment").value());
  for (uint64_t i = 1; i <= 3; ++i) {
    Buffer record;
    lsm::append_log_record_header(record, {i * 3}, 3);
    lsm::append_log_record_entry(
        record, "key",
        {.kind = CellKind::kValue, .version = {i}, .deletion_time = {}, .value = "v"});
    const CellView tombstone{
        .kind = CellKind::kTombstone, .version = {i}, .deletion_time = Instant{9}, .value = {}};
    lsm::append_log_record_entry(record, "gone", tombstone);
    lsm::append_log_record_range(record, "a", "m", tombstone);
    CHECK(writer.append(record).has_value());
  }
  save("wal", "three_records", files.contents("segment"));
  save("wal", "torn", files.contents("segment").substr(0, 60));
}

sstable::SstableProperties make_sstable(
    tests::MemoryFileSystem& files, const std::string& name, int keys,
    sstable::IndexType index = sstable::IndexType::kBinarySearch) {
  sstable::SstableOptions options;
  options.block_size = ByteSize{256};
  options.restart_interval = 4;
  options.index_type = index;
  options.metadata_block_size = ByteSize{64};
  sstable::SstableBuilder builder(files.create(name).value(), options, kCause);
  for (int i = 0; i < keys; ++i) {
    const bool tombstone = i % 3 == 1;
    Buffer key;
    sstable::append_internal_key(key, fmt::format("key{:03}", i), Version{static_cast<uint64_t>(i)},
                                 SequenceNumber{static_cast<uint64_t>(i)},
                                 tombstone ? CellKind::kTombstone : CellKind::kValue);
    CHECK(builder.add(key, tombstone ? Buffer(8, '\1') : Buffer("value")).has_value());
  }
  builder.add({.start = "key001",
               .end = "key002",
               .version = {7},
               .sequence = {7},
               .deletion_time = Instant{5}});
  auto properties = builder.finish();
  CHECK(properties.has_value());
  return *properties;
}

void make_manifest() {
  tests::MemoryFileSystem files;
  auto meta = std::make_shared<lsm::SstableMeta>();
  meta->number = FileNumber{7};
  meta->properties = make_sstable(files, "7.sst", 10);
  meta->file_bytes = files.contents("7.sst").size();
  lsm::ManifestEdit edit;
  edit.log_number = FileNumber{5};
  edit.next_file = FileNumber{8};
  edit.last_sequence = SequenceNumber{100};
  auto manifest = lsm::Manifest::create(files, "db", FileNumber{1}, edit);
  CHECK(manifest.has_value());
  edit.added.push_back({0, meta});
  CHECK(manifest->append(edit).has_value());
  edit.removed.push_back(FileNumber{7});
  edit.added.front().level = 1;
  CHECK(manifest->append(edit).has_value());
  save("manifest", "three_edits", files.contents("db/MANIFEST-000001"));
}

void make_sstables() {
  tests::MemoryFileSystem files;
  make_sstable(files, "small", 5);
  make_sstable(files, "larger", 60);
  make_sstable(files, "two_level", 200, sstable::IndexType::kTwoLevel);
  save("sstable", "two_level", files.contents("two_level"));
  const Buffer small = files.contents("small");
  const Buffer larger = files.contents("larger");
  save("sstable", "small", small);
  save("sstable", "larger", larger);

  // The first block's payload is what lies before the filter in the small one.
  const auto footer = sstable::decode_footer(
      Bytes(small).substr(small.size() - sstable::kFooterSize), small.size());
  CHECK(footer.has_value());
  save("block", "one", small.substr(0, footer->filter_offset - sstable::kBlockTrailerSize));
}

}  // namespace
}  // namespace revenant::fuzz

int main(int count, char** arguments) {
  if (count != 2) return 2;
  revenant::fuzz::g_corpus = arguments[1];
  revenant::fuzz::make_segment();
  revenant::fuzz::make_manifest();
  revenant::fuzz::make_sstables();
}
