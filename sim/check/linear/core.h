// Of a history that cannot be explained, the few operations that say why.
//
// Operations are loosened, a chunk at a time, for as long as the rest cannot be explained: an observation that is
// loosened is gone, a change that is loosened may happen in its time or not at all. That can only make a history
// legal, so what stays illegal proves that the whole is. In the core no single operation can be loosened.
#pragma once

#include <span>
#include <vector>

#include "sim/check/linear/search.h"

namespace revenant::check {

struct Core {
  int64_t until;                     // when the first operation ended that nothing explains
  std::vector<uint32_t> operations;  // places, in the order of their beginnings
  uint64_t searches = 0;
};

// `violation` is what a search of the operations' problem found. certificate/linear.h verifies the core.
Core core_of(const history::History& history, std::span<const history::KeyOperation> operations,
             const Problem& problem, const SearchResult& violation);

}  // namespace revenant::check
