#include "engine/replication/stand_ins.h"

#include "engine/base/cell.h"

namespace revenant::replication {

StandIns::StandIns(env::Environment environment, Messenger& messenger, const HintOptions& options,
                   Duration age_max)
    : messenger_(messenger), log_(environment, options, age_max, {}, "stand_ins") {
  auto serve = [this](Verb verb, void (StandIns::*handler)(NodeId, uint64_t, Bytes)) {
    messenger_.serve(verb, [this, handler](NodeId from, uint64_t id, Bytes body) {
      (this->*handler)(from, id, body);
    });
  };
  serve(Verb::kStandIn, &StandIns::serve_stand_in);
  serve(Verb::kReadStandIn, &StandIns::serve_read);
}

Result<void> StandIns::open() {
  RETURN_IF_ERROR(log_.open());
  log_.visit(
      [this](NodeId primary, const Buffer& key, const Cell& cell) { hold(primary, key, cell); });
  return {};
}

void StandIns::hold(NodeId primary, const Buffer& key, const Cell& cell) {
  const auto [held, first] = held_[primary].try_emplace(key, cell);
  if (!first && compare_cells(cell.view(), held->second.view()) > 0) held->second = cell;
}

void StandIns::forget_delivered(NodeId primary) {
  if (!log_.pending(primary)) held_.erase(primary);
}

void StandIns::discard() {
  held_.clear();
  log_.discard();
}

StandInMetrics StandIns::metrics() {
  StandInMetrics metrics = metrics_;
  metrics.handed_off = log_.metrics().delivered;
  return metrics;
}

void StandIns::serve_stand_in(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<HeldFor>(body);
  if (!request) return;
  const KeyedCell& write = request->write;
  const bool kept = log_.add(request->primary, write.key, write.cell.view());
  if (kept) {
    hold(request->primary, write.key, write.cell);
    ++metrics_.writes;
  }
  const char status = static_cast<char>(kept ? Status::kOk : Status::kError);
  messenger_.reply(from, id, Bytes(&status, 1), env::MessageKind::kWriteResponse);
}

void StandIns::serve_read(NodeId from, uint64_t id, Bytes body) {
  ++metrics_.reads;
  const Buffer key(body);
  ReadAnswer answer;
  for (const auto& [primary, cells] : held_) {
    const auto held = cells.find(key);
    if (held == cells.end()) continue;
    if (!answer.cell || compare_cells(held->second.view(), answer.cell->view()) > 0)
      answer.cell = held->second;
  }
  Buffer out;
  encode(out, answer);
  messenger_.reply(from, id, out, env::MessageKind::kReadResponse);
}

}  // namespace revenant::replication
