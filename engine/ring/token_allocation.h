// Tokens that even out how much of the circle nodes hold, replicas included: the idea of Cassandra's
// ReplicationAwareTokenAllocator.
//
//   ──●────────●──────●──────────●──     a token at the mark takes (●, mark] from whoever held it
//     n0       n1  ^  n2         n0      last there, and so for the ranges before it whose replicas
//                 mark                   lie beyond the mark
//
// Tokens are chosen one by one. Of some places in the widest ranges each gets the one after which
// the squares of what nodes hold beyond their share are least; the newcomer's share grows with its
// tokens. Where everybody holds everything, that is the widest range.
//
// Simplifications: Cassandra weighs what a token's own range may come to later, too.
#pragma once

#include <vector>

#include "engine/base/random.h"
#include "engine/ring/options.h"
#include "engine/ring/ring.h"

namespace revenant::ring {

// `vnodes` tokens for each of `newcomers`, in their order, beside `tokens`. Ascending. `machines` has
// them all, and the owners of the tokens.
std::vector<TokenOwner> evened_tokens(const std::vector<Member>& machines,
                                      std::vector<TokenOwner> tokens,
                                      const std::vector<NodeId>& newcomers, int64_t vnodes,
                                      const ReplicationFactor& factor, Random random);

}  // namespace revenant::ring
