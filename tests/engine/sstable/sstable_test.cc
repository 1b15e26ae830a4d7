#include <gtest/gtest.h>

#include <set>

#include "engine/base/checksum.h"
#include "engine/sstable/sstable_format.h"
#include "engine/sstable/sstable_index.h"
#include "tests/engine/sstable/entries.h"

namespace revenant::sstable {
namespace {

Entries numbered(int count, size_t value_size = 20) {
  Entries entries;
  for (int i = 0; i < count; ++i) {
    put(entries, fmt::format("key{:06}", i), static_cast<uint64_t>(i) + 1, Buffer(value_size, 'v'));
  }
  return entries;
}

Footer footer_of(Bytes file) {
  return decode_footer(file.substr(file.size() - kFooterSize), file.size()).value();
}
// The top level.
SstableIndex index_of(Bytes file) {
  const Footer footer = footer_of(file);
  const uint64_t size = footer.range_tombstones_offset - footer.index_offset - kBlockTrailerSize;
  return SstableIndex::decode(Buffer(file.substr(footer.index_offset, size)), footer.filter_offset)
      .value();
}

TEST_F(SstableTest, AReaderFindsWhatABuilderWrote) {
  Random random(1, "sstable");
  for (int round = 0; round < 40; ++round) {
    const Entries entries = random_entries(random, 1 + random.below(300));
    SstableOptions options;
    options.block_size = ByteSize{random.between(256, 3000)};
    options.restart_interval = random.between(1, 20);
    options.bloom_bits_per_key = random.between(0, 12);
    options.bloom_type = static_cast<BloomType>(random.below(2));
    options.compression = static_cast<Compression>(random.below(3));
    options.index_type = static_cast<IndexType>(random.below(2));
    options.metadata_block_size = ByteSize{random.between(64, 300)};
    build(entries, options);
    files_.mapped = round % 2 == 1;
    BlockCache cache(random.below(20'000));
    const auto reader = open({.cache = random.below(2) == 0 ? &cache : nullptr,
                              .pin = random.below(2) == 0,
                              .pin_top_level = random.below(2) == 0})
                            .value();
    ReadCounters counters;
    for (BlockCache* c : {static_cast<BlockCache*>(nullptr), &cache}) {
      const ReadContext context{{env::CauseKind::kClientRead}, c, &counters};
      const auto it = reader->iterate(context);
      EXPECT_FALSE(it->valid());
      ASSERT_NO_FATAL_FAILURE(expect_scan(*it, entries));
      ASSERT_NO_FATAL_FAILURE(expect_seeks(*it, entries, random, 50));
      ASSERT_NO_FATAL_FAILURE(expect_scan_back(*it, entries));
      for (int i = 0; i < 200; ++i) {
        const Buffer key = random_user_key(random);
        const Entries expected = entries_of(entries, key);
        ASSERT_EQ(get(*reader, key, context).value(), expected);
        if (!expected.empty()) {
          ASSERT_TRUE(reader->may_contain(key, &counters));
        }
      }
    }
  }
}

TEST_F(SstableTest, TheIteratorOutlivesTheReader) {
  const Entries entries = numbered(1000);
  build(entries);
  const auto it = open().value()->iterate({});
  expect_scan(*it, entries);
}

TEST_F(SstableTest, PropertiesSayWhatIsInside) {
  Entries entries;
  put(entries, "", 5, "value");
  put(entries, "a", 900, "");
  erase(entries, "a", 7, Instant{30});
  erase(entries, "b\xff", 40, Instant{-20});
  const SstableProperties built = build(entries);
  const auto reader = open().value();
  for (const SstableProperties& p : {built, reader->properties()}) {
    EXPECT_EQ(p.entries, 4u);
    EXPECT_EQ(p.tombstones, 2u);
    EXPECT_EQ(p.least_key, "");
    EXPECT_EQ(p.greatest_key, "b\xff");
    EXPECT_EQ(p.least_version, Version{5});
    EXPECT_EQ(p.greatest_version, Version{900});
    EXPECT_EQ(p.least_sequence, SequenceNumber{5});
    EXPECT_EQ(p.greatest_sequence, SequenceNumber{900});
    EXPECT_EQ(p.least_deletion_time, Instant{-20});
    EXPECT_EQ(p.greatest_deletion_time, Instant{30});
    EXPECT_EQ(p.key_bytes, 0 + 1 + 1 + 2 + 4 * kTrailerSize);
    EXPECT_EQ(p.value_bytes, 5 + 0 + 8 + 8u);
  }
  EXPECT_EQ(reader->file_bytes(), bytes().size());
  EXPECT_EQ(reader->number(), FileNumber{7});
}

TEST_F(SstableTest, WithoutTombstonesNoDeletionTimes) {
  const SstableProperties p = build(numbered(3));
  EXPECT_EQ(p.least_deletion_time, Instant::never());
  EXPECT_EQ(p.greatest_deletion_time, Instant{INT64_MIN});
}

TEST_F(SstableTest, VersionsOfOneKeyGoOnOverBlocks) {
  Entries entries;
  put(entries, "a", 1, "");
  for (uint64_t version = 1; version <= 500; ++version) put(entries, "k", version, "some value");
  put(entries, "kk", 1, "");
  SstableOptions options;
  options.block_size = ByteSize{256};
  build(entries, options);
  const auto reader = open().value();
  uint64_t expected = 500;
  const auto found = reader->get("k", {}, [&](const InternalKey& key, Bytes value) {
    EXPECT_EQ(key.user_key, "k");
    EXPECT_EQ(key.version, Version{expected});
    EXPECT_EQ(value, "some value");
    --expected;
    return true;
  });
  EXPECT_TRUE(found);
  EXPECT_EQ(expected, 0u);
}

TEST_F(SstableTest, AVisitThatHasEnoughIsNotCalledAgain) {
  Entries entries;
  for (uint64_t version = 1; version <= 100; ++version) put(entries, "k", version, "");
  build(entries);
  const auto reader = open().value();
  int visits = 0;
  ASSERT_TRUE(reader->get("k", {}, [&](const InternalKey&, Bytes) { return ++visits < 3; }));
  EXPECT_EQ(visits, 3);
}

TEST_F(SstableTest, CountersSayWhatAReadCost) {
  const Entries entries = numbered(1000);
  build(entries);
  const auto reader = open().value();
  BlockCache cache(1 << 20);
  ReadCounters c;
  const ReadContext context{{env::CauseKind::kClientRead}, &cache, &c};

  ASSERT_EQ(get(*reader, "key000500", context)->size(), 1u);
  EXPECT_EQ(c.sstables, 1u);
  EXPECT_EQ(c.filter_true_positives, 1u);
  EXPECT_EQ(c.blocks_from_file, 1u);
  EXPECT_EQ(c.blocks_from_cache, 0u);
  EXPECT_GT(c.bytes_from_file, 4000u);
  EXPECT_LT(c.bytes_from_file, 4400u);
  const uint64_t bytes_of_one = c.bytes_from_file;
  EXPECT_EQ(cache.bytes(), bytes_of_one - kBlockTrailerSize);

  ASSERT_EQ(get(*reader, "key000500", context)->size(), 1u);
  EXPECT_EQ(c.blocks_from_cache, 1u);
  EXPECT_EQ(c.bytes_from_file, bytes_of_one);

  ASSERT_EQ(get(*reader, "key000500x", context)->size(), 0u);
  EXPECT_EQ(c.filter_false_positives, 1u);  // asked although the filter was not
  EXPECT_EQ(c.filter_negatives, 0u);
  int negatives = 0;
  for (int i = 0; i < 1000; ++i) {
    negatives += reader->may_contain(fmt::format("absent{}", i), &c) ? 0 : 1;
  }
  EXPECT_EQ(c.filter_negatives, static_cast<uint64_t>(negatives));
  EXPECT_GT(negatives, 970);

  // Past everything: the index alone knows.
  ASSERT_EQ(get(*reader, "z", context)->size(), 0u);
  EXPECT_EQ(c.sstables, 4u);
  EXPECT_EQ(c.blocks_from_file + c.blocks_from_cache, 3u);
}

TEST_F(SstableTest, WithoutAFilterEveryKeyMayBeThere) {
  SstableOptions options;
  options.bloom_bits_per_key = 0;
  build(numbered(10), options);
  const auto reader = open().value();
  ReadCounters c;
  EXPECT_TRUE(reader->may_contain("absent", &c));
  ASSERT_TRUE(get(*reader, "absent", {{}, nullptr, &c}));
  EXPECT_EQ(c.filter_negatives + c.filter_true_positives + c.filter_false_positives, 0u);
}

TEST_F(SstableTest, AJobsIteratorReadsEachByteOnceInFewReads) {
  const Entries entries = numbered(50'000);
  build(entries);
  const auto reader = open().value();
  int reads = 0;
  files_.before = [&](std::string_view call, const std::string&) -> Result<void> {
    reads += call == "read" ? 1 : 0;
    return {};
  };
  ReadCounters c;
  const auto it = reader->iterate({{env::CauseKind::kCompaction}, nullptr, &c});
  ASSERT_NO_FATAL_FAILURE(expect_scan(*it, entries));
  EXPECT_LT(c.bytes_from_file, bytes().size());
  EXPECT_GT(c.bytes_from_file, bytes().size() * 8 / 10);
  EXPECT_GT(c.blocks_from_file, 300u);
  // 4, 8, 16, … 256 KiB: six reads up to there.
  EXPECT_LT(reads, 6 + 2 + static_cast<int>(bytes().size() / (250 << 10)));

  // A seek alone reads one block.
  reads = 0;
  c = {};
  reader->iterate({{env::CauseKind::kRepair}, nullptr, &c})->seek(internal_key("key025000", 1));
  EXPECT_EQ(reads, 1);
  EXPECT_LT(c.bytes_from_file, 4500u);
}

TEST_F(SstableTest, AMappedFileIsReadInPlaceAndEachBlockCheckedOnce) {
  build(numbered(5000));
  files_.mapped = true;
  const auto reader = open().value();
  files_.before = [](std::string_view call, const std::string&) -> Result<void> {
    return error(ErrorCode::kIo, "a call: {}", call);
  };
  BlockCache cache(1 << 20);
  ReadCounters first, second;
  const auto read_all = [&](ReadCounters& counters) {
    const ReadContext context{{env::CauseKind::kClientRead}, &cache, &counters};
    ASSERT_NO_FATAL_FAILURE(expect_scan(*reader->iterate(context), numbered(5000)));
    EXPECT_EQ(get(*reader, "key000042", context).value().size(), 1u);
  };
  read_all(first);
  read_all(second);
  EXPECT_GT(first.blocks_from_file, 30u);
  EXPECT_EQ(first.blocks_from_cache, 1u);
  EXPECT_EQ(second.blocks_from_file, 0u);
  EXPECT_EQ(second.blocks_from_cache, first.blocks_from_file + 1);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST_F(SstableTest, OfATwoLevelIndexOnlyTheTopLevelStays) {
  const Entries entries = numbered(50'000);
  SstableOptions options;
  options.index_type = IndexType::kTwoLevel;
  options.metadata_block_size = ByteSize{256};
  build(entries, options);
  uint64_t bytes_read = 0;
  files_.before = [&](std::string_view call, const std::string&) -> Result<void> {
    bytes_read += call == "read" ? 1 : 0;
    return {};
  };
  const auto reader = open().value();
  EXPECT_EQ(bytes_read, 2u);  // the footer, and all from the filter on
  BlockCache cache(1 << 20);
  ReadCounters c;
  const ReadContext context{{env::CauseKind::kClientRead}, &cache, &c};

  // A partition and a data block; then both from the cache.
  ASSERT_EQ(get(*reader, "key025000", context)->size(), 1u);
  EXPECT_EQ(bytes_read, 4u);
  EXPECT_EQ(c.index_blocks_from_file, 1u);
  EXPECT_EQ(c.index_blocks_from_cache, 0u);
  EXPECT_EQ(c.blocks_from_file, 1u);
  const uint64_t held = cache.bytes();
  EXPECT_EQ(held, c.bytes_from_file - 2 * kBlockTrailerSize);
  ASSERT_EQ(get(*reader, "key025000", context)->size(), 1u);
  EXPECT_EQ(bytes_read, 4u);
  EXPECT_EQ(c.index_blocks_from_cache, 1u);
  EXPECT_EQ(c.blocks_from_cache, 1u);
  EXPECT_EQ(cache.bytes(), held);

  // A scan asks for each partition once.
  c = {};
  ASSERT_NO_FATAL_FAILURE(expect_scan(*reader->iterate(context), entries));
  EXPECT_EQ(c.index_blocks_from_cache + c.index_blocks_from_file, index_of(bytes()).size());
}

class MetadataCachingTest : public SstableTest {
 protected:
  // Bytes of the parts of the index and of the filter.
  struct Sizes {
    uint64_t filter = 0, index = 0, partitions = 0;
  };
  Sizes build_with(IndexType index_type) {
    SstableOptions options;
    options.index_type = index_type;
    options.metadata_block_size = ByteSize{256};
    build(entries_, options);
    const Footer footer = footer_of(bytes());
    Sizes sizes{.filter = footer.index_offset - footer.filter_offset - kBlockTrailerSize,
                .index = footer.range_tombstones_offset - footer.index_offset - kBlockTrailerSize};
    const SstableIndex top = index_of(bytes());
    for (size_t i = 0; footer.index_has_partitions() && i < top.size(); ++i)
      sizes.partitions += top.block(i).size;
    return sizes;
  }
  ReadCounters cost_of(SstableReader& reader, BlockCache& cache, Bytes key) {
    ReadCounters c;
    EXPECT_EQ(get(reader, key, {{}, &cache, &c})->size(), 1u);
    return c;
  }

  const Entries entries_ = numbered(5000);
};

TEST_F(MetadataCachingTest, IndexAndFilterComeThroughTheCache) {
  const Sizes sizes = build_with(IndexType::kBinarySearch);
  BlockCache cache(1 << 20);
  const auto reader = open({.cache = &cache}).value();
  EXPECT_EQ(cache.bytes(), sizes.filter + sizes.index);
  EXPECT_TRUE(reader->may_contain("absent", nullptr));  // it cannot tell without reading
  const ReadCounters c = cost_of(*reader, cache, "key002500");
  EXPECT_EQ(c.filter_blocks_from_cache, 1u);
  EXPECT_EQ(c.index_blocks_from_cache, 1u);
  EXPECT_EQ(c.blocks_from_file, 1u);
  EXPECT_EQ(c.filter_true_positives, 1u);

  // What the filter rules out asks no index.
  ReadCounters absent;
  for (int i = 0; i < 100; ++i)
    (void)get(*reader, fmt::format("absent{}", i), {{}, &cache, &absent});
  EXPECT_EQ(absent.filter_blocks_from_cache, 100u);
  EXPECT_EQ(absent.filter_negatives + absent.filter_false_positives, 100u);
  EXPECT_EQ(absent.index_blocks_from_cache, absent.filter_false_positives);
}

TEST_F(MetadataCachingTest, WhatWasEvictedIsReadAgain) {
  for (const IndexType index_type : {IndexType::kBinarySearch, IndexType::kTwoLevel}) {
    build_with(index_type);
    const auto reader = [&] {
      BlockCache cache(1 << 20);
      return open({.cache = &cache}).value();  // gone with the cache
    }();
    BlockCache cache(0);
    const ReadCounters c = cost_of(*reader, cache, "key002500");
    EXPECT_EQ(c.filter_blocks_from_file, 1u);
    EXPECT_EQ(c.index_blocks_from_file, index_type == IndexType::kTwoLevel ? 2u : 1u);
    expect_scan(*reader->iterate({}), entries_);
    expect_scan_back(*reader->iterate({}), entries_);
  }
}

TEST_F(MetadataCachingTest, WhatIsPinnedStaysAndIsChargedUntilTheReaderGoes) {
  for (const IndexType index_type : {IndexType::kBinarySearch, IndexType::kTwoLevel}) {
    const Sizes sizes = build_with(index_type);
    BlockCache cache(1 << 20);
    auto reader = open({.cache = &cache, .pin = true}).value();
    EXPECT_EQ(cache.bytes(), sizes.filter + sizes.index + sizes.partitions);
    EXPECT_FALSE(reader->may_contain("absent", nullptr));
    const ReadCounters c = cost_of(*reader, cache, "key002500");
    EXPECT_EQ(c.index_blocks_from_cache + c.index_blocks_from_file, 0u);
    EXPECT_EQ(c.filter_blocks_from_cache + c.filter_blocks_from_file, 0u);
    const uint64_t block = c.bytes_from_file - kBlockTrailerSize;
    reader.reset();
    EXPECT_EQ(cache.bytes(), block);
  }
}

TEST_F(MetadataCachingTest, OfAPinnedTopLevelThePartitionsComeAndGo) {
  const Sizes sizes = build_with(IndexType::kTwoLevel);
  BlockCache cache(1 << 20);
  const auto reader = open({.cache = &cache, .pin_top_level = true}).value();
  EXPECT_EQ(cache.bytes(), sizes.filter + sizes.index);
  const ReadCounters c = cost_of(*reader, cache, "key002500");
  EXPECT_EQ(c.index_blocks_from_cache, 0u);
  EXPECT_EQ(c.index_blocks_from_file, 1u);
}

TEST_F(MetadataCachingTest, WhatIsReadAgainIsCheckedAgain) {
  for (const auto part : {&Footer::filter_offset, &Footer::index_offset}) {
    build_with(IndexType::kBinarySearch);
    BlockCache none(0);
    const auto reader = open({.cache = &none}).value();
    const uint64_t at = footer_of(bytes()).*part;
    bytes()[at] ^= 1;
    const auto found = get(*reader, "key002500", {{}, &none, nullptr});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message,
              fmt::format("{}: offset {}: {}: wrong checksum", kPath, at,
                          part == &Footer::filter_offset ? "filter" : "index"));
  }
}

TEST_F(SstableTest, AnUnreadablePartitionIsAnErrorForItsKeysAlone) {
  const Entries entries = numbered(3000);
  SstableOptions options;
  options.index_type = IndexType::kTwoLevel;
  options.metadata_block_size = ByteSize{64};
  build(entries, options);
  const SstableIndex top = index_of(bytes());
  ASSERT_GT(top.size(), 3u);
  bytes()[top.block(1).offset] ^= 1;
  const auto reader = open().value();
  int errors = 0;
  for (const auto& [key, value] : entries) {
    const bool damaged = compare(key, top.limit(0)) >= 0 && compare(key, top.limit(1)) < 0;
    const auto found = get(*reader, user_key_of(key), {});
    ASSERT_EQ(found.has_value(), !damaged) << user_key_of(key);
    if (!damaged) continue;
    ++errors;
    EXPECT_EQ(found.error().message, fmt::format("{}: offset {}: index partition: wrong checksum",
                                                 kPath, top.block(1).offset));
  }
  EXPECT_GT(errors, 0);
}

TEST_F(SstableTest, AKeyThatEndsABlockIsFoundWithoutTheNext) {
  const Entries entries = numbered(1000);
  build(entries);
  const auto reader = open().value();
  ReadCounters c;
  for (const auto& [key, value] : entries)
    ASSERT_EQ(get(*reader, user_key_of(key), {{}, nullptr, &c})->size(), 1u);
  EXPECT_EQ(c.blocks_from_file, entries.size());
}

TEST_F(SstableTest, AnotherFormatVersionIsRefusedByName) {
  build(numbered(3));
  bytes()[bytes().size() - 16] = 4;
  EXPECT_EQ(open().error().message, fmt::format("{}: offset {}: footer: unknown format version",
                                                kPath, bytes().size() - kFooterSize));
}

TEST_F(SstableTest, ManyOpenIteratorsDoNotDisturbEachOther) {
  Random random(3, "sstable");
  const Entries entries = random_entries(random, 200);
  SstableOptions options;
  options.block_size = ByteSize{256};
  build(entries, options);
  const auto reader = open().value();
  BlockCache cache(600);  // two blocks or so
  std::vector<std::unique_ptr<Iterator>> its;
  std::vector<Entries::const_iterator> ats;
  for (int i = 0; i < 6; ++i) {
    its.push_back(reader->iterate({{}, i % 2 == 0 ? &cache : nullptr, nullptr}));
    its.back()->seek_to_first();
    ats.push_back(entries.begin());
  }
  for (int step = 0; step < 3000; ++step) {
    const uint64_t i = random.below(its.size());
    if (ats[i] == entries.end()) continue;
    its[i]->next();
    ASSERT_NO_FATAL_FAILURE(expect_at(*its[i], entries, ++ats[i]));
  }
}

// --- damage
// ----------------------------------------------------------------------------------------

class SstableDamageTest : public SstableTest {
 protected:
  void expect_error(const Error& e) {
    ++errors_;
    EXPECT_EQ(e.code, ErrorCode::kCorruption) << e.message;
    EXPECT_TRUE(e.message.starts_with(kPath + ": offset ")) << e.message;
  }
  // Reads everything of a file that was damaged, by calls and in place. Returns the number of errors
  // of either, which must both be none or both some.
  int read_all(const Entries& entries) {
    files_.mapped = false;
    const int by_calls = read_all_once(entries);
    files_.mapped = true;
    const int in_place = read_all_once(entries);
    EXPECT_EQ(by_calls > 0, in_place > 0);
    return std::min(by_calls, in_place);
  }
  // Opens it, scans it with and without a cache and gets every key: each gives exactly what was
  // written, or an error that names the file.
  int read_all_once(const Entries& entries) {
    errors_ = 0;
    const auto reader = open();
    if (!reader) {
      expect_error(reader.error());
      return errors_;
    }
    BlockCache cache(1 << 20);
    for (BlockCache* c : {static_cast<BlockCache*>(nullptr), &cache}) {
      const ReadContext context{{env::CauseKind::kClientRead}, c, nullptr};
      const auto it = (*reader)->iterate(context);
      auto at = entries.begin();
      for (it->seek_to_first(); it->valid(); it->next(), ++at) {
        if (at == entries.end() || it->key() != at->first || it->value() != at->second) {
          ADD_FAILURE() << "a wrong entry";
          return errors_;
        }
      }
      if (!it->status()) {
        expect_error(it->status().error());
      } else {
        EXPECT_TRUE(at == entries.end()) << "entries are missing";
      }
      std::set<Bytes> user_keys;
      for (const auto& [key, value] : entries) user_keys.insert(user_key_of(key));
      for (const Bytes user_key : user_keys) {
        EXPECT_TRUE((*reader)->may_contain(user_key, nullptr));
        const auto found = get(**reader, user_key, context);
        if (!found) {
          expect_error(found.error());
        } else {
          EXPECT_EQ(*found, entries_of(entries, user_key));
        }
      }
    }
    return errors_;
  }

  int errors_ = 0;
};

Entries small_entries() {
  Entries entries = numbered(12, 30);
  erase(entries, "key000003", 100, Instant{5});
  put(entries, "", 1, "empty");
  return entries;
}
SstableOptions small_blocks() {
  SstableOptions options;
  options.block_size = ByteSize{256};
  options.restart_interval = 3;
  return options;
}

// Four data blocks, and two or three partitions if the index is to have them.
SstableOptions small_blocks_with(IndexType index_type) {
  SstableOptions options = small_blocks();
  options.index_type = index_type;
  options.metadata_block_size = ByteSize{16};
  return options;
}

TEST_F(SstableDamageTest, EveryFlippedBitIsNoticed) {
  for (const IndexType index_type : {IndexType::kBinarySearch, IndexType::kTwoLevel}) {
    const Entries entries = small_entries();
    build(entries, small_blocks_with(index_type),
          {{"key000002", "key000005", Version{7}, SequenceNumber{3}, {}}});
    ASSERT_EQ(read_all(entries), 0);
    for (size_t at = 0; at < bytes().size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        bytes()[at] = static_cast<char>(bytes()[at] ^ 1 << bit);
        ASSERT_GT(read_all(entries), 0) << "byte " << at << " bit " << bit;
        bytes()[at] = static_cast<char>(bytes()[at] ^ 1 << bit);
      }
    }
    EXPECT_EQ(read_all(entries), 0);
  }
}

TEST_F(SstableDamageTest, EveryTruncationAndExtensionIsNoticedAtOpen) {
  const Entries entries = small_entries();
  build(entries, small_blocks());
  const Buffer whole = bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    bytes() = whole.substr(0, size);
    EXPECT_FALSE(open()) << size;
    EXPECT_EQ(read_all(entries), 1) << size;
  }
  for (const Buffer& tail : {Buffer(1, '\0'), Buffer(4096, '\0'), whole}) {
    bytes() = whole + tail;
    EXPECT_FALSE(open());
    bytes() = tail + whole;
    EXPECT_FALSE(open());
  }
}

TEST_F(SstableDamageTest, RandomOverwritesAreNoticed) {
  Random random(4, "sstable");
  const Entries entries = small_entries();
  build(entries, small_blocks_with(IndexType::kTwoLevel));
  const Buffer whole = bytes();
  for (int round = 0; round < 1000; ++round) {
    const size_t at = random.below(whole.size());
    const size_t size = 1 + random.below(std::min<size_t>(whole.size() - at, 64));
    for (size_t i = 0; i < size; ++i) bytes()[at + i] = static_cast<char>(random.below(256));
    EXPECT_EQ(read_all(entries) > 0, bytes() != whole);
    bytes() = whole;
  }
}

TEST_F(SstableDamageTest, BlocksThatChangedPlacesAreNoticed) {
  SstableOptions options;
  options.block_size = ByteSize{256};
  options.restart_interval = 1;
  const Entries entries = numbered(40);
  build(entries, options);
  const Buffer whole = bytes();
  const SstableIndex index = index_of(whole);
  const BlockHandle first = index.block(0);
  const BlockHandle second = index.block(1);
  ASSERT_EQ(first.size, second.size);
  bytes().replace(first.offset, first.size + kBlockTrailerSize, whole, second.offset,
                  second.size + kBlockTrailerSize);
  bytes().replace(second.offset, second.size + kBlockTrailerSize, whole, first.offset,
                  first.size + kBlockTrailerSize);
  ASSERT_NE(bytes(), whole);
  ASSERT_TRUE(open());
  EXPECT_GT(read_all(entries), 0);
}

// Behind checksums that hold: what the parts say must still make sense.
TEST_F(SstableDamageTest, NonsenseWithGoodChecksumsIsNeverTrusted) {
  Random random(5, "sstable");
  const Entries entries = small_entries();
  build(entries, small_blocks_with(IndexType::kTwoLevel),
        {{"key000002", "key000005", Version{7}, SequenceNumber{3}, {}}});
  const Buffer whole = bytes();
  const Footer footer = footer_of(whole);
  const auto top = index_of(whole);
  ASSERT_GE(top.size(), 2u);
  const uint64_t starts[] = {top.block(0).offset,      top.block(1).offset,
                             top.block(1).end(),       footer.filter_offset,
                             footer.index_offset,      footer.range_tombstones_offset,
                             footer.properties_offset, whole.size() - kFooterSize};
  for (int round = 0; round < 40'000; ++round) {
    bytes() = whole;
    const uint64_t part = random.below(std::size(starts) - 1);
    if (starts[part] == starts[part + 1]) continue;
    const uint64_t size = starts[part + 1] - starts[part] - kBlockTrailerSize;
    Buffer payload = whole.substr(starts[part], size);
    for (uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      payload[random.below(size)] = static_cast<char>(random.below(256));
    }
    append_block_trailer(payload, 0, Compression::kNone, starts[part]);
    bytes().replace(starts[part], payload.size(), payload);
    // It may be wrong but consistent (a filter of other bits); it may not crash, and an error names
    // the file.
    const auto reader = open();
    if (!reader) {
      expect_error(reader.error());
      continue;
    }
    const auto it = (*reader)->iterate({});
    for (it->seek_to_first(); it->valid();) it->next();
    if (!it->status()) expect_error(it->status().error());
    (void)(*reader)->may_contain("key000003", nullptr);
    (void)get(**reader, "key000003", {});
  }
  EXPECT_GT(errors_, 1000);
}

TEST_F(SstableDamageTest, AnErrorOfTheFileIsPassedOnAndStays) {
  build(numbered(1000));
  const auto reader = open().value();
  const auto it = reader->iterate({});
  it->seek_to_first();
  ASSERT_TRUE(it->valid());
  files_.before = [](std::string_view call, const std::string& path) -> Result<void> {
    if (call == "read") return error(ErrorCode::kIo, "{}: unreadable", path);
    return {};
  };
  while (it->valid()) it->next();
  ASSERT_FALSE(it->status());
  EXPECT_EQ(it->status().error().code, ErrorCode::kIo);
  EXPECT_EQ(get(*reader, "key000500", {}).error().code, ErrorCode::kIo);
  EXPECT_EQ(open().error().code, ErrorCode::kIo);
  files_.before = nullptr;
  it->seek_to_first();
  EXPECT_FALSE(it->valid());
  EXPECT_TRUE(get(*reader, "key000500", {}));
}

TEST_F(SstableTest, TheBuilderPassesErrorsOn) {
  for (const std::string_view failing : {"append", "sync"}) {
    files_.before = [failing](std::string_view call, const std::string& path) -> Result<void> {
      if (call == failing) return error(ErrorCode::kNoSpace, "{}: full", path);
      return {};
    };
    SstableBuilder builder(files_.create(fmt::format("db/{}", failing)).value(), {}, kFlush);
    for (const auto& [key, value] : numbered(10)) ASSERT_TRUE(builder.add(key, value));
    EXPECT_EQ(builder.finish().error().code, ErrorCode::kNoSpace);
  }
}

TEST_F(SstableTest, TheBuilderInsistsOnAscendingKeys) {
  SstableBuilder builder(files_.create(kPath).value(), {}, kFlush);
  ASSERT_TRUE(builder.add(internal_key("b", 5), ""));
  EXPECT_DEATH((void)builder.add(internal_key("b", 5), ""), "out of order");
  EXPECT_DEATH((void)builder.add(internal_key("b", 6), ""), "out of order");
  EXPECT_DEATH((void)builder.add(internal_key("a", 1), ""), "out of order");
  EXPECT_TRUE(builder.add(internal_key("b", 4), ""));
}

// A change of the format must be a decision: then kFormatVersion changes, and this line.
TEST_F(SstableTest, BytesOnDiskAreTheSameForEver) {
  build(small_entries(), small_blocks());
  EXPECT_EQ(hash64(bytes()), 2374380418237841695u);
}

}  // namespace
}  // namespace revenant::sstable
