// A Merkle tree over one token range: 2^depth leaves of equal token width, each the hash of its cells in key order;
// inner nodes hash their children. Two replicas that differ compare trees and stream only the leaves that differ.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/cell.h"
#include "engine/ring/ring.h"

namespace revenant::ring {

class MerkleTree {
 public:
  MerkleTree(TokenRange range, int depth);  // 0 <= depth <= 20

  // Adds the winning cell of a storage key. Order of calls does not matter within a leaf (leaf hashes combine by
  // addition of a strong per-cell hash) but each key must be added once.
  void add(Bytes storage_key, const CellView& cell);
  // Call once, after the last add.
  void seal();

  // Token ranges whose leaves differ, neighbours joined, clockwise from range.after. Both sealed, same range and depth.
  static std::vector<TokenRange> differences(const MerkleTree& a, const MerkleTree& b);

  TokenRange range() const { return range_; }
  int depth() const { return depth_; }
  uint64_t root() const;
  uint64_t cells() const { return cells_; }

  // For the wire: leaves only; inner nodes are computed again.
  Buffer encode() const;
  static bool decode(Bytes bytes, MerkleTree& out);  // false: not an encoding

 private:
  TokenRange range_;
  int depth_;
  uint64_t cells_ = 0;
  std::vector<uint64_t> nodes_;  // heap order: root at 1, leaves from 2^depth
};

}  // namespace revenant::ring
