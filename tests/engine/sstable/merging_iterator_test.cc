#include <gtest/gtest.h>

#include "tests/engine/sstable/entries.h"

namespace revenant::sstable {
namespace {

// Over a sorted list; ends with an error before entry `fails_at`.
class ListIterator final : public Iterator {
 public:
  using List = std::vector<std::pair<Buffer, Buffer>>;
  explicit ListIterator(List list, size_t fails_at = SIZE_MAX)
      : list_(std::move(list)), fails_at_(fails_at) {}

  void seek_to_first() override { go_to(0); }
  void seek_to_last() override { go_to(list_.size() - 1); }
  void seek(Bytes internal_key) override {
    size_t at = 0;
    while (at < list_.size() && compare_internal_keys(list_[at].first, internal_key) < 0) ++at;
    go_to(at);
  }
  void next() override { go_to(at_ + 1); }
  void prev() override { go_to(at_ - 1); }  // before the first: beyond the last
  Result<void> status() const override { return status_; }

 private:
  void go_to(size_t at) {
    at_ = at;
    if (at_ != SIZE_MAX && at_ >= fails_at_)
      status_ = error(ErrorCode::kCorruption, "list: offset {}", at_);
    if (!status_ || at_ >= list_.size()) return stand_nowhere();
    stand_as(Entry{list_[at_]});
  }
  struct Entry {
    const std::pair<Buffer, Buffer>& entry;
    static bool valid() { return true; }
    Bytes key() const { return entry.first; }
    Bytes value() const { return entry.second; }
  };

  const List list_;
  const size_t fails_at_;
  size_t at_ = SIZE_MAX;
  Result<void> status_;
};

using Lists = std::vector<ListIterator::List>;

std::unique_ptr<Iterator> merge(const Lists& lists) {
  std::vector<std::unique_ptr<Iterator>> children;
  for (const auto& list : lists) children.push_back(std::make_unique<ListIterator>(list));
  return make_merging_iterator(std::move(children));
}

// All entries, equal keys in the lists' order: that of their insertion, in a multimap.
std::multimap<Buffer, Buffer, InternalKeyLess> merged(const Lists& lists) {
  std::multimap<Buffer, Buffer, InternalKeyLess> all;
  for (const auto& list : lists) all.insert(list.begin(), list.end());
  return all;
}

TEST(MergingIteratorTest, RandomListsMergeInOrderAndTiesInTheListsOrder) {
  Random random(1, "merge");
  for (int round = 0; round < 300; ++round) {
    Lists lists(random.below(9));
    for (size_t l = 0; l < lists.size(); ++l) {
      Entries entries;
      // Few keys and versions, so that lists have many in common; the value tells the list.
      for (uint64_t i = random.below(20); i > 0; --i) {
        const Buffer key(random.below(3), 'k');
        put(entries, key, random.below(5), std::to_string(l));
      }
      lists[l].assign(entries.begin(), entries.end());
    }
    const auto expected = merged(lists);
    const auto it = merge(lists);
    EXPECT_FALSE(it->valid());
    it->seek_to_first();
    for (const auto& [key, value] : expected) {
      ASSERT_TRUE(it->valid());
      ASSERT_EQ(it->key(), key);
      ASSERT_EQ(it->value(), value);
      it->next();
    }
    ASSERT_FALSE(it->valid());
    ASSERT_TRUE(it->status());

    const Buffer user_key(random.below(4), 'k');
    const Buffer target = internal_key(user_key, random.below(5));
    it->seek(target);
    for (const auto& [key, value] : expected) {
      if (compare_internal_keys(key, target) < 0) continue;
      ASSERT_TRUE(it->valid());
      ASSERT_EQ(it->key(), key);
      ASSERT_EQ(it->value(), value);
      it->next();
    }
    ASSERT_FALSE(it->valid());

    it->seek_to_last();
    for (auto at = expected.end(); at != expected.begin();) {
      --at;
      ASSERT_TRUE(it->valid());
      ASSERT_EQ(it->key(), at->first);
      ASSERT_EQ(it->value(), at->second);
      it->prev();
    }
    ASSERT_FALSE(it->valid());

    // To and fro.
    it->seek_to_first();
    auto at = expected.begin();
    for (int steps = 0; steps < 100 && at != expected.end(); ++steps) {
      ASSERT_TRUE(it->valid());
      ASSERT_EQ(it->key(), at->first);
      ASSERT_EQ(it->value(), at->second);
      if (random.below(5) > 1 || at == expected.begin()) {
        it->next();
        ++at;
      } else {
        it->prev();
        --at;
      }
    }
    ASSERT_EQ(it->valid(), at != expected.end());
  }
}

TEST(MergingIteratorTest, OfNothingIsEmpty) {
  const auto it = make_merging_iterator({});
  it->seek_to_first();
  EXPECT_FALSE(it->valid());
  it->seek(internal_key("a", 1));
  EXPECT_FALSE(it->valid());
  EXPECT_TRUE(it->status());
}

TEST(MergingIteratorTest, AChildsErrorEndsTheMergeForGood) {
  const ListIterator::List odd = {{internal_key("a", 1), ""}, {internal_key("c", 1), ""}};
  const ListIterator::List even = {{internal_key("b", 1), ""}, {internal_key("d", 1), ""}};
  for (const size_t fails_at : {0, 1, 2}) {
    std::vector<std::unique_ptr<Iterator>> children;
    children.push_back(std::make_unique<ListIterator>(odd, fails_at));
    children.push_back(std::make_unique<ListIterator>(even));
    const auto it = make_merging_iterator(std::move(children));
    size_t entries = 0;
    for (it->seek_to_first(); it->valid(); it->next()) ++entries;
    EXPECT_EQ(entries, fails_at == 0 ? 0 : 2 * fails_at - 1);
    ASSERT_FALSE(it->status());
    EXPECT_EQ(it->status().error().message, fmt::format("list: offset {}", fails_at));
    it->seek_to_first();
    EXPECT_FALSE(it->valid());
    EXPECT_FALSE(it->status());
  }
}

}  // namespace
}  // namespace revenant::sstable
