#include "engine/replication/replica.h"

#include "engine/base/check.h"
#include "engine/replication/answers.h"
#include "engine/replication/membership.h"

namespace revenant::replication {
namespace {

// Cells of one streamed message.
constexpr size_t kStreamBatchCells = 128;
// Attempts to send a batch of a range that moves: what is lost with it is not for repair to find.
constexpr int kBatchAttempts = 10;
// Between signs of life of a stream that is held to its rate.
constexpr Duration kKeepAlive = seconds(10);

}  // namespace

Replica::Replica(env::Environment environment, Messenger& messenger, Peers& peers, lsm::Db& db,
                 Duration stream_timeout, const ReplicationOptions& options)
    : environment_(environment),
      messenger_(messenger),
      peers_(peers),
      db_(db),
      stream_timeout_(stream_timeout),
      options_(options) {
  auto serve = [this](Verb verb, void (Replica::*handler)(NodeId, uint64_t, Bytes)) {
    messenger_.serve(verb, [this, handler](NodeId from, uint64_t id, Bytes body) {
      (this->*handler)(from, id, body);
    });
  };
  serve(Verb::kApply, &Replica::serve_apply);
  serve(Verb::kRead, &Replica::serve_read);
  serve(Verb::kReadDigest, &Replica::serve_read_digest);
  serve(Verb::kReadRange, &Replica::serve_read_range);
  serve(Verb::kTree, &Replica::serve_tree);
  serve(Verb::kStream, &Replica::serve_stream);
  serve(Verb::kSendRange, &Replica::serve_send_range);
  serve(Verb::kBeginSession, &Replica::serve_begin_session);
  serve(Verb::kTreeUnrepaired, &Replica::serve_tree_unrepaired);
  serve(Verb::kStreamUnrepaired, &Replica::serve_stream_unrepaired);
  serve(Verb::kReceive, &Replica::serve_receive);
  serve(Verb::kEndSession, &Replica::serve_end_session);
}

void Replica::answer_status(NodeId to, uint64_t id, Status status) {
  const char byte = static_cast<char>(status);
  messenger_.reply(to, id, Bytes(&byte, 1), env::MessageKind::kWriteResponse);
}

// Nothing that decodes: the coordinator must not take an error for an absent key.
void Replica::answer_unreadable(NodeId to, uint64_t id) {
  messenger_.reply(to, id, {}, env::MessageKind::kReadResponse);
}

bool Replica::bears(uint64_t tombstones) {
  metrics_.tombstones_scanned += tombstones;
  const bool bearable = tombstones <= static_cast<uint64_t>(options_.tombstone_thresholds.failure);
  metrics_.tombstone_failures += bearable ? 0 : 1;
  if (bearable && tombstones > static_cast<uint64_t>(options_.tombstone_thresholds.warning))
    ++metrics_.tombstone_warnings;
  return bearable;
}

Result<std::optional<Cell>> Replica::read(Bytes storage_key) {
  ++metrics_.reads;
  ASSIGN_OR_RETURN(std::optional<Cell> cell, db_.get(storage_key));
  const bool dead = cell && cell->view().at(environment_.clock.now()).is_tombstone();
  if (!bears(dead ? 1 : 0)) return error(ErrorCode::kInvalid, "over a tombstone");
  if (cell && !options_.reads_return_purgeable &&
      purgeable(db_.gc(), storage_key, cell->view(), environment_.clock.now()))
    cell.reset();
  return cell;
}

void Replica::serve_apply(NodeId from, uint64_t id, Bytes body) {
  auto apply = decode_all<Apply>(body);
  if (!apply) return;
  metrics_.cells_applied += apply->cells.size();
  lsm::WriteBatch batch;
  batch.entries.reserve(apply->cells.size());
  for (KeyedCell& keyed : apply->cells)
    batch.entries.push_back({std::move(keyed.key), std::move(keyed.cell), {}});
  const bool written = db_.write(std::move(batch), apply->source).has_value();
  answer_status(from, id, written ? Status::kOk : Status::kError);
}

void Replica::serve_read(NodeId from, uint64_t id, Bytes body) {
  auto cell = read(body);
  if (!cell) return answer_unreadable(from, id);
  Buffer answer;
  encode(answer, *cell);
  messenger_.reply(from, id, answer, env::MessageKind::kReadResponse);
}

// The same work for the disk; the answer is short.
void Replica::serve_read_digest(NodeId from, uint64_t id, Bytes body) {
  auto cell = read(body);
  if (!cell) return answer_unreadable(from, id);
  Buffer answer;
  encode(answer, ReadAnswer{.cell = {}, .digest = digest_of(*cell)});
  messenger_.reply(from, id, answer, env::MessageKind::kReadResponse);
}

void Replica::serve_read_range(NodeId from, uint64_t id, Bytes body) {
  auto request = decode_all<ReadRange>(body);
  if (!request) return;
  auto scan = db_.scan(request->least, request->limit);
  if (!scan) return answer_unreadable(from, id);
  const lsm::GcRule gc = db_.gc();
  const Instant now = environment_.clock.now();
  const auto tombstones_max = static_cast<uint64_t>(options_.tombstone_thresholds.failure);
  RangeAnswer found;
  uint64_t live = 0, tombstones = 0;
  for (; (*scan)->valid() && live < request->live_max && tombstones <= tombstones_max;
       (*scan)->next()) {
    const CellView cell = (*scan)->cell();
    ++(cell.at(now).is_tombstone() ? tombstones : live);
    if (!options_.reads_return_purgeable && purgeable(gc, (*scan)->key(), cell, now)) continue;
    found.cells.push_back({Buffer((*scan)->key()), Cell(cell)});
  }
  if (!(*scan)->status() || !bears(tombstones)) return answer_unreadable(from, id);
  found.ended = !(*scan)->valid();
  Buffer answer;
  encode(answer, found);
  messenger_.reply(from, id, answer, env::MessageKind::kReadResponse);
}

Result<void> Replica::visit_repaired(
    ring::TokenRange range, Instant moment, env::Cause cause, Data data,
    const std::function<Result<void>(Bytes, const CellView&)>& visit) {
  const lsm::GcRule gc = db_.gc();
  const bool leave_out = !options_.repair || !options_.repair->sends_purgeable;
  return visit_all(range, cause, data, [&](Bytes key, const CellView& whole) -> Result<void> {
    const CellView cell = whole.at(moment);
    if (leave_out && purgeable(gc, key, cell, moment)) return {};
    return visit(key, cell);
  });
}

Result<void> Replica::visit_all(ring::TokenRange range, env::Cause cause, Data data,
                                const std::function<Result<void>(Bytes, const CellView&)>& visit) {
  for (const ring::KeyInterval& interval : ring::storage_intervals(range)) {
    // The session may have ended while this was suspended.
    if (data == Data::kUnrepaired && !session_)
      return error(ErrorCode::kUnavailable, "the repair session has ended");
    ASSIGN_OR_RETURN(auto scan,
                     data == Data::kAll
                         ? db_.scan(interval.least, interval.limit, {.cause = cause})
                         : db_.scan_unrepaired(interval.least, interval.limit, {.cause = cause}));
    // No write of a client makes one, and no message could carry it (engine/README.md).
    CHECK(scan->range_tombstones().empty(), "range tombstones are not replicated");
    for (; scan->valid(); scan->next()) RETURN_IF_ERROR(visit(scan->key(), scan->cell()));
    RETURN_IF_ERROR(scan->status());
  }
  return {};
}

void Replica::serve_tree(NodeId from, uint64_t id, Bytes body) {
  build_tree(from, id, body, Data::kAll);
}
void Replica::serve_tree_unrepaired(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<TreeRequest>(body);
  if (request && is_session(from, request->moment) && session_->begun)
    build_tree(from, id, body, Data::kUnrepaired);
}
void Replica::serve_stream(NodeId from, uint64_t id, Bytes body) {
  stream(from, id, body, Data::kAll);
}
void Replica::serve_stream_unrepaired(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<StreamRequest>(body);
  if (request && is_session(from, request->moment) && session_->begun)
    stream(from, id, body, Data::kUnrepaired);
}

// A session of another coordinator has to end first.
void Replica::serve_begin_session(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<BeginSession>(body);
  if (!request) return;
  const Instant began = request->began;
  // Delivered twice, or after its end: it must not begin a session that nobody ends.
  LastSessions& last = last_sessions_[from];
  if (began == last.begun || began == last.ended) return;
  if (session_ || db_.in_repair()) return answer_status(from, id, Status::kError);
  last.begun = began;
  session_ = Session{.coordinator = from, .began = began, .begun = false, .received = {}};
  const bool pinned = !options_.repair || options_.repair->pins_sstables;
  std::shared_ptr<const lsm::KeySpans> spans;
  if (!request->ranges.empty())
    spans = std::make_shared<const lsm::KeySpans>(spans_of(request->ranges));
  const bool begun = db_.begin_repair(pinned, std::move(spans)).has_value();
  const bool ended = !is_session(from, began);  // another node refused it
  if (begun && ended) db_.end_repair();
  if (!begun && !ended) session_.reset();
  if (!begun || ended) return answer_status(from, id, Status::kError);
  session_->begun = true;
  // If its coordinator is heard of no more.
  environment_.tasks.spawn("end of a repair session", [this, from, began] {
    environment_.tasks.sleep(stream_timeout_ * 2);
    if (is_session(from, began)) end_session();
  });
  answer_status(from, id, Status::kOk);
}

void Replica::serve_receive(NodeId from, uint64_t id, Bytes body) {
  auto apply = decode_all<Apply>(body);
  if (!apply || !session_ || !session_->begun) return;
  for (KeyedCell& keyed : apply->cells) {
    const auto [held, first] = session_->received.try_emplace(std::move(keyed.key), keyed.cell);
    if (!first && compare_cells(keyed.cell.view(), held->second.view()) > 0)
      held->second = std::move(keyed.cell);
  }
  answer_status(from, id, Status::kOk);
}

void Replica::serve_end_session(NodeId from, uint64_t id, Bytes body) {
  const auto end = decode_all<EndSession>(body);
  if (!end) return;
  last_sessions_[from].ended = end->began;
  if (!is_session(from, end->began)) return answer_status(from, id, Status::kError);
  if (!session_->begun) {
    session_.reset();
    return answer_status(from, id, Status::kError);
  }
  const std::map<Buffer, Cell> received = std::move(session_->received);
  const bool marked = !end->repaired || db_.mark_repaired(end->began, received).has_value();
  if (is_session(from, end->began)) end_session();
  answer_status(from, id, marked ? Status::kOk : Status::kError);
}

void Replica::end_session() {
  session_.reset();
  db_.end_repair();
}

void Replica::build_tree(NodeId from, uint64_t id, Bytes body, Data data) {
  auto request = decode_all<TreeRequest>(body);
  if (!request || request->depth > 20) return;
  ++metrics_.trees;
  ring::MerkleTree tree(request->range, static_cast<int>(request->depth));
  auto built = visit_repaired(
      request->range, request->moment, {env::CauseKind::kRepair}, data,
      [&](Bytes key, const CellView& cell) -> Result<void> {
        if (cell.is_tombstone() && options_.defects.has(Defect::kTreeMissesTombstones)) return {};
        tree.add(key, cell);
        return {};
      });
  if (!built) return;
  tree.seal();
  messenger_.reply(from, id, tree.encode());
}

bool Replica::send_batch(NodeId to, Bytes apply, env::ApplySource source, Data data) {
  const bool moves = source == env::ApplySource::kStream;
  for (int attempt = 0; attempt < (moves ? kBatchAttempts : 1); ++attempt) {
    Answers answers(environment_, moves ? options_.write_timeout : stream_timeout_);
    Messenger::Call call(messenger_, answers);
    messenger_.send(to, data == Data::kAll ? Verb::kApply : Verb::kReceive, call.id(), apply);
    peers_.said(to);
    if (answers.wait_for("stream acknowledgement", 1, 1, is_ok)) return true;
  }
  return false;
}

bool Replica::send_cells(const StreamRequest& request, env::ApplySource source, Data data,
                         const std::function<void(const Sent&)>& told) {
  Sent sent;
  Apply batch{source, {}};
  const auto send = [&]() -> Result<void> {
    if (batch.cells.empty()) return {};
    Buffer encoded;
    encode(encoded, batch);
    if (!send_batch(request.to, encoded, source, data))
      return error(ErrorCode::kTimeout, "{} does not take what is streamed", request.to);
    sent.cells += batch.cells.size();
    for (const KeyedCell& keyed : batch.cells)
      sent.bytes += keyed.key.size() + keyed.cell.value.size();
    batch.cells.clear();
    told(sent);
    return {};
  };
  const auto add = [&](Bytes key, const CellView& cell) -> Result<void> {
    if (source == env::ApplySource::kRepair && cell.is_tombstone() &&
        options_.defects.has(Defect::kRepairSkipsTombstones))
      return {};
    batch.cells.push_back({Buffer(key), Cell(cell)});
    return batch.cells.size() < kStreamBatchCells ? Result<void>{} : send();
  };
  constexpr env::Cause kStreamed{env::CauseKind::kStream};
  for (ring::TokenRange range : request.ranges) {
    const auto visited = source == env::ApplySource::kRepair
                             ? visit_repaired(range, request.moment, kStreamed, data, add)
                             : visit_all(range, kStreamed, data, add);
    if (!visited) return false;
  }
  return send().has_value();
}

// For repair: then tells the coordinator how many they were.
void Replica::stream(NodeId from, uint64_t id, Bytes body, Data data) {
  const auto request = decode_all<StreamRequest>(body);
  if (!request) return;
  uint64_t cells = 0;
  if (!send_cells(*request, env::ApplySource::kRepair, data,
                  [&](const Sent& sent) { cells = sent.cells; }))
    return;
  metrics_.cells_streamed += cells;
  Buffer answer;
  put_varint(answer, cells);
  messenger_.reply(from, id, answer);
}

// For a change of membership: at its throughput, telling after each batch.
void Replica::serve_send_range(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<StreamRequest>(body);
  if (!request) return;
  StreamProgress progress;
  const auto tell = [&] {
    Buffer answer;
    encode(answer, progress);
    messenger_.reply(from, id, answer);
  };
  const auto rate = static_cast<uint64_t>(options_.stream_throughput.bytes_per_second);
  const auto keep_pace = [&](const Sent& sent) {
    const uint64_t bytes = sent.bytes - progress.bytes;
    progress.cells = sent.cells;
    progress.bytes = sent.bytes;
    tell();
    Duration left = nanoseconds(static_cast<int64_t>(bytes * 1'000'000'000 / rate));
    for (; left > kKeepAlive; left = left - kKeepAlive) {
      environment_.tasks.sleep(kKeepAlive);
      tell();
    }
    environment_.tasks.sleep(left);
  };
  if (!send_cells(*request, env::ApplySource::kStream, Data::kAll, keep_pace)) return;
  progress.ended = true;
  tell();
}

}  // namespace revenant::replication
