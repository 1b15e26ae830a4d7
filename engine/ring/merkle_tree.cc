#include "engine/ring/merkle_tree.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/checksum.h"
#include "engine/base/coding.h"

namespace revenant::ring {
namespace {

// Each part's hash seeds the next, so that bytes cannot slide from one part into another.
uint64_t hash_of(Bytes storage_key, const CellView& cell) {
  uint64_t hash = hash64(storage_key);
  std::array<char, 17> head;
  const int64_t deletion = cell.kind == CellKind::kValue ? 0 : cell.deletion_time.ns;
  head[0] = static_cast<char>(cell.kind);
  std::memcpy(&head[1], &cell.version.value, 8);
  std::memcpy(&head[9], &deletion, 8);
  hash = hash64(Bytes(head.data(), head.size()), hash);
  return cell.is_tombstone() ? hash : hash64(cell.value, hash);
}

uint64_t hash_of_children(uint64_t left, uint64_t right) {
  if (left == 0 && right == 0) return 0;
  const std::array<uint64_t, 2> children{left, right};
  return hash64(Bytes(reinterpret_cast<const char*>(children.data()), sizeof children));
}

}  // namespace

MerkleTree::MerkleTree(TokenRange range, int depth) : range_(range), depth_(depth) {
  CHECK(depth >= 0 && depth <= kDepthMax, "depth={}", depth);
  offset_last_ = range.upto.value - range.after.value - 1;
  // ceil((offset_last_ + 1) / 2^depth), without the overflow that the whole circle would be.
  if (depth > 0) leaf_width_ = (offset_last_ >> depth) + 1;
  nodes_.assign(2 * leaf_count(), 0);
}

void MerkleTree::add(Bytes storage_key, const CellView& cell) {
  CHECK(!sealed_);
  const uint64_t offset = offset_of(token_of_storage_key(storage_key));
  CHECK(offset <= offset_last_, "offset={} offset_last={}", offset, offset_last_);
  nodes_[leaf_count() + leaf_of(offset)] += hash_of(storage_key, cell);
  ++cells_;
}

void MerkleTree::seal() {
  CHECK(!sealed_);
  for (uint64_t i = leaf_count() - 1; i >= 1; --i) {
    nodes_[i] = hash_of_children(nodes_[2 * i], nodes_[2 * i + 1]);
  }
  sealed_ = true;
}

uint64_t MerkleTree::root() const {
  CHECK(sealed_);
  return nodes_[1];
}

std::vector<TokenRange> MerkleTree::differences(const MerkleTree& a, const MerkleTree& b) {
  CHECK(a.sealed_ && b.sealed_);
  CHECK(a.range_ == b.range_);
  CHECK(a.depth_ == b.depth_, "{} {}", a.depth_, b.depth_);
  std::vector<TokenRange> out;
  collect(a, b, 1, 0, a.leaf_count(), out);
  return out;
}

void MerkleTree::collect(const MerkleTree& a, const MerkleTree& b, uint64_t node, uint64_t first,
                         uint64_t leaves, std::vector<TokenRange>& out) {
  if (a.nodes_[node] == b.nodes_[node]) return;
  if (leaves > 1) {
    collect(a, b, 2 * node, first, leaves / 2, out);
    collect(a, b, 2 * node + 1, first + leaves / 2, leaves / 2, out);
    return;
  }
  const uint64_t begin = first * a.leaf_width_;
  // A leaf that holds cells begins inside the range; the last may end beyond it.
  const uint64_t last = a.depth_ == 0 || a.offset_last_ - begin < a.leaf_width_
                            ? a.offset_last_
                            : begin + a.leaf_width_ - 1;
  const Token after{a.range_.after.value + begin}, upto{a.range_.after.value + last + 1};
  if (!out.empty() && out.back().upto == after) {
    out.back().upto = upto;
  } else {
    out.push_back({after, upto});
  }
}

Buffer MerkleTree::encode() const {
  CHECK(sealed_);
  const auto leaves = nodes_.begin() + static_cast<int64_t>(leaf_count());
  const auto count =
      static_cast<uint64_t>(nodes_.end() - leaves - std::count(leaves, nodes_.end(), 0));
  Buffer out;
  out.reserve(32 + count * 10);
  put_fixed(out, range_.after.value);
  put_fixed(out, range_.upto.value);
  put_fixed(out, static_cast<uint8_t>(depth_));
  put_varint(out, cells_);
  put_varint(out, count);
  uint64_t skipped = 0;
  for (auto leaf = leaves; leaf != nodes_.end(); ++leaf) {
    if (*leaf == 0) {
      ++skipped;
      continue;
    }
    put_varint(out, std::exchange(skipped, 0));
    put_fixed(out, *leaf);
  }
  return out;
}

bool MerkleTree::decode(Bytes bytes, MerkleTree& out) {
  Decoder in(bytes);
  const TokenRange range{{in.fixed<uint64_t>()}, {in.fixed<uint64_t>()}};
  const auto depth = in.fixed<uint8_t>();
  const uint64_t cells = in.varint();
  const uint64_t count = in.varint();
  if (in.failed() || depth > kDepthMax) return false;
  MerkleTree tree(range, depth);
  tree.cells_ = cells;
  const uint64_t leaves = tree.leaf_of(tree.offset_last_) + 1;  // those that begin inside the range
  if (count > leaves) return false;
  uint64_t next = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t skipped = in.varint();
    const auto leaf = in.fixed<uint64_t>();
    if (in.failed() || leaf == 0 || skipped >= leaves - next) return false;
    next += skipped;
    tree.nodes_[tree.leaf_count() + next++] = leaf;
  }
  if (!in.empty()) return false;
  tree.seal();
  out = std::move(tree);
  return true;
}

}  // namespace revenant::ring
