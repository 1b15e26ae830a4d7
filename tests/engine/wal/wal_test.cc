#include "engine/wal/wal.h"

#include <gtest/gtest.h>

#include "engine/base/checksum.h"
#include "tests/support/memory_file_system.h"

namespace revenant::wal {
namespace {

const std::string kPath = "db/000001.log";

class WalTest : public testing::Test {
 protected:
  // Writes a new segment, each record by an append of its own.
  void write(const std::vector<Buffer>& records) {
    WalWriter writer(create());
    for (const Buffer& record : records) ASSERT_TRUE(writer.append(record));
    ASSERT_TRUE(writer.sync());
  }
  std::unique_ptr<env::AppendFile> create() {
    if (files_.exists(kPath)) files_.remove(kPath).value();
    return files_.create(kPath).value();
  }
  Buffer& segment() { return files_.contents(kPath); }

  // Replays the segment into replayed_.
  Result<WalReplay> replay() {
    replayed_.clear();
    auto file = files_.open(kPath).value();
    return replay_wal(*file, [&](Bytes payload) -> Result<void> {
      replayed_.emplace_back(payload);
      return {};
    });
  }
  // Replays what may have been damaged: every outcome but a prefix of `records` is a failure.
  void expect_prefix(const std::vector<Buffer>& records, const std::string& damage) {
    const Result<WalReplay> result = replay();
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::kCorruption) << damage;
      return;
    }
    ASSERT_LE(replayed_.size(), records.size()) << damage;
    EXPECT_EQ(result->records, replayed_.size()) << damage;
    EXPECT_EQ(result->valid_bytes + result->dropped_bytes, segment().size()) << damage;
    for (size_t i = 0; i < replayed_.size(); ++i) EXPECT_EQ(replayed_[i], records[i]) << damage;
  }

  tests::MemoryFileSystem files_;
  std::vector<Buffer> replayed_;
};

// Lengths around every boundary that the reader could care about.
std::vector<Buffer> varied_records() {
  std::vector<Buffer> records;
  for (size_t size : {0, 1, 7, 8, 9, 16, 100, 511, 512, 4096}) {
    records.emplace_back(size, static_cast<char>('a' + records.size()));
  }
  records.push_back(Buffer("\0\0\0\0\0\0\0\0", 8));
  return records;
}

TEST_F(WalTest, RecordsComeBackInOrder) {
  write(varied_records());
  const WalReplay result = replay().value();
  EXPECT_EQ(replayed_, varied_records());
  EXPECT_EQ(result.end, WalEnd::kClean);
  EXPECT_EQ(result.valid_bytes, segment().size());
  EXPECT_EQ(result.dropped_bytes, 0u);
}

