#include "engine/lsm/table_cache.h"

#include <gtest/gtest.h>

#include "tests/support/memory_file_system.h"

namespace revenant::lsm {
namespace {

class TableCacheTest : public testing::Test {
 protected:
  static constexpr env::Cause kCause{env::CauseKind::kClientRead};

  TableCacheTest() {
    for (uint64_t number = 1; number <= 4; ++number) {
      const FileNumber file{number};
      sstable::SstableBuilder builder(*files_.create(sstable_path("db", file)), {}, kCause);
      Buffer key;
      sstable::append_internal_key(key, "key", Version{1}, SequenceNumber{1}, CellKind::kValue);
      EXPECT_TRUE(builder.add(key, "value").has_value());
      auto meta = std::make_shared<SstableMeta>();
      meta->number = file;
      meta->properties = *builder.finish();
      sstables_.push_back(std::make_shared<Sstable>(meta, nullptr));
    }
  }
  using Watched = std::weak_ptr<sstable::SstableReader>;
  Watched open(TableCache& cache, size_t i) { return *cache.open(*sstables_[i], kCause); }

  tests::MemoryFileSystem files_;
  LsmOptions options_;
  sstable::BlockCache block_cache_{1 << 20};
  std::vector<SstablePtr> sstables_;
};

TEST_F(TableCacheTest, ThoseUsedLastStayOpen) {
  options_.max_open_files = 2;
  TableCache cache(files_, "db", options_, block_cache_);
  const Watched first = open(cache, 0), second = open(cache, 1);
  EXPECT_EQ(open(cache, 0).lock(), first.lock());
  const Watched third = open(cache, 2);
  EXPECT_FALSE(first.expired());
  EXPECT_TRUE(second.expired());
  EXPECT_FALSE(third.expired());
  EXPECT_EQ(cache.kept_open(*sstables_[0]), nullptr);  // another one may take its place
}

TEST_F(TableCacheTest, AReadHoldsWhatIsClosedMeanwhile) {
  options_.max_open_files = 1;
  TableCache cache(files_, "db", options_, block_cache_);
  const auto held = *cache.open(*sstables_[0], kCause);
  (void)open(cache, 1);
  EXPECT_EQ(held->properties().entries, 1u);
  EXPECT_NE(open(cache, 0).lock(), held);  // opened anew
}

TEST_F(TableCacheTest, AnSstableThatGoesLeavesItsPlace) {
  options_.max_open_files = 2;
  TableCache cache(files_, "db", options_, block_cache_);
  (void)open(cache, 0);
  const Watched second = open(cache, 1);
  sstables_[0].reset();
  const Watched third = open(cache, 2);
  EXPECT_FALSE(second.expired());
  EXPECT_FALSE(third.expired());
}

TEST_F(TableCacheTest, WithoutALimitAllStayOpenAndNoneNeedsToBeHeld) {
  options_.max_open_files = -1;
  TableCache cache(files_, "db", options_, block_cache_);
  EXPECT_EQ(cache.kept_open(*sstables_[0]), nullptr);
  for (size_t i = 0; i < sstables_.size(); ++i) (void)open(cache, i);
  for (const SstablePtr& sstable : sstables_) EXPECT_NE(cache.kept_open(*sstable), nullptr);
}

TEST_F(TableCacheTest, OfLevelZeroIndexAndFilterStayWhenTheyArePinned) {
  options_.sstable.cache_index_and_filter_blocks = true;
  options_.sstable.pin_l0_filter_and_index_blocks_in_cache = true;
  TableCache cache(files_, "db", options_, block_cache_);
  sstables_[1]->set_level(1);
  for (const size_t i : {0, 1}) {
    const auto reader = *cache.open(*sstables_[i], kCause);
    sstable::ReadCounters c;
    EXPECT_TRUE(
        reader->get("key", {kCause, &block_cache_, &c}, [](const auto&, Bytes) { return true; }));
    EXPECT_EQ(c.index_blocks_from_cache, i);
    EXPECT_EQ(c.filter_blocks_from_cache, i);
  }
}

}  // namespace
}  // namespace revenant::lsm
