// Who takes whom for up, seen from outside: nodes' views differ while a fault is known to some and
// not to others, and for as long as a link is broken if each hears the others itself.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "engine/base/ids.h"
#include "engine/base/time.h"

namespace revenant::sim {

class Views {
 public:
  // From here on figures count, and from here on times do.
  void began();
  // Calls come in order of `at`.
  void serves(Instant at, NodeId node);  // takes everybody for up
  void died(Instant at, NodeId node);
  void marked(Instant at, NodeId node, NodeId peer, bool up);

  uint64_t convictions() const { return convictions_; }
  // Of nodes that served.
  uint64_t convictions_wrong() const { return convictions_wrong_; }
  // Until `at`: while two nodes that served did not agree about a third, which may be down.
  Duration differed(Instant at) const;

 private:
  bool differ() const;
  void changes(Instant at);  // before the views do

  std::map<NodeId, std::set<NodeId>>
      down_;  // of each node that serves: those that it takes for down
  uint64_t convictions_ = 0, convictions_wrong_ = 0;
  Duration differed_;
  Instant since_;  // the last change
};

}  // namespace revenant::sim
