#include "engine/replication/membership.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/replication/answers.h"

namespace revenant::replication {
namespace {

constexpr Duration kRetryAfter = seconds(10);
// A source tells after each batch, and while it waits. Cassandra: streaming_keep_alive_period, 5 min.
constexpr Duration kSilenceMax = minutes(1);
constexpr Duration kFlushTimeout = minutes(10);

// What the source of a stream says of it.
class Progress final : public ReplyHandler {
 public:
  explicit Progress(env::Environment environment)
      : clock_(environment.clock), told_(environment.tasks), heard_(clock_.monotonic()) {}

  void on_reply(NodeId /*from*/, Bytes body) override {
    if (const auto progress = decode_all<StreamProgress>(body)) {
      heard_ = clock_.monotonic();
      if (progress->ended || progress->cells >= last_.cells) last_ = *progress;
      told_.wake_all();
    }
  }
  void wait() { told_.wait("a range's cells", seconds(1)); }
  bool silent() const { return clock_.monotonic() - heard_ >= kSilenceMax; }
  const StreamProgress& last() const { return last_; }

 private:
  const env::Clock& clock_;
  env::WaitList told_;
  Instant heard_;
  StreamProgress last_;
};

}  // namespace

Membership::Membership(env::Environment environment, Messenger& messenger, Peers& peers,
                       ring::Topology& topology, lsm::Db& db, Hints* hints,
                       const ReplicationOptions& options)
    : environment_(environment),
      messenger_(messenger),
      peers_(peers),
      topology_(topology),
      db_(db),
      hints_(hints),
      options_(options) {
  messenger_.serve(Verb::kFlush,
                   [this](NodeId from, uint64_t id, Bytes /*body*/) { serve_flush(from, id); });
  messenger_.serve(Verb::kTakeHint, [this](NodeId from, uint64_t id, Bytes body) {
    serve_take_hint(from, id, body);
  });
}

void Membership::bootstrap() { carry_out(topology_.bootstrap(messenger_.self())); }
void Membership::decommission() { carry_out(topology_.decommission(messenger_.self())); }
void Membership::replace(NodeId dead) { carry_out(topology_.replace(dead, messenger_.self())); }
void Membership::move() { carry_out(topology_.move(messenger_.self())); }

void Membership::resume() {
  const ring::Topology::Change* change = topology_.change();
  if (change != nullptr && change->node == messenger_.self()) carry_out({});
}

bool Membership::goes_on(uint64_t change) const {
  return topology_.change() != nullptr && topology_.change()->number == change;
}

template <typename Step>
void Membership::persist(uint64_t change, Step step) {
  while (goes_on(change) && !step()) {
    ++metrics_.streams_failed;
    environment_.tasks.sleep(kRetryAfter);
  }
}

void Membership::carry_out(Result<void> begun) {
  if (!begun) {
    ++metrics_.refused;
    return;
  }
  const uint64_t change = topology_.change()->number;
  const bool leaves = topology_.change()->kind == ring::ChangeKind::kDecommission;
  std::map<std::pair<NodeId, NodeId>, Stream> streams;
  std::set<NodeId> receivers;
  for (const ring::Transfer& transfer : topology_.change()->transfers) {
    receivers.insert(transfer.to);
    for (NodeId from : transfer.from) {
      Stream& stream = streams[{from, transfer.to}];
      stream.from = from;
      stream.to = transfer.to;
      stream.ranges.push_back(transfer.range);
    }
  }
  environment_.tasks.sleep(options_.write_timeout);
  for (const auto& [ends, stream] : streams) persist(change, [&] { return receive(stream); });
  for (NodeId node : receivers) persist(change, [&] { return flush(node); });
  if (leaves && hints_ != nullptr) persist(change, [&] { return hand_over_hints(); });
  if (goes_on(change)) topology_.finish();
}

bool Membership::receive(const Stream& stream) {
  if (!peers_.up(stream.from) || !peers_.up(stream.to)) return false;
  Progress progress(environment_);
  Messenger::Call call(messenger_, progress);
  Buffer request;
  encode(request, StreamRequest{stream.to, environment_.clock.now(), stream.ranges});
  messenger_.send(stream.from, Verb::kSendRange, call.id(), request);
  while (!progress.last().ended) {
    progress.wait();
    if (progress.last().ended) break;
    if (progress.silent() || !peers_.up(stream.from) || !peers_.up(stream.to)) return false;
  }
  metrics_.cells_received += progress.last().cells;
  metrics_.bytes_received += progress.last().bytes;
  return true;
}

bool Membership::flush(NodeId node) {
  Answers answers(environment_, kFlushTimeout);
  Messenger::Call call(messenger_, answers);
  messenger_.send(node, Verb::kFlush, call.id(), {});
  while (answers.all().empty()) {
    if (answers.wait("flush of what was sent", environment_.clock.monotonic() + seconds(1)))
      continue;
    if (answers.late() || !peers_.up(node)) return false;
  }
  return is_ok(answers.all().front().second);
}

void Membership::serve_flush(NodeId from, uint64_t id) {
  const bool flushed = db_.flush().has_value();
  answer(from, id, flushed);
}

bool Membership::hand_over_hints() {
  const auto& members = topology_.ring().nodes();
  const auto taker = std::ranges::find_if(
      members, [this](NodeId node) { return node != messenger_.self() && peers_.up(node); });
  if (taker == members.end()) return false;
  for (NodeId target : topology_.nodes()) {
    if (!hints_->pending(target)) continue;
    const bool all = hints_->flush(target, [&](Buffer key, const Cell& cell, Instant created) {
      Buffer body;
      encode(body, HandedHint{target, created, {std::move(key), cell}});
      Answers answers(environment_, options_.write_timeout);
      Messenger::Call call(messenger_, answers);
      messenger_.send(*taker, Verb::kTakeHint, call.id(), body);
      const bool taken = answers.wait_for("a hint's new keeper", 1, 1, is_ok);
      metrics_.hints_handed_over += taken ? 1 : 0;
      return taken;
    });
    if (!all) return false;
  }
  return true;
}

void Membership::serve_take_hint(NodeId from, uint64_t id, Bytes body) {
  const auto hint = decode_all<HandedHint>(body);
  if (!hint) return;
  const bool kept = hints_ != nullptr && hints_->add(hint->target, hint->write.key,
                                                     hint->write.cell.view(), hint->created);
  answer(from, id, kept);
}

bool Membership::cleanup() {
  if (topology_.change() != nullptr) {
    ++metrics_.refused;
    return false;
  }
  const auto owned = [this] { return spans_of(topology_.owned_by(messenger_.self())); };
  if (!db_.cleanup(owned)) return false;
  ++metrics_.cleanups;
  return true;
}

void Membership::answer(NodeId to, uint64_t id, bool done) {
  const char status = static_cast<char>(done ? Status::kOk : Status::kError);
  messenger_.reply(to, id, Bytes(&status, 1));
}

lsm::KeySpans spans_of(const std::vector<ring::TokenRange>& ranges) {
  lsm::KeySpans spans;
  for (ring::TokenRange range : ranges) {
    for (ring::KeyInterval& interval : ring::storage_intervals(range))
      spans.push_back({std::move(interval.least), std::move(interval.limit)});
  }
  return spans;
}

}  // namespace revenant::replication
