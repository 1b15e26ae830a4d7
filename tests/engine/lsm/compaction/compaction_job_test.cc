#include "engine/lsm/compaction/compaction_job.h"

#include <gtest/gtest.h>

#include "engine/lsm/compaction/sstable_writer.h"
#include "tests/support/memory_file_system.h"

namespace revenant::lsm {
namespace {

struct Entry {
  std::string key;
  uint64_t version;
  std::optional<std::string> value;  // nothing: a tombstone, deleted at the second of its version
};

class CompactionJobTest : public testing::Test {
 protected:
  CompactionJobTest() {
    request.directory = "db";
    request.first_output = {100};
    request.now = {seconds(1000).ns};
    request.gc = {.gc_grace = seconds(100)};
  }

  // Entries in key order, one a key.
  SstableMetaPtr write(const std::vector<Entry>& entries) {
    SstableWriter writer(files, {.directory = "db",
                                 .sstable = {},
                                 .cause = {env::CauseKind::kFlush},
                                 .creation_time = {},
                                 .first_number = {next_file++}});
    for (const Entry& e : entries) {
      Cell cell;
      cell.kind = e.value.has_value() ? CellKind::kValue : CellKind::kTombstone;
      cell.version = {e.version};
      cell.deletion_time = {seconds(static_cast<int64_t>(e.version)).ns};
      cell.value = e.value.value_or("");
      Buffer key;
      sstable::append_internal_key(key, e.key, cell.version, {++sequence}, cell.kind);
      CHECK(writer.add(key, sstable::encode_entry_value(cell.view())).has_value());
    }
    return (*writer.finish()).front();
  }
  Bystander beside(const SstableMetaPtr& meta) {
    return {meta,
            *sstable::SstableReader::open(*files.open(sstable_path("db", meta->number)),
                                          meta->number, "beside", {env::CauseKind::kCompaction})};
  }

  // "a@5=v b@7=x | c@1=…": a bar between two files.
  std::string contents(const std::vector<SstableMetaPtr>& sstables) {
    std::string result;
    for (const auto& meta : sstables) {
      if (!result.empty()) result += " |";
      auto reader =
          *sstable::SstableReader::open(*files.open(sstable_path("db", meta->number)), meta->number,
                                        "out", {env::CauseKind::kCompaction});
      auto it = reader->iterate({});
      for (it->seek_to_first(); it->valid(); it->next()) {
        const auto key = sstable::parse_internal_key(it->key());
        result += fmt::format("{}{}@{}={}", result.empty() ? "" : " ", key.user_key, key.version,
                              key.kind == CellKind::kTombstone ? "x" : std::string(it->value()));
      }
    }
    return result;
  }
  std::string compact(std::vector<SstableMetaPtr> inputs) {
    request.inputs = std::move(inputs);
    outcome = run_compaction(files, request);
    request.first_output.value += request.output_numbers;
    if (!outcome.status.has_value()) return fmt::format("{}", outcome.status.error());
    return contents(outcome.outputs);
  }
  uint64_t decided(PurgeReason reason) const {
    return outcome.decisions[static_cast<size_t>(reason)];
  }

