// Cassandra's UnifiedCompactionStrategy: one strategy from tiered to leveled, by a number per
// level. All SSTables are in level 0; what an SSTable's "level" is follows from its density, its
// size over the share of the key space it covers, so that large tables may be cut into shards
// without seeming small.
//
//   density   |<- level 0 ->|<---- level 1 ---->|<-------- level 2 --------> …    each f times the
//   SSTables    o o o o          o  o                   o                         one before
//
//   W = scaling parameter of the level     T4, W = 2:   fan factor 2 + W, merges 2 + W that overlap
//                                          L10, W = -8: fan factor 2 - W, merges 2
//                                          N, W = 0:    fan factor 2, merges 2
//
// What counts is how many SSTables of a level overlap at one key: the set that overlaps most goes
// first, then the lower level. A set takes in all that overlap it, directly or through others
// (overlap_inclusion_method TRANSITIVE). Outputs are cut at the boundaries of S shards:
//
//   S = 1 below min_sstable_size; then a power of two that keeps shards at that size, up to
//   base_shard_count; that many up to target_sstable_size a shard; then
//   base_shard_count * 2^round((1 - sstable_growth) log2(density / (target * base_shard_count)))
//
// Source: UnifiedCompactionStrategy.md, UnifiedCompactionStrategy.java and Controller.java
// (Cassandra 5). Differences: shards divide the range of keys that there are, by the eight bytes
// that follow its common prefix (Cassandra: the tokens that the node owns); a flush is one SSTable;
// of equals the lower file number goes first (Cassandra: a random one); overlap_inclusion_method is
// always TRANSITIVE, expired SSTables go by the triggers of tombstones.h.
#pragma once

#include <memory>
#include <string_view>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_unified_picker(const CompactionOptions& options,
                                                      const PickerContext& context);

// The scaling parameters of "T4, L10, N": W by level, the last one for all deeper ones. Nothing if
// it cannot be read.
std::optional<std::vector<int>> parse_scaling_parameters(std::string_view text);

// Into how many shards outputs of this density are cut.
uint64_t unified_shards(double density, const CompactionOptions& options);

}  // namespace revenant::lsm
