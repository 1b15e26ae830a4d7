#include "engine/lsm/compaction/anticompaction.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/base/random.h"
#include "engine/lsm/compaction/sstable_writer.h"
#include "engine/sstable/internal_key.h"
#include "engine/sstable/sstable_reader.h"
#include "tests/support/memory_file_system.h"

namespace revenant::lsm {
namespace {

using Entries = std::vector<std::pair<Buffer, Buffer>>;  // internal keys and values

struct Contents {
  Entries entries;
  std::vector<sstable::RangeTombstone> ranges;
};

class AnticompactionTest : public testing::Test {
 protected:
  SstableMetaPtr write(const Contents& contents) {
    SstableWriter writer(files_, {.directory = "db",
                                  .sstable = {},
                                  .cause = {env::CauseKind::kFlush},
                                  .creation_time = Instant{7},
                                  .first_number = {next_file_++}});
    writer.add(contents.ranges);
    for (const auto& [key, value] : contents.entries) CHECK(writer.add(key, value).has_value());
    return (*writer.finish()).front();
  }
  Contents read(const SstableMetaPtr& meta) {
    Contents contents;
    if (meta == nullptr) return contents;
    const auto reader =
        *sstable::SstableReader::open(*files_.open(sstable_path("db", meta->number)), meta->number,
                                      "out", {env::CauseKind::kCompaction});
    auto it = reader->iterate({});
    for (it->seek_to_first(); it->valid(); it->next())
      contents.entries.emplace_back(it->key(), it->value());
    contents.ranges = reader->range_tombstones().list();
    return contents;
  }
  AnticompactionOutcome split(const SstableMetaPtr& input, KeySpans spans) {
    AnticompactionRequest request;
    request.directory = "db";
    request.input = input;
    request.spans = std::make_shared<const KeySpans>(std::move(spans));
    request.outputs = {FileNumber{next_file_}, FileNumber{next_file_ + 1}};
    next_file_ += 2;
    return anticompact(files_, request);
  }

  static Buffer key_of(uint64_t i) { return fmt::format("{:02}", i); }
  // Range tombstones of any kind, and several versions of some keys.
  static Contents any_contents(Random& random) {
    Contents contents;
    uint64_t sequence = 0;
    for (uint64_t i = 0; i < 40; ++i) {
      const uint64_t versions = random.below(3);
      for (uint64_t v = versions; v > 0; --v) {
        Buffer key;
        sstable::append_internal_key(key, key_of(i), Version{v}, {++sequence}, CellKind::kValue);
        const CellView cell{CellKind::kValue, Version{v}, {}, "value"};
        contents.entries.emplace_back(key, sstable::encode_entry_value(cell));
      }
    }
    for (uint64_t count = random.below(5); count > 0; --count) {
      const uint64_t start = random.below(40);
      const uint64_t end = start + 1 + random.below(40 - start);
      contents.ranges.push_back(
          {key_of(start), key_of(end), Version{random.below(9)}, {++sequence}, Instant{5}});
    }
    return contents;
  }

  tests::MemoryFileSystem files_;
  uint64_t next_file_ = 1;
};

TEST_F(AnticompactionTest, TheTwoHalvesAreTheInputEachKeyOnItsSide) {
  Random random(3, "anticompaction");
  int split_both = 0;
  for (int run = 0; run < 200; ++run) {
    const Contents drawn = any_contents(random);
    if (drawn.entries.empty() && drawn.ranges.empty()) continue;
    const SstableMetaPtr input = write(drawn);
    const Contents given = read(input);  // without tombstones that no reader would heed
    KeySpans spans;
    for (uint64_t i = random.below(8); i < 40; i += 1 + random.below(12)) {
      const uint64_t limit = i + 1 + random.below(6);
      spans.push_back({key_of(i), limit >= 40 ? Buffer() : key_of(limit)});
      i = limit;
    }
    std::swap(spans.front(), spans.back());  // they may come in any order
    const AnticompactionOutcome outcome = split(input, spans);
    ASSERT_TRUE(outcome.status.has_value());
    const Contents inside = read(outcome.outputs[0]), outside = read(outcome.outputs[1]);
    split_both += !inside.entries.empty() && !outside.entries.empty() ? 1 : 0;

    Entries expected_inside, expected_outside;
    for (const auto& entry : given.entries)
      (contains(spans, sstable::user_key_of(entry.first)) ? expected_inside : expected_outside)
          .push_back(entry);
    EXPECT_EQ(inside.entries, expected_inside);
    EXPECT_EQ(outside.entries, expected_outside);
    // Of each key: the tombstones that cover it.
    const auto covering = [](const Contents& contents, const Buffer& key) {
      std::multimap<uint64_t, Version> found;  // by sequence
      for (const auto& t : contents.ranges) {
        if (t.start <= key && key < t.end) found.emplace(t.sequence.value, t.version);
      }
      return found;
    };
    for (uint64_t i = 0; i < 41; ++i) {
      const Buffer key = key_of(i);
      const bool within = contains(spans, key);
      EXPECT_EQ(covering(within ? inside : outside, key), covering(given, key)) << key;
      EXPECT_TRUE(covering(within ? outside : inside, key).empty()) << key;
    }
    for (const SstableMetaPtr& output : outcome.outputs) {
      EXPECT_TRUE(output == nullptr || output->creation_time == input->creation_time);
    }
  }
  EXPECT_GT(split_both, 100);
}

TEST_F(AnticompactionTest, AnSstableOfOneSpanNeedsNone) {
  Random random(4, "anticompaction");
  Contents contents = any_contents(random);
  contents.ranges.clear();
  const SstableMetaPtr sstable = write(contents);
  const Buffer least(sstable->least_key()), greatest(sstable->greatest_key());
  EXPECT_TRUE(lies_within(*sstable, {{"", least}, {least, ""}}));
  EXPECT_FALSE(lies_within(*sstable, {{least, greatest}})) << "a limit is not in its span";
  EXPECT_FALSE(lies_within(*sstable, {{"", greatest}, {greatest, ""}})) << "two spans";
}

TEST_F(AnticompactionTest, WhatCannotBeReadIsNotSplit) {
  Random random(5, "anticompaction");
  const SstableMetaPtr sstable = write(any_contents(random));
  ASSERT_TRUE(files_.remove(sstable_path("db", sstable->number)).has_value());
  EXPECT_FALSE(split(sstable, {{key_of(3), key_of(9)}}).status.has_value());
}

}  // namespace
}  // namespace revenant::lsm