  tests::MemoryFileSystem files;
  uint64_t next_file = 1;
  uint64_t sequence = 0;
  CompactionRequest request;
  CompactionOutcome outcome;
};

TEST_F(CompactionJobTest, KeepsTheWinnerOfEachKey) {
  const auto older = write({{"a", 1, "old"}, {"b", 9, "new"}, {"c", 950, "v"}});
  const auto newer = write({{"a", 2, "new"}, {"b", 8, "old"}, {"c", 950, std::nullopt}});
  EXPECT_EQ(compact({older, newer}), "a@2=new b@9=new c@950=x");
  EXPECT_EQ(outcome.shadowed, 3u);
  EXPECT_GT(outcome.bytes_read, 0u);
  EXPECT_EQ(outcome.bytes_written, files.contents("db/000100.sst").size());
}

TEST_F(CompactionJobTest, DropsATombstoneAndAllItShadows) {
  const auto older = write({{"a", 1, "v"}, {"b", 2, "v"}});
  const auto newer = write({{"a", 5, std::nullopt}});
  EXPECT_EQ(compact({older, newer}), "b@2=v");
  EXPECT_EQ(decided(PurgeReason::kPurged), 1u);
  ASSERT_EQ(outcome.purged.size(), 1u);
  EXPECT_EQ(outcome.purged[0].key, "a");
  EXPECT_EQ(outcome.purged[0].version, Version{5});
}

TEST_F(CompactionJobTest, MakesNoFileWhenNothingIsLeft) {
  EXPECT_EQ(compact({write({{"a", 5, std::nullopt}})}), "");
  EXPECT_TRUE(outcome.outputs.empty());
  EXPECT_TRUE(outcome.created.empty());
}

TEST_F(CompactionJobTest, ABystanderKeepsATombstoneOnlyIfItMayHoldAnOlderCellOfItsKey) {
  const auto input =
      write({{"a", 5, std::nullopt}, {"m", 5, std::nullopt}, {"q", 5, std::nullopt}});
  request.bystanders = {beside(write({{"c", 1, "v"}, {"m", 9, "v"}, {"z", 8, "v"}}))};
  // a lies outside of its range, q inside but not in its filter, m may be there; its least version
  // is 1.
  EXPECT_EQ(compact({input}), "m@5=x");
  EXPECT_EQ(decided(PurgeReason::kKeptBySstable), 1u);
  EXPECT_EQ(decided(PurgeReason::kPurged), 2u);

  request.bystanders = {beside(write({{"c", 6, "v"}, {"m", 9, "v"}, {"z", 8, "v"}}))};
  EXPECT_EQ(compact({input}), "");
  request.guards.sstables = false;
  request.bystanders = {beside(write({{"m", 1, "v"}}))};
  EXPECT_EQ(compact({input}), "");
}

TEST_F(CompactionJobTest, MemtablesAndLogKeepWhatTheyMayShadow) {
  const auto input = write({{"a", 5, std::nullopt}, {"b", 7, std::nullopt}});
  request.least_version_memtables = Version{6};
  EXPECT_EQ(compact({input}), "b@7=x");
  EXPECT_EQ(decided(PurgeReason::kKeptByMemtable), 1u);
  request.least_version_memtables.reset();
  request.least_version_log = Version{5};
  EXPECT_EQ(compact({input}), "a@5=x b@7=x");
  EXPECT_EQ(decided(PurgeReason::kKeptByLog), 2u);
}

TEST_F(CompactionJobTest, GraceIsCountedFromTheDeletion) {
  const auto input =
      write({{"a", 899, std::nullopt}, {"b", 900, std::nullopt}, {"c", 901, std::nullopt}});
  EXPECT_EQ(compact({input}), "b@900=x c@901=x");
  EXPECT_EQ(decided(PurgeReason::kKeptByGrace), 2u);
}

TEST_F(CompactionJobTest, SplitsOutputsBySizeAndTheLastNumberTakesTheRest) {
  std::vector<Entry> entries;
  for (int i = 0; i < 100; ++i)
    entries.push_back({fmt::format("k{:02}", i), 1, std::string(200, 'v')});
  request.output_bytes_max = 6000;
  request.output_numbers = 3;
  compact({write(entries)});
  ASSERT_EQ(outcome.outputs.size(), 3u);
  EXPECT_EQ(outcome.outputs[0]->properties.entries + outcome.outputs[1]->properties.entries +
                outcome.outputs[2]->properties.entries,
            100u);
  EXPECT_NEAR(static_cast<double>(outcome.outputs[0]->file_bytes), 6000, 1000);
  EXPECT_GT(outcome.outputs[2]->properties.entries, outcome.outputs[0]->properties.entries);
  EXPECT_LT(outcome.outputs[0]->greatest_key(), outcome.outputs[1]->least_key());
}

TEST_F(CompactionJobTest, AnUnreadableInputFailsTheWholeJob) {
  const auto input = write({{"a", 1, "v"}, {"b", 2, "v"}});
  files.contents("db/000001.sst")[3] ^= 1;
  EXPECT_NE(compact({input}).find("corruption"), std::string::npos);
}

TEST_F(CompactionJobTest, OutputsAreSyncedBeforeTheirDirectory) {
  std::string calls;
  const auto input = write({{"a", 1, "v"}});
  files.before = [&](std::string_view call, const std::string&) -> Result<void> {
    if (call.starts_with("sync")) calls += fmt::format("{} ", call);
    return {};
  };
  EXPECT_EQ(compact({input}), "a@1=v");
  EXPECT_EQ(calls, "sync sync_directory ");
}

}  // namespace
}  // namespace revenant::lsm
