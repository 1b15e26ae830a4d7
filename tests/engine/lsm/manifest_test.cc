#include "engine/lsm/manifest.h"

#include <gtest/gtest.h>

#include "tests/engine/lsm/compaction/sstables.h"
#include "tests/support/memory_file_system.h"

namespace revenant::lsm {
namespace {

class ManifestTest : public testing::Test {
 protected:
  static ManifestEdit edit(std::vector<uint64_t> added, std::vector<uint64_t> removed = {}) {
    ManifestEdit result;
    for (uint64_t number : added) {
      const std::string key = fmt::format("{:02}", number);
      result.added.push_back(
          {1, sstable({.number = number, .least = key, .greatest = key + "z", .tombstones = 3})});
    }
    for (uint64_t number : removed) result.removed.push_back({number});
    return result;
  }
  // Numbers of the SSTables that the current manifest names, "none", or the error.
  std::string current() {
    auto contents = read_current_manifest(files, "db");
    if (!contents.has_value()) return fmt::format("{}", contents.error());
    if (!contents->has_value()) return "none";
    std::vector<SstableMetaPtr> sstables;
    for (const auto& added : (*contents)->whole.added) sstables.push_back(added.meta);
    return fmt::format("{}: {}", (*contents)->number.value, numbers(sstables));
  }
  Manifest create(uint64_t number, const ManifestEdit& whole) {
    auto manifest = Manifest::create(files, "db", {number}, whole);
    CHECK(manifest.has_value());
    return std::move(*manifest);
  }

  tests::MemoryFileSystem files;
};

TEST_F(ManifestTest, AnEditSurvivesItsEncoding) {
  ManifestEdit before = edit({7}, {3, 4});
  before.log_number = FileNumber{5};
  before.next_file = FileNumber{9};
  before.last_sequence = SequenceNumber{1234567};
  const auto after = decode_manifest_edit(encode_manifest_edit(before));
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->log_number, before.log_number);
  EXPECT_EQ(after->next_file, before.next_file);
  EXPECT_EQ(after->last_sequence, before.last_sequence);
  EXPECT_EQ(after->removed, before.removed);
  ASSERT_EQ(after->added.size(), 1u);
  EXPECT_EQ(after->added[0].level, 1);
  EXPECT_EQ(after->added[0].meta->number, FileNumber{7});
  EXPECT_EQ(after->added[0].meta->file_bytes, 100u);
  EXPECT_EQ(after->added[0].meta->properties.greatest_key, "07z");
  EXPECT_EQ(after->added[0].meta->properties.tombstones, 3u);
}

TEST_F(ManifestTest, AnEditTellsWhatIsRepaired) {
  ManifestEdit before = edit({7, 8});
  auto repaired = std::make_shared<SstableMeta>(*before.added[1].meta);
  repaired->repaired_at = Instant{99};
  before.added[1].meta = repaired;
  const auto after = decode_manifest_edit(encode_manifest_edit(before));
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->added[0].meta->repaired_at, std::nullopt);
  EXPECT_EQ(after->added[1].meta->repaired_at, Instant{99});
}

TEST_F(ManifestTest, EveryCutOfAnEditIsNoticedOrIsAnEditOfWholeFields) {
  const Buffer whole = encode_manifest_edit(edit({7}));
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_manifest_edit(Bytes(whole).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode_manifest_edit("\x77").has_value());
}

TEST_F(ManifestTest, EditsAddUp) {
  EXPECT_EQ(current(), "none");
  Manifest manifest = create(3, edit({1, 2}));
  ASSERT_TRUE(manifest.append(edit({5})).has_value());
  ASSERT_TRUE(manifest.append(edit({6}, {1, 5})).has_value());
  EXPECT_EQ(current(), "3: 2 6");
}

TEST_F(ManifestTest, ATornEndIsLeftOut) {
  Manifest manifest = create(3, edit({1}));
  ASSERT_TRUE(manifest.append(edit({2})).has_value());
  files.contents("db/MANIFEST-000003").pop_back();
  EXPECT_EQ(current(), "3: 1");
}

