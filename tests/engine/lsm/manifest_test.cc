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
    for (uint64_t number : added)
      result.added.push_back({1, sstable({.number = number, .tombstones = 3})});
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
  EXPECT_EQ(after->added[0].meta->properties.greatest_key, "z");
  EXPECT_EQ(after->added[0].meta->properties.tombstones, 3u);
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

TEST_F(ManifestTest, RemovingWhatWasNeverAddedIsCorruption) {
  Manifest manifest = create(3, edit({1}));
  ASSERT_TRUE(manifest.append(edit({}, {9})).has_value());
  EXPECT_NE(current().find("corruption"), std::string::npos) << current();
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
