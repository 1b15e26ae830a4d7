// Gives writes the stamps that decide which of them wins, where a node does so and not its clients.
//
// Simplification: a write that its client tries again, or whose request the network doubles, gets
// another stamp each time, as in Cassandra when the server stamps. It may then win over a write that
// came in between.
#pragma once

#include <algorithm>

#include "engine/env/clock.h"
#include "engine/replication/hybrid_clock.h"
#include "engine/replication/options.h"

namespace revenant::replication {

class Stamper {
 public:
  // `clock` and `hybrid` outlive it; `hybrid` (of the mode hlc only) is the messenger's.
  Stamper(Timestamps mode, const env::Clock& clock, HybridClock* hybrid)
      : mode_(mode), clock_(clock), hybrid_(hybrid) {}

  bool stamps() const { return mode_ != Timestamps::kClient; }

  // Of a write that carries `given` from its client. The coordinator's: microseconds of its time of
  // day, raised where needed so that its own stamps ascend (Cassandra: ClientState.getTimestamp).
  Version stamp(Version given) {
    switch (mode_) {
      case Timestamps::kClient:
        return given;
      case Timestamps::kCoordinator:
        return last_ = {std::max(last_.value + 1, static_cast<uint64_t>(clock_.now().ns / 1000))};
      case Timestamps::kHlc:
        return hybrid_->next();
    }
    return given;
  }

  // A cell was read. Its stamp was on its way here with the answer, unless the replica that gave it
  // has been restarted since and has forgotten its clock.
  void read(Version stamp) {
    if (hybrid_ != nullptr) hybrid_->heard(stamp);
  }

 private:
  Timestamps mode_;
  const env::Clock& clock_;
  HybridClock* hybrid_;
  Version last_;
};

}  // namespace revenant::replication
