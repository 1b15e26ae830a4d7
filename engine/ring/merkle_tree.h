// A Merkle tree over one token range: 2^depth leaves of equal token width, each the sum of the
// hashes of its cells; inner nodes hash their children. Two replicas that differ compare trees and
// stream only the leaves that differ.
//
//                  [1]                    heap order: the children of i are 2i and 2i+1
//            [2]         [3]
//         [4]   [5]   [6]   [7]           leaves, clockwise from range.after
//   after ├─────┼─────┼─────┼─────┤ upto
//
// A cell's hash covers what decides between replicas: key, kind, version, and a value's bytes or a
// tombstone's deletion time. A subtree without cells is 0.
//
// Not covered: hashes are XXH3, strong against accidents and not against an adversary; two leaves
// that differ look alike with probability 2^-64. Widths are rounded up to whole tokens, so in a
// range of fewer than 2^depth tokens the last leaves are empty.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/cell.h"
#include "engine/ring/ring.h"

namespace revenant::ring {

class MerkleTree {
 public:
  static constexpr int kDepthMax = 20;

  MerkleTree(TokenRange range, int depth);  // 0 <= depth <= kDepthMax

  // Adds the winning cell of a storage key whose token lies in the range. Order of calls does not
  // matter (leaf hashes combine by addition of a strong per-cell hash) but each key must be added
  // once.
  void add(Bytes storage_key, const CellView& cell);
  // Call once, after the last add.
  void seal();

  // Token ranges whose leaves differ, neighbours joined, clockwise from range.after. Both sealed,
  // same range and depth. Cost: the differing paths.
  static std::vector<TokenRange> differences(const MerkleTree& a, const MerkleTree& b);

  TokenRange range() const { return range_; }
  int depth() const { return depth_; }
  uint64_t root() const;
  uint64_t cells() const { return cells_; }

  // For the wire: leaves that hold anything only; inner nodes are computed again. Of a sealed tree.
  //   after 8 | upto 8 | depth 1 | cells varint | count varint | count × { empty leaves skipped
  //   varint | leaf 8 }
  Buffer encode() const;
  static bool decode(Bytes bytes, MerkleTree& out);  // false: not an encoding, `out` is as before

 private:
  uint64_t leaf_count() const { return uint64_t{1} << depth_; }
  // How far clockwise from range.after, less one: 0…offset_last_.
  uint64_t offset_of(Token token) const { return token.value - range_.after.value - 1; }
  uint64_t leaf_of(uint64_t offset) const { return depth_ == 0 ? 0 : offset / leaf_width_; }
  // Appends the differing leaves below `node`, whose subtree spans `leaves` leaves from `first` on.
  static void collect(const MerkleTree& a, const MerkleTree& b, uint64_t node, uint64_t first,
                      uint64_t leaves, std::vector<TokenRange>& out);

  TokenRange range_;
  int depth_;
  uint64_t offset_last_;     // tokens in the range, less one (the whole circle has 2^64)
  uint64_t leaf_width_ = 0;  // tokens in each leaf; of no meaning at depth 0
  bool sealed_ = false;
  uint64_t cells_ = 0;
  std::vector<uint64_t> nodes_;  // heap order: root at 1, leaves from 2^depth
};

}  // namespace revenant::ring
