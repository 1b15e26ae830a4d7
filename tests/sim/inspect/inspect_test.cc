// Files that the engine wrote, whole and damaged, as `revenant inspect` tells of them.
#include "sim/inspect/inspect.h"

#include <gtest/gtest.h>

#include "engine/lsm/log_record.h"
#include "engine/lsm/manifest.h"
#include "engine/sstable/sstable_builder.h"
#include "engine/sstable/sstable_format.h"
#include "engine/wal/wal.h"
#include "tests/engine/lsm/db_fixture.h"

namespace revenant::sim {
namespace {

using lsm::must;

class Inspect : public lsm::DbTest {
 protected:
  Inspect() {
    options.sstable.block_size = ByteSize{256};
    reopen();
    for (int i = 0; i < 40; ++i) put(fmt::format("key{:02}", i), std::string(20, 'v'), 1);
    remove("key07", 2);
    flush();
    put("later", "v", 3);
    put("\x01\\", "v", 4);
    kill();
  }
  std::string the(std::string_view ending) {
    std::string found;
    for (const std::string& path : memory.paths()) {
      if (path.find(ending) != path.npos) found = path;
    }
    return found;
  }
  Directory directory() {
    Directory result{.path = "db", .names = must(memory.list("db")), .read = {}};
    result.read = [this](const std::string& name) -> Result<Buffer> {
      return memory.contents("db/" + name);
    };
    return result;
  }
  static std::string damage(const InspectReport& report) {
    std::string result;
    for (const FileDamage& d : report.damage)
      result += fmt::format("{}: offset {}: {}\n", d.file, d.offset, d.what);
    return result;
  }
  static nlohmann::ordered_json fact(const InspectReport& report, const std::string& name) {
    for (const auto& [fact, value] : report.facts) {
      if (fact == name) return value;
    }
    return {};
  }
};

TEST_F(Inspect, AWholeLogShowsEveryEntry) {
  const InspectReport report = inspect_wal("log", memory.contents(the(".wal")));
  EXPECT_TRUE(report.whole()) << damage(report);
  ASSERT_EQ(report.tables[0].rows.size(), 2u);
  EXPECT_EQ(report.tables[0].rows[0][0], 16);
  EXPECT_EQ(report.tables[0].rows[0][2], "put");
  EXPECT_EQ(report.tables[0].rows[0][3], "later");
  EXPECT_EQ(report.tables[0].rows[1][3], "\\x01\\x5c");
  EXPECT_EQ(report.to_json()["entries"][0]["key"], "later");
}

TEST_F(Inspect, ADamagedLogShowsWhatLiesBehindTheDamage) {
  Buffer log = memory.contents(the(".wal"));
  log[30] ^= 1;
  const InspectReport report = inspect_wal("log", log);
  EXPECT_EQ(damage(report), "log: offset 16: wrong checksum\n");
  ASSERT_EQ(report.tables[0].rows.size(), 1u);
  EXPECT_EQ(report.tables[0].rows[0][3], "\\x01\\x5c");
  EXPECT_FALSE(report.to_json()["whole"].get<bool>());
}

TEST_F(Inspect, ABlockThatIsDamagedIsNamedAndTheOthersAreShown) {
  Buffer file = memory.contents(the(".sst"));
  const InspectReport whole = inspect_sstable("s", file);
  EXPECT_TRUE(whole.whole()) << damage(whole);
  EXPECT_EQ(fact(whole, "entries"), 40);
  EXPECT_EQ(fact(whole, "tombstones"), 1);
  const auto& blocks = whole.tables.back().rows;
  ASSERT_GT(blocks.size(), 2u);
  const auto second = blocks[1][0].get<uint64_t>();
  file[second + 5] ^= 1;
  const InspectReport report = inspect_sstable("s", file);
  EXPECT_EQ(damage(report).substr(0, 60).find(fmt::format("s: offset {}: data block", second)), 0u)
      << damage(report);
  EXPECT_EQ(report.tables.back().rows.size(), blocks.size());
  EXPECT_EQ(report.tables.back().rows[2], blocks[2]);
}

class InspectWithoutIndex : public Inspect,
                            public testing::WithParamInterface<sstable::Compression> {
 protected:
  // An SSTable of several blocks, and what its index says of them.
  void SetUp() override {
    options.sstable.compression = GetParam();
    machine().boot();
    open();
    for (int i = 0; i < 200; ++i) put(fmt::format("more{:03}", i), std::string(40, 'v'), 9);
    flush();
    kill();
    file = memory.contents(the(".sst"));
    const InspectReport whole = inspect_sstable("s", file);
    ASSERT_TRUE(whole.whole()) << damage(whole);
    blocks = whole.tables.back().rows;
    ASSERT_GT(blocks.size(), 5u);
  }
  using Rows = std::vector<std::vector<nlohmann::ordered_json>>;
  static Rows blocks_of(const InspectReport& report) { return report.tables.back().rows; }

  Buffer file;
  Rows blocks;
};

TEST_P(InspectWithoutIndex, EveryDataBlockIsFoundByAScan) {
  Buffer no_footer = file;
  no_footer[file.size() - 3] ^= 1;
  Buffer no_index = file;
  // Right before it lies the filter, which begins where the last block ends.
  const uint64_t index = get_fixed<uint64_t>(file.data() + file.size() - sstable::kFooterSize + 16);
  no_index[index + 3] ^= 1;
  const Buffer cut(file.substr(0, file.size() / 2));
  EXPECT_EQ(blocks_of(inspect_sstable("s", no_footer)), blocks);
  EXPECT_EQ(blocks_of(inspect_sstable("s", no_index)), blocks);
  const Rows found = blocks_of(inspect_sstable("s", cut));
  ASSERT_GE(found.size(), 2u);
  EXPECT_EQ(found, Rows(blocks.begin(), blocks.begin() + std::ssize(found)));
}

TEST_P(InspectWithoutIndex, BehindADamagedBlockUncompressedOnesAreFoundAgain) {
  file[file.size() - 3] ^= 1;
  const auto second = blocks[1][0].get<uint64_t>();
  file[second + 5] ^= 1;
  const InspectReport report = inspect_sstable("s", file);
  const Rows found = blocks_of(report);
  if (GetParam() == sstable::Compression::kNone) {
    blocks.erase(blocks.begin() + 1);
    EXPECT_EQ(found, blocks);
    EXPECT_EQ(report.damage[1].offset, second);
  } else {
    EXPECT_EQ(found, Rows(blocks.begin(), blocks.begin() + 1));
    EXPECT_EQ(fact(report, "bytes scanned"), second);
  }
}

INSTANTIATE_TEST_SUITE_P(All, InspectWithoutIndex,
                         testing::Values(sstable::Compression::kNone, sstable::Compression::kLz4,
                                         sstable::Compression::kZstd),
                         [](const auto& test) { return std::string(enum_name(test.param)); });

// The same entries under another index.
class InspectTwoLevel : public Inspect {
 protected:
  InspectTwoLevel() {
    options.sstable.index_type = sstable::IndexType::kTwoLevel;
    options.sstable.metadata_block_size = ByteSize{64};
    machine().boot();
    open();
    for (int i = 0; i < 200; ++i) put(fmt::format("more{:03}", i), std::string(20, 'v'), 5);
    flush();
    kill();
  }
};

TEST_F(InspectTwoLevel, TheIndexesPartitionsAreShownAndTheirBlocks) {
  Buffer file = memory.contents(the(".sst"));
  const InspectReport whole = inspect_sstable("s", file);
  EXPECT_TRUE(whole.whole()) << damage(whole);
  EXPECT_EQ(fact(whole, "index type"), "two_level");
  const InspectTable& partitions = whole.tables[whole.tables.size() - 2];
  const InspectTable& blocks = whole.tables.back();
  ASSERT_EQ(partitions.name, "index partitions");
  ASSERT_GT(partitions.rows.size(), 2u);
  uint64_t named = 0;
  for (const auto& row : partitions.rows) named += row[2].get<uint64_t>();
  EXPECT_EQ(named, blocks.rows.size());

  // Behind a damaged partition its blocks cannot be found; the others can.
  const auto second = partitions.rows[1][0].get<uint64_t>();
  file[second] ^= 1;
  const InspectReport report = inspect_sstable("s", file);
  EXPECT_EQ(damage(report), fmt::format("s: offset {}: index partition: wrong checksum\n", second));
  EXPECT_EQ(report.tables.back().rows.size(),
            blocks.rows.size() - partitions.rows[1][2].get<uint64_t>());
}

TEST_F(Inspect, AnyFlippedBitOfAnyFileIsNamedByFileAndOffset) {
  for (const std::string& name : must(memory.list("db"))) {
    Buffer& file = memory.contents("db/" + name);
    for (size_t at = 0; at < file.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        file[at] = static_cast<char>(file[at] ^ 1 << bit);
        const InspectReport report = inspect_lsm(directory());
        file[at] = static_cast<char>(file[at] ^ 1 << bit);
        ASSERT_FALSE(report.whole()) << name << " byte " << at << " bit " << bit;
        // A flipped bit of CURRENT may make the name of a manifest that is not there.
        if (name != "CURRENT") {
          ASSERT_EQ(report.damage[0].file, "db/" + name) << damage(report);
        }
        ASSERT_LE(report.damage[0].offset, at) << damage(report);
      }
    }
  }
}

TEST_F(Inspect, ADirectoryShowsWhatItsManifestNames) {
  const InspectReport whole = inspect_lsm(directory());
  EXPECT_TRUE(whole.whole()) << damage(whole);
  EXPECT_EQ(fact(whole, "SSTables"), 1);
  memory.put("db/999999.sst", "orphan");
  memory.put("db/notes.txt", "mine");
  const InspectReport report = inspect_lsm(directory());
  EXPECT_TRUE(report.whole());
  EXPECT_EQ(report.tables.back().rows[0][1], "orphan");
  EXPECT_EQ(report.tables.back().rows[1][1], "not the database's");
  must(memory.remove(the(".sst").starts_with("db/9") ? "db/999999.sst" : the(".sst")));
  for (const std::string& path : memory.paths()) {
    if (path.ends_with(".sst")) must(memory.remove(path));
  }
  EXPECT_NE(damage(inspect_lsm(directory())).find(".sst: offset 0: missing"), std::string::npos);
}

TEST(InspectAnything, BytesThatAreNoFileOfOursAreDamaged) {
  for (const std::string_view bytes : {"", "x",
                                       "not a file of a database at all, but long enough "
                                       "to hold a footer and a header"}) {
    EXPECT_FALSE(inspect_sstable("f", bytes).whole());
    EXPECT_FALSE(inspect_wal("f", bytes).whole());
    EXPECT_FALSE(inspect_manifest("f", bytes).whole());
  }
}

}  // namespace
}  // namespace revenant::sim
