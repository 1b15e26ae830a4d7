// Counts the answers to one request until enough have come.
#pragma once

#include <utility>
#include <vector>

#include "engine/env/sync.h"
#include "engine/replication/messenger.h"

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

  // Suspends until another answer has come; false at the deadline.
  bool wait(const char* why) {
    return !late() && arrived_.wait(why, deadline_ - clock_.monotonic());
  }
  // Whether the deadline has passed.
  bool late() const { return clock_.monotonic() >= deadline_; }
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
