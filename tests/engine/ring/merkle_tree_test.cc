#include "engine/ring/merkle_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "engine/base/coding.h"

namespace revenant::ring {
namespace {

using Contents = std::map<Buffer, Cell>;  // by storage key

Buffer key_at(Token token, Bytes rest = "k") {
  Buffer key;
  put_big_endian64(key, token.value);
  return key.append(rest);
}

Cell value(uint64_t version, Bytes bytes) {
  return Cell(CellView{
      .kind = CellKind::kValue, .version = {version}, .deletion_time = {}, .value = bytes});
}
Cell tombstone(uint64_t version, int64_t deletion_ns) {
  return Cell(CellView{.kind = CellKind::kTombstone,
                       .version = {version},
                       .deletion_time = {deletion_ns},
                       .value = {}});
}

MerkleTree tree(TokenRange range, int depth, const Contents& contents) {
  MerkleTree result(range, depth);
  for (const auto& [key, cell] : contents) result.add(key, cell.view());
  result.seal();
  return result;
}

Token token_in(TokenRange range, Random& random) {
  const uint64_t width = range.upto.value - range.after.value;
  const uint64_t offset = width == 0 ? random.next() : random.below(width);
  return {range.after.value + 1 + offset};
}

Contents random_contents(TokenRange range, int count, Random& random) {
  Contents contents;
  for (int i = 0; i < count; ++i) {
    const Token token = token_in(range, random);
    const uint64_t version = random.below(1000);
    contents[key_at(token, std::to_string(i))] =
        random.below(4) == 0 ? tombstone(version, random.between(0, 1000))
                             : value(version, std::to_string(random.below(1000)));
  }
  return contents;
}

TokenRange random_range(Random& random) {
  switch (random.below(4)) {
    case 0: {
      const Token t{random.next()};
      return {t, t};
    }
    case 1: {  // fewer tokens than leaves
      const Token t{random.next()};
      return {t, {t.value + 1 + random.below(100)}};
    }
    default: {
      const Token after{random.next()};
      return {after, {random.next()}};
    }
  }
}

// The leaf a token falls into, computed in the plain way; leaves are ceil(width / 2^depth) tokens
// wide.
uint64_t naive_leaf(TokenRange range, int depth, Token token) {
  using Wide = unsigned __int128;
  Wide width = range.upto.value - range.after.value;
  if (width == 0) width = Wide{1} << 64;
  const Wide leaves = Wide{1} << depth;
  const Wide leaf_width = (width + leaves - 1) / leaves;
  return static_cast<uint64_t>(Wide{token.value - range.after.value - 1} / leaf_width);
}

TEST(MerkleTree, EqualContentsInAnyOrderHaveEqualRoots) {
  Random random(1, "merkle");
  for (int round = 0; round < 50; ++round) {
    const TokenRange range = random_range(random);
    const Contents contents = random_contents(range, 100, random);
    std::vector<Contents::const_iterator> order;
    for (auto it = contents.begin(); it != contents.end(); ++it) order.push_back(it);
    random.shuffle(order);
    MerkleTree shuffled(range, 8);
    for (auto it : order) shuffled.add(it->first, it->second.view());
    shuffled.seal();
    const MerkleTree sorted = tree(range, 8, contents);
    EXPECT_EQ(shuffled.root(), sorted.root());
    EXPECT_EQ(shuffled.cells(), contents.size());
    EXPECT_TRUE(MerkleTree::differences(shuffled, sorted).empty());
  }
}

TEST(MerkleTree, FindsEachKindOfSingleDifferenceInTheRightLeaf) {
  const TokenRange range{{1000}, {1000 + (uint64_t{1} << 40)}};
  Contents base;
  Random random(2, "merkle");
  for (int i = 0; i < 300; ++i) {
    base[key_at(token_in(range, random), std::to_string(i))] = value(5, "same");
  }
  const Buffer key = key_at(token_in(range, random), "changed");
  base[key] = value(5, "v");
  Contents other_deletion_time = base, as_tombstone = base;
  other_deletion_time[key] = tombstone(5, 2);
  as_tombstone[key] = tombstone(5, 1);

  std::vector<Contents> changed(5, base);
  changed[0][key] = value(6, "v");                                               // version
  changed[1][key] = value(5, "w");                                               // bytes
  changed[2][key] = tombstone(5, 0);                                             // kind
  changed[3].erase(key);                                                         // missing
  changed[4][key_at(token_of_storage_key(key), "changed too")] = value(5, "v");  // one more
  std::vector<std::pair<Contents, Contents>> pairs;
  for (const Contents& c : changed) pairs.emplace_back(base, c);
  pairs.emplace_back(as_tombstone, other_deletion_time);

  for (int depth : {0, 1, 5, 10, 16}) {
    for (const auto& [left, right] : pairs) {
      const auto found =
          MerkleTree::differences(tree(range, depth, left), tree(range, depth, right));
      ASSERT_EQ(found.size(), 1u);
      EXPECT_TRUE(found[0].contains(token_of_storage_key(key)));
      EXPECT_EQ(found[0].upto.value - found[0].after.value, (uint64_t{1} << 40) >> depth);
    }
  }
}

TEST(MerkleTree, IgnoresWhatDoesNotDecideBetweenReplicas) {
  const TokenRange whole{{0}, {0}};
  Cell with_time = value(3, "v");
  with_time.deletion_time = {77};  // of no meaning in a value
  const Buffer key = key_at({5});
  EXPECT_EQ(tree(whole, 4, {{key, value(3, "v")}}).root(),
            tree(whole, 4, {{key, with_time}}).root());
}

TEST(MerkleTree, DifferencesAreThoseOfANaiveComparison) {
  Random random(3, "merkle");
  for (int round = 0; round < 400; ++round) {
    const TokenRange range = random_range(random);
    const int depth = static_cast<int>(random.below(11));
    Contents left = random_contents(range, static_cast<int>(random.below(60)), random);
    Contents right = left;
    const Contents extra = random_contents(range, static_cast<int>(random.below(6)), random);
    for (const auto& [key, cell] : extra) right[key] = cell;
    if (!left.empty() && random.below(2) == 0) right.erase(left.begin()->first);

    std::map<uint64_t, std::pair<Contents, Contents>> leaves;
    for (const auto& [key, cell] : left) {
      leaves[naive_leaf(range, depth, token_of_storage_key(key))].first[key] = cell;
    }
    for (const auto& [key, cell] : right) {
      leaves[naive_leaf(range, depth, token_of_storage_key(key))].second[key] = cell;
    }
    std::set<uint64_t> expected;
    const auto same_cell = [](const auto& a, const auto& b) {
      return a.first == b.first && compare_cells(a.second.view(), b.second.view()) == 0;
    };
    for (const auto& [leaf, sides] : leaves) {
      if (!std::ranges::equal(sides.first, sides.second, same_cell)) expected.insert(leaf);
    }

    const auto found = MerkleTree::differences(tree(range, depth, left), tree(range, depth, right));
    // Every key of either side lies in a found range exactly if its leaf differs.
    for (const auto* side : {&left, &right}) {
      for (const auto& [key, cell] : *side) {
        const Token token = token_of_storage_key(key);
        const auto holding =
            std::ranges::count_if(found, [&](TokenRange r) { return r.contains(token); });
        ASSERT_EQ(holding, expected.contains(naive_leaf(range, depth, token)) ? 1 : 0);
      }
    }
    // Neighbours are joined: as many ranges as runs of differing leaves.
    size_t runs = 0;
    for (uint64_t leaf : expected) runs += leaf == 0 || !expected.contains(leaf - 1);
    EXPECT_EQ(found.size(), runs);
    // Clockwise, inside the range, apart.
    uint64_t reached = 0;
    bool first = true;
    for (TokenRange r : found) {
      const uint64_t begin = r.after.value - range.after.value;
      EXPECT_TRUE(first || begin > reached);
      reached = begin + (r.upto.value - r.after.value);
      EXPECT_TRUE(range.contains(r.upto));
      first = false;
    }
  }
}

TEST(MerkleTree, AWholeRangeThatDiffersIsReportedAsThatRange) {
  for (const TokenRange range : {TokenRange{{9}, {9}}, TokenRange{{uint64_t{0} - 8}, {8}}}) {
    const uint64_t width = range.upto.value - range.after.value;
    Contents full;
    for (uint64_t i = 0; i < 16; ++i) {
      full[key_at({range.after.value + 1 + (width == 0 ? i << 60 : i)})] = value(1, "v");
    }
    EXPECT_EQ(MerkleTree::differences(tree(range, 4, full), tree(range, 4, {})),
              std::vector{range});
  }
}

TEST(MerkleTree, SurvivesTheWire) {
  Random random(4, "merkle");
  for (int round = 0; round < 200; ++round) {
    const TokenRange range = random_range(random);
    const int depth = static_cast<int>(random.below(11));
    const MerkleTree sent =
        tree(range, depth, random_contents(range, static_cast<int>(random.below(300)), random));
    MerkleTree received({{0}, {0}}, 0);
    ASSERT_TRUE(MerkleTree::decode(sent.encode(), received));
    EXPECT_EQ(received.range(), range);
    EXPECT_EQ(received.depth(), depth);
    EXPECT_EQ(received.cells(), sent.cells());
    EXPECT_EQ(received.root(), sent.root());
    EXPECT_TRUE(MerkleTree::differences(sent, received).empty());
    EXPECT_EQ(received.encode(), sent.encode());
  }
}

TEST(MerkleTree, AnEmptyTreeIsSmallOnTheWire) {
  EXPECT_LE(tree({{1}, {2}}, 20, {}).encode().size(), 32u);
}

TEST(MerkleTree, RefusesEveryTruncationAndEveryExtension) {
  Random random(5, "merkle");
  const TokenRange range{{10}, {10}};
  const Buffer good = tree(range, 6, random_contents(range, 20, random)).encode();
  MerkleTree out({{0}, {0}}, 0);
  out.seal();
  const uint64_t untouched = out.root();
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(MerkleTree::decode(Bytes(good).substr(0, size), out)) << size;
  }
  EXPECT_FALSE(MerkleTree::decode(good + "x", out));
  EXPECT_EQ(out.root(), untouched);
  EXPECT_EQ(out.depth(), 0);
}

TEST(MerkleTree, DecodesRandomBytesToNothingOrToAWholeTree) {
  Random random(6, "merkle");
  const TokenRange range{{10}, {1 << 20}};
  const Buffer good = tree(range, 6, random_contents(range, 20, random)).encode();
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Buffer damaged = good;
    const uint64_t flips = 1 + random.below(4);
    for (uint64_t i = 0; i < flips; ++i) {
      const uint64_t at = random.below(damaged.size());
      // Depths of 16 and more are legal and slow: keep that byte small.
      damaged[at] = static_cast<char>(at == 16 ? random.below(12) : random.below(256));
    }
    MerkleTree out({{0}, {0}}, 0);
    if (!MerkleTree::decode(damaged, out)) continue;
    ++accepted;
    MerkleTree again({{0}, {0}}, 0);
    ASSERT_TRUE(MerkleTree::decode(out.encode(), again));
    ASSERT_EQ(again.root(), out.root());
  }
  EXPECT_GT(accepted, 0);  // a changed leaf is still a tree
}

TEST(MerkleTreeDeathTest, RefusesAKeyOutsideItsRange) {
  MerkleTree t({{10}, {20}}, 2);
  EXPECT_EXIT(t.add(key_at({10}), value(1, "v").view()), testing::ExitedWithCode(4), "offset");
  EXPECT_EXIT(t.add(key_at({21}), value(1, "v").view()), testing::ExitedWithCode(4), "offset");
}

}  // namespace
}  // namespace revenant::ring
