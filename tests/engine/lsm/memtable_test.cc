#include "engine/lsm/memtable.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/base/random.h"

namespace revenant::lsm {
namespace {

CellView value(uint64_t version, Bytes bytes) {
  return {.kind = CellKind::kValue, .version = {version}, .deletion_time = {}, .value = bytes};
}
CellView tombstone(uint64_t version, int64_t deletion_time) {
  return {.kind = CellKind::kTombstone,
          .version = {version},
          .deletion_time = {deletion_time},
          .value = {}};
}

TEST(Memtable, AnEmptyOneHoldsNothing) {
  const auto memtable = std::make_shared<Memtable>();
  EXPECT_FALSE(memtable->get("a").has_value());
  auto it = memtable->iterate();
  it->seek_to_first();
  EXPECT_FALSE(it->valid());
  EXPECT_EQ(memtable->bytes(), 0u);
}

TEST(Memtable, CountsEncodedAndPayloadBytes) {
  const auto memtable = std::make_shared<Memtable>();
  memtable->insert("key", value(7, "value"), {1});
  memtable->insert("key", tombstone(9, 5), {2});
  EXPECT_EQ(memtable->bytes(), (3 + 16 + 5 + 8u) + (3 + 16 + 8 + 8u));
  EXPECT_EQ(memtable->payload_bytes(), 3 + 5 + 3u);
  EXPECT_EQ(memtable->least_version(), Version{7});
  EXPECT_EQ(memtable->greatest_version(), Version{9});
}

TEST(Memtable, AnIteratorMeetsWhatIsInsertedAheadOfIt) {
  const auto memtable = std::make_shared<Memtable>();
  memtable->insert("a", value(1, ""), {1});
  memtable->insert("c", value(1, ""), {2});
  auto it = memtable->iterate();
  it->seek_to_first();
  memtable->insert("b", value(1, ""), {3});
  it->next();
  EXPECT_EQ(sstable::user_key_of(it->key()), "b");
  EXPECT_EQ(sstable::parse_internal_key(it->key()).sequence, SequenceNumber{3});
}

TEST(Memtable, TellsWhetherAnOlderWriteArrivedAfterAMoment) {
  const auto memtable = std::make_shared<Memtable>();
  memtable->insert("k", value(10, ""), {1});
  memtable->insert("k", value(20, ""), {2});
  memtable->insert("l", value(5, ""), {3});
  EXPECT_TRUE(memtable->holds_older("k", {10}, {0}));
  EXPECT_TRUE(memtable->holds_older("k", {15}, {0}));
  EXPECT_FALSE(memtable->holds_older("k", {9}, {0}));
  EXPECT_FALSE(memtable->holds_older("k", {15}, {1}));  // 10 came before, 20 is newer
  EXPECT_TRUE(memtable->holds_older("k", {20}, {1}));
  EXPECT_FALSE(memtable->holds_older("j", {99}, {0}));
}

TEST(Memtable, AgreesWithASortedMap) {
  Random random(1, "memtable");
  const auto memtable = std::make_shared<Memtable>();
  std::map<std::string, std::string>
      model;  // by internal key: their order for keys of one length is memcmp's
  std::map<std::string, Cell> winners;
  // Keys that share their first eight bytes, and keys that do not; prefixes of each other, zeros
  // inside.
  std::vector<std::string> keys;
  for (int i = 0; i < 60; ++i) {
    std::string key(random.below(12), 'p');
    for (auto n = random.below(4); n > 0; --n) key += static_cast<char>(random.below(3));
    keys.push_back(std::move(key));
  }
  for (uint64_t sequence = 1; sequence <= 3000; ++sequence) {
    const std::string& key = keys[random.below(keys.size())];
    const std::string bytes(random.below(5), static_cast<char>('a' + random.below(3)));
    const uint64_t version = random.below(50);
    const CellView cell = random.chance({300'000'000})
                              ? tombstone(version, static_cast<int64_t>(random.below(9)))
                              : value(version, bytes);
    memtable->insert(key, cell, {sequence});
    auto [place, added] = winners.try_emplace(key, cell);
    if (!added && compare_cells(cell, place->second.view()) > 0) place->second = Cell(cell);
    std::string internal_key;
    sstable::append_internal_key(internal_key, key, cell.version, {sequence}, cell.kind);
    model[internal_key] = sstable::encode_entry_value(cell);
  }
  std::vector<std::pair<std::string, std::string>> sorted(model.begin(), model.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return sstable::compare_internal_keys(a.first, b.first) < 0;
  });

  auto it = memtable->iterate();
  it->seek_to_first();
  for (const auto& [key, bytes] : sorted) {
    ASSERT_TRUE(it->valid());
    ASSERT_EQ(it->key(), key);
    ASSERT_EQ(it->value(), bytes);
    it->next();
  }
  EXPECT_FALSE(it->valid());
  it->seek_to_last();
  for (auto at = sorted.rbegin(); at != sorted.rend(); ++at) {
    ASSERT_TRUE(it->valid());
    ASSERT_EQ(it->key(), at->first);
    it->prev();
  }
  EXPECT_FALSE(it->valid());
  for (const std::string& key : keys) {
    const auto found = memtable->get(key);
    ASSERT_EQ(found.has_value(), winners.contains(key));
    if (found.has_value()) {
      ASSERT_EQ(compare_cells(*found, winners.at(key).view()), 0);
    }
    const std::string seek = sstable::seek_key(key);
    it->seek(seek);
    const auto expected = std::ranges::lower_bound(
        sorted, seek,
        [](const std::string& a, const std::string& b) {
          return sstable::compare_internal_keys(a, b) < 0;
        },
        &std::pair<std::string, std::string>::first);
    ASSERT_EQ(it->valid(), expected != sorted.end());
    if (it->valid()) {
      ASSERT_EQ(it->key(), expected->first);
    }
  }
}

TEST(MemtableDeathTest, ASequenceTwiceIsADefect) {
  const auto memtable = std::make_shared<Memtable>();
  memtable->insert("a", value(1, "x"), {1});
  EXPECT_EXIT(memtable->insert("a", value(1, "y"), {1}), testing::ExitedWithCode(4),
              "sequence 1 twice");
}

}  // namespace
}  // namespace revenant::lsm
