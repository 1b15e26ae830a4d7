#include "sim/record/views.h"

#include <algorithm>

namespace revenant::sim {

bool Views::differ() const {
  for (const auto& [node, down] : down_) {
    for (NodeId peer : down) {
      const bool all_agree = std::ranges::all_of(down_, [&](const auto& other) {
        return other.first == peer || other.second.contains(peer);
      });
      if (!all_agree) return true;
    }
  }
  return false;
}

Duration Views::differed(Instant at) const {
  return differ() ? differed_ + (at - since_) : differed_;
}

void Views::changes(Instant at) {
  differed_ = differed(at);
  since_ = at;
}

void Views::began() {
  convictions_ = convictions_wrong_ = 0;
  differed_ = {};
  since_ = {};
}

void Views::serves(Instant at, NodeId node) {
  changes(at);
  down_[node].clear();
}

void Views::died(Instant at, NodeId node) {
  changes(at);
  down_.erase(node);
}

void Views::marked(Instant at, NodeId node, NodeId peer, bool up) {
  changes(at);
  const auto view = down_.find(node);
  if (view == down_.end()) return;
  if (up) {
    view->second.erase(peer);
  } else if (view->second.insert(peer).second) {
    ++convictions_;
    convictions_wrong_ += down_.contains(peer) ? 1 : 0;
  }
}

}  // namespace revenant::sim