// Good checksums over edits that cannot be: the file and the offset of the edit are named.
TEST_F(ManifestTest, AnEditThatCannotBeIsCorruptionAtItsPlace) {
  const auto in_level = [](int level, const Described& described) {
    ManifestEdit result;
    result.added.push_back({level, sstable(described)});
    return result;
  };
  struct Case {
    ManifestEdit edit;
    std::string message;
  };
  const std::vector<Case> cases = {
      {edit({}, {9}), "SSTable 000009 is removed but was never added"},
      {edit({4}), "SSTable 000004 is added twice"},
      {in_level(1, {.number = 7, .least = "03", .greatest = "04"}),
       "SSTables 000004 and 000007 overlap in level 1"},
      {in_level(1, {.number = 7, .least = "04z", .greatest = "05"}),
       "SSTables 000004 and 000007 overlap in level 1"},
      {in_level(1, {.number = 7, .least = "04a", .greatest = "04b"}),
       "SSTables 000004 and 000007 overlap in level 1"},
      {in_level(1, {.number = 7, .least = "01", .greatest = "99"}),
       "SSTables 000004 and 000007 overlap in level 1"},
      {in_level(2, {.number = 7, .least = "b", .greatest = "a"}),
       "SSTable 000007 ends before it begins"},
  };
  for (const Case& c : cases) {
    files = {};
    Manifest manifest = create(3, edit({4}));
    const uint64_t offset = manifest.bytes();
    ASSERT_TRUE(manifest.append(c.edit).has_value());
    EXPECT_EQ(current(),
              fmt::format("corruption: db/MANIFEST-000003: offset {}: {}", offset, c.message));
  }
}

TEST_F(ManifestTest, WhatAnEditRemovesMakesRoomForWhatItAdds) {
  Manifest manifest = create(3, edit({1, 4}));
  ManifestEdit replaced = edit({}, {4});
  replaced.added.push_back({1, sstable({.number = 5, .least = "04", .greatest = "05"})});
  ManifestEdit moved = edit({}, {1});
  moved.added.push_back({2, sstable({.number = 1, .least = "01", .greatest = "01z"})});
  // Level 0 and other levels may overlap.
  for (const int level : {0, 0, 3}) {
    const uint64_t number = 6 + moved.added.size();
    moved.added.push_back({level, sstable({.number = number, .least = "0", .greatest = "9"})});
  }
  ASSERT_TRUE(manifest.append(replaced).has_value());
  ASSERT_TRUE(manifest.append(moved).has_value());
  EXPECT_EQ(current(), "3: 1 5 7 8 9");
}

TEST_F(ManifestTest, ACrashAtAnyStepLeavesTheOldOrTheNewOne) {
  for (int step = 0;; ++step) {
    files = {};
    create(3, edit({1}));
    int left = step;
    files.before = [&](std::string_view, const std::string&) -> Result<void> {
      if (left-- <= 0) return error(ErrorCode::kIo, "crash");
      return {};
    };
    const bool created = Manifest::create(files, "db", {5}, edit({2})).has_value();
    files.before = nullptr;
    const std::string after = current();
    if (created) {
      EXPECT_EQ(after, "5: 2");
      EXPECT_GE(step, 8);
      break;
    }
    EXPECT_TRUE(after == "3: 1" || after == "5: 2") << "step " << step << ": " << after;
  }
}

TEST_F(ManifestTest, WhatCurrentNamesIsDurableBefore) {
  std::string calls;
  files.before = [&](std::string_view call, const std::string& path) -> Result<void> {
    calls += fmt::format("{} {}\n", call, path);
    return {};
  };
  create(3, edit({1}));
  EXPECT_EQ(calls,
            "create db/MANIFEST-000003\n"
            "append db/MANIFEST-000003\n"
            "sync db/MANIFEST-000003\n"
            "sync_directory db\n"
            "create db/000004.tmp\n"
            "append db/000004.tmp\n"
            "sync db/000004.tmp\n"
            "rename db/000004.tmp\n"
            "sync_directory db\n");
}

}  // namespace
}  // namespace revenant::lsm