TEST_F(WalTest, RecordsLongerThanTheReadersWindowComeBack) {
  std::vector<Buffer> records;
  for (size_t size : {300'000, 10, 1'000'000, 262'143, 262'144, 1}) {
    records.emplace_back(size, static_cast<char>('a' + records.size()));
  }
  write(records);
  EXPECT_EQ(replay()->end, WalEnd::kClean);
  EXPECT_EQ(replayed_, records);
}

TEST_F(WalTest, AppendAllWritesTheSameBytesAsAppendsDo) {
  const std::vector<Buffer> records = varied_records();
  write(records);
  const Buffer one_by_one = segment();

  WalWriter writer(create());
  ASSERT_TRUE(writer.append_all({}));
  EXPECT_EQ(writer.size(), 0u);
  int appends = 0;
  files_.before = [&](std::string_view call, const std::string&) -> Result<void> {
    appends += call == "append" ? 1 : 0;
    return {};
  };
  ASSERT_TRUE(writer.append_all({records.begin(), records.end()}));
  EXPECT_EQ(appends, 1);
  EXPECT_EQ(writer.size(), one_by_one.size());
  EXPECT_EQ(segment(), one_by_one);
}

TEST_F(WalTest, AnEmptySegmentHoldsNothing) {
  create();
  const WalReplay result = replay().value();
  EXPECT_EQ(result.records, 0u);
  EXPECT_EQ(result.valid_bytes, 0u);
  EXPECT_EQ(result.end, WalEnd::kTorn);
}

TEST_F(WalTest, EveryPrefixOfASegmentReplaysToThePrefixOfWholeRecords) {
  const std::vector<Buffer> records = varied_records();
  write(records);
  const Buffer whole = segment();
  size_t fit = 0;
  uint64_t boundary = kSegmentHeaderSize;  // where record `fit` starts
  for (size_t size = 0; size <= whole.size(); ++size) {
    segment() = whole.substr(0, size);
    while (fit < records.size() && size >= boundary + kRecordHeaderSize + records[fit].size()) {
      boundary += kRecordHeaderSize + records[fit++].size();
    }
    const WalReplay result = replay().value();
    ASSERT_EQ(result.records, fit) << size;
    ASSERT_EQ(replayed_, std::vector(records.begin(), records.begin() + fit)) << size;
    ASSERT_EQ(result.end, size == boundary ? WalEnd::kClean : WalEnd::kTorn) << size;
    ASSERT_EQ(result.valid_bytes, size < kSegmentHeaderSize ? 0 : boundary) << size;
    ASSERT_EQ(result.valid_bytes + result.dropped_bytes, size);
  }
}

TEST_F(WalTest, ALostPageEndsTheReplayThere) {
  std::vector<Buffer> records;
  for (int i = 0; i < 200; ++i) records.emplace_back(100 + i, static_cast<char>(1 + i));
  write(records);
  const Buffer whole = segment();
  for (size_t page = 0; page * 4096 < whole.size(); ++page) {
    segment() = whole;
    const size_t size = std::min<size_t>(4096, whole.size() - page * 4096);
    segment().replace(page * 4096, size, size, '\0');
    const WalReplay result = replay().value();
    EXPECT_EQ(result.end, WalEnd::kTorn) << page;
    EXPECT_LE(result.valid_bytes, page * 4096) << page;
    EXPECT_GT(result.valid_bytes + 8 + 300, page * 4096) << page;
    EXPECT_EQ(replayed_, std::vector(records.begin(), records.begin() + result.records)) << page;
  }
}

TEST_F(WalTest, ZerosUpToTheEndAreSpaceSetAside) {
  write({"a", "b"});
  const size_t size = segment().size();
  segment().append(5000, '\0');
  const WalReplay result = replay().value();
  EXPECT_EQ(result.records, 2u);
  EXPECT_EQ(result.end, WalEnd::kClean);
  EXPECT_EQ(result.valid_bytes, size + 5000);
  EXPECT_EQ(result.dropped_bytes, 0u);
}

TEST_F(WalTest, AnyDamagedByteLeavesAPrefixOfTheRecordsOrAnError) {
  std::vector<Buffer> records = varied_records();
  records.pop_back();
  records.resize(8);
  write(records);
  const Buffer whole = segment();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char damage : {'\x01', '\x80', '\xff', whole[at]}) {
      if (damage == 0) continue;
      segment()[at] = static_cast<char>(whole[at] ^ damage);
      expect_prefix(records, fmt::format("byte {} xor {:#x}", at, static_cast<uint8_t>(damage)));
      EXPECT_LT(replayed_.size(), records.size()) << at;
      segment()[at] = whole[at];
    }
  }
}

TEST_F(WalTest, AnotherHeaderIsCorruptionNotATornTail) {
  write({"a"});
  segment()[0] ^= 1;
  const auto result = replay();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCorruption);
}

TEST_F(WalTest, AnErrorOfTheVisitorOrTheFileEndsTheReplayWithIt) {
  write({"a", "b", "c"});
  auto file = files_.open(kPath).value();
  int calls = 0;
  const auto stopped = replay_wal(*file, [&](Bytes) -> Result<void> {
    if (++calls == 2) return error(ErrorCode::kInvalid, "no more");
    return {};
  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(calls, 2);

  files_.before = [](std::string_view call, const std::string& path) -> Result<void> {
    if (call == "read") return error(ErrorCode::kIo, "{}: unreadable", path);
    return {};
  };
  EXPECT_EQ(replay().error().code, ErrorCode::kIo);
}

TEST_F(WalTest, TheWriterPassesErrorsOn) {
  WalWriter writer(create());
  ASSERT_TRUE(writer.append("a"));
  files_.before = [](std::string_view call, const std::string& path) -> Result<void> {
    if (call == "sync") return error(ErrorCode::kIo, "{}: gone", path);
    return {};
  };
  EXPECT_EQ(writer.sync().error().code, ErrorCode::kIo);
  EXPECT_DEATH((void)writer.append("b"), "abandoned");
}

// A change of the format must be a decision: then kFormatVersion changes, and this line.
TEST_F(WalTest, BytesOnDiskAreTheSameForEver) {
  write(varied_records());
  EXPECT_EQ(hash64(segment()), 221982960647696696u);
}

}  // namespace
}  // namespace revenant::wal
