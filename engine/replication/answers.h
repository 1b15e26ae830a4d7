// Counts the answers to one request until enough have come.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/env/sync.h"
#include "engine/replication/messenger.h"
#include "engine/replication/quorum.h"

namespace revenant::replication {

// Keeps the first answer of each node. Body views are copied.
class Answers final : public ReplyHandler {
 public:
  Answers(env::Environment environment, Duration timeout)
      : clock_(environment.clock),
        arrived_(environment.tasks),
        deadline_(clock_.monotonic() + timeout) {}

  void on_reply(NodeId from, Bytes body) override {
    for (const auto& [node, answer] : answers_) {
      if (node == from) return;  // a duplicate
    }
    answers_.emplace_back(from, Buffer(body));
    arrived_.wake_one();
  }

  // Suspends until another answer has come; false at the deadline, or at `until` before it.
  bool wait(const char* why, Instant until = Instant::never()) {
    const Instant end = std::min(deadline_, until);
    const Instant now = clock_.monotonic();
    return now < end && arrived_.wait(why, end - now);
  }
  // Whether the deadline has passed; how long it is until then.
  bool late() const { return clock_.monotonic() >= deadline_; }
  Duration left() const { return std::max(deadline_ - clock_.monotonic(), Duration{}); }
  // Suspends until `count` answers satisfy `good`; false at the deadline, or when so many are bad
  // that `count` of `asked` can no longer be reached.
  template <typename Good>
  bool wait_for(const char* why, size_t count, size_t asked, Good good) {
    for (;;) {
      size_t fine = 0;
      for (const auto& [node, body] : answers_) fine += good(Bytes(body)) ? 1 : 0;
      if (fine >= count) return true;
      if (asked - (answers_.size() - fine) < count) return false;
      if (!wait(why)) return false;
    }
  }

  // Likewise until every quorum has its `good` answers; false at the deadline, or when those `asked`
  // can no longer give them.
  template <typename Good>
  bool wait_for(const char* why, const std::vector<Quorum>& quorums,
                const std::vector<NodeId>& asked, Good good) {
    for (;;) {
      bool met = true;
      for (const Quorum& quorum : quorums) {
        const auto [fine, bad] = judged(quorum, good);
        met &= fine >= quorum.required;
        if (quorum.count(asked) < quorum.required + bad) return false;
      }
      if (met) return true;
      if (!wait(why)) return false;
    }
  }
  // Answers of a quorum's replicas so far.
  struct Judged {
    size_t fine = 0, bad = 0;
  };
  template <typename Good>
  Judged judged(const Quorum& quorum, Good good) const {
    Judged judged;
    for (const auto& [node, body] : answers_) {
      if (quorum.has(node)) ++(good(Bytes(body)) ? judged.fine : judged.bad);
    }
    return judged;
  }

  const std::vector<std::pair<NodeId, Buffer>>& all() const { return answers_; }
  bool has(NodeId node) const {
    for (const auto& [n, body] : answers_) {
      if (n == node) return true;
    }
    return false;
  }

 private:
  const env::Clock& clock_;
  env::WaitList arrived_;
  Instant deadline_;
  std::vector<std::pair<NodeId, Buffer>> answers_;
};

// An answer of verbs that return a Status alone.
inline bool is_ok(Bytes body) {
  return !body.empty() && static_cast<Status>(body.front()) == Status::kOk;
}

}  // namespace revenant::replication
