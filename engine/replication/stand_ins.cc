#include "engine/replication/stand_ins.h"

#include "engine/base/cell.h"

namespace revenant::replication {

namespace {

void hold(StandIns::Held& held, NodeId primary, const Buffer& key, const Cell& cell) {
  const auto [known, first] = held[primary].try_emplace(key, cell);
  if (!first && compare_cells(cell.view(), known->second.view()) > 0) known->second = cell;
}

}  // namespace

auto StandIns::recover(env::Environment environment, const HintOptions& options, Duration age_max)
    -> Result<Recovered> {
  Recovered recovered{
      std::make_unique<Hints>(environment, options, age_max, Defects(), "stand_ins"), {}};
  RETURN_IF_ERROR(recovered.log->open());
  recovered.log->visit([&](NodeId primary, const Buffer& key, const Cell& cell) {
    hold(recovered.held, primary, key, cell);
  });
  return recovered;
}

StandIns::StandIns(Messenger& messenger, Recovered recovered)
    : messenger_(messenger), log_(std::move(recovered.log)), held_(std::move(recovered.held)) {
  auto serve = [this](Verb verb, void (StandIns::*handler)(NodeId, uint64_t, Bytes)) {
    messenger_.serve(verb, [this, handler](NodeId from, uint64_t id, Bytes body) {
      (this->*handler)(from, id, body);
    });
  };
  serve(Verb::kStandIn, &StandIns::serve_stand_in);
  serve(Verb::kReadStandIn, &StandIns::serve_read);
}

void StandIns::forget_delivered(NodeId primary) {
  if (!log_->pending(primary)) held_.erase(primary);
}

void StandIns::discard() {
  held_.clear();
  log_->discard();
}

StandInMetrics StandIns::metrics() {
  StandInMetrics metrics = metrics_;
  metrics.handed_off = log_->metrics().delivered;
  return metrics;
}

void StandIns::serve_stand_in(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<HeldFor>(body);
  if (!request) return;
  const KeyedCell& write = request->write;
  const bool kept = log_->add(request->primary, write.key, write.cell.view());
  if (kept) {
    hold(held_, request->primary, write.key, write.cell);
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
