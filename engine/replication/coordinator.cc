#include "engine/replication/coordinator.h"

#include <algorithm>
#include <map>
#include <utility>

namespace revenant::replication {
namespace {

Buffer encode_apply(env::ApplySource source, Bytes storage_key, const CellView& cell) {
  Buffer out;
  out.reserve(storage_key.size() + cell.value.size() + 24);
  out.push_back(static_cast<char>(source));
  put_varint(out, 1);
  put_bytes(out, storage_key);
  encode(out, cell);
  return out;
}

template <typename T>
bool is_a(Bytes body) {
  return decode_all<T>(body).has_value();
}

void keep_winner(std::optional<Cell>& winner, const Cell& cell) {
  if (!winner || compare_cells(cell.view(), winner->view()) > 0) winner = cell;
}

}  // namespace

Coordinator::Coordinator(env::Environment environment, Messenger& messenger, Peers& peers,
                         const ring::Topology& topology, Hints* hints, HybridClock* hybrid,
                         const ReplicationOptions& options, Random random)
    : environment_(environment),
      messenger_(messenger),
      peers_(peers),
      topology_(topology),
      hints_(hints),
      options_(options),
      stamper_(options.timestamps, environment.clock, hybrid),
      random_(random),
      read_latencies_(options.speculative_retry.percentile) {
  auto serve = [this](Verb verb, void (Coordinator::*handler)(NodeId, uint64_t, Bytes)) {
    messenger_.serve(verb, [this, handler](NodeId from, uint64_t id, Bytes body) {
      (this->*handler)(from, id, body);
    });
  };
  serve(Verb::kClientWrite, &Coordinator::serve_write);
  serve(Verb::kClientBatch, &Coordinator::serve_batch);
  serve(Verb::kClientRead, &Coordinator::serve_read);
  serve(Verb::kClientScan, &Coordinator::serve_scan);
}

void Coordinator::send(NodeId to, Verb verb, uint64_t id, Bytes body) {
  messenger_.send(to, verb, id, body);
  peers_.said(to);
}

std::vector<NodeId> Coordinator::up_of(const std::vector<NodeId>& replicas) const {
  std::vector<NodeId> up;
  up.reserve(replicas.size());
  std::ranges::copy_if(replicas, std::back_inserter(up),
                       [this](NodeId node) { return peers_.up(node); });
  return up;
}

auto Coordinator::stand_ins_of(ring::Token token, const std::vector<NodeId>& takers) const
    -> std::vector<StandIn> {
  if (!options_.sloppy_quorum) return {};
  std::vector<NodeId> down;
  std::ranges::copy_if(takers, std::back_inserter(down),
                       [this](NodeId node) { return !peers_.up(node); });
  if (down.empty()) return {};
  std::vector<StandIn> stand_ins;
  for (NodeId node : topology_.ring().walk(token)) {
    if (stand_ins.size() == down.size()) break;
    if (!peers_.up(node) || std::ranges::find(takers, node) != takers.end()) continue;
    stand_ins.push_back({node, down[stand_ins.size()]});
  }
  return stand_ins;
}

void Coordinator::add_stand_ins(std::vector<Quorum>& quorums, const std::vector<StandIn>& stand_ins,
                                const std::vector<NodeId>& replicas, int64_t of_replicas) {
  for (Quorum& quorum : quorums) {
    for (const StandIn& stand_in : stand_ins) quorum.replicas.push_back(stand_in.node);
  }
  // First, so that a choice of nodes for it counts in the wider ones.
  if (of_replicas > 0)
    quorums.insert(quorums.begin(), {replicas, static_cast<size_t>(of_replicas)});
}

void Coordinator::send_apply(NodeId to, const std::vector<StandIn>& stand_ins, uint64_t id,
                             env::ApplySource source, Bytes storage_key, const CellView& cell) {
  const auto stand_in = std::ranges::find(stand_ins, to, &StandIn::node);
  if (stand_in == stand_ins.end())
    return send(to, Verb::kApply, id, encode_apply(source, storage_key, cell));
  Buffer held;
  encode(held, HeldFor{stand_in->primary, {Buffer(storage_key), Cell(cell)}});
  send(to, Verb::kStandIn, id, held);
}

std::optional<std::vector<NodeId>> Coordinator::choose(const std::vector<Quorum>& quorums,
                                                       Fanout fanout) {
  std::vector<NodeId> asked;
  for (const Quorum& quorum : quorums) {
    std::vector<NodeId> chosen = up_of(quorum.replicas);
    if (chosen.size() < quorum.required) return std::nullopt;
    std::erase_if(chosen,
                  [&](NodeId node) { return std::ranges::find(asked, node) != asked.end(); });
    const size_t missing = quorum.required - std::min(quorum.required, quorum.count(asked));
    if (chosen.size() > missing && fanout == Fanout::kLevel) {
      random_.shuffle(chosen);
      auto own = std::ranges::find(chosen, messenger_.self());
      if (own != chosen.end()) std::iter_swap(chosen.begin(), own);
      chosen.resize(missing);
    }
    asked.insert(asked.end(), chosen.begin(), chosen.end());
  }
  return asked;
}

size_t Coordinator::required_of(const Quorum& quorum, size_t up) const {
  const size_t required = quorum.required;
  if (options_.defects.has(Defect::kWriteQuorumTooSmall) && required > 1) return required - 1;
  if (options_.defects.has(Defect::kQuorumOfReachable)) return std::min(required, up);
  if (options_.defects.has(Defect::kHintCountsAsAcknowledgement) && hints_ != nullptr)
    return required - std::min(required, quorum.replicas.size() - up);
  return required;
}

bool Coordinator::keep_hint(NodeId target, Bytes storage_key, const CellView& cell,
                            std::optional<Instant> created) {
  if (hints_ == nullptr) return false;
  if (peers_.down_for(target) > options_.hinted_handoff->window) {
    ++hints_->metrics().beyond_window;
    return false;
  }
  if (hints_->full(target)) {
    ++hints_->metrics().beyond_size;
    return false;
  }
  return hints_->add(target, storage_key, cell, created.value_or(environment_.clock.now()));
}

auto Coordinator::plan_write(ring::Token token, const ConsistencyLevel& level) -> WritePlan {
  const ring::Ring& ring = topology_.ring();
  const std::vector<NodeId> pending = topology_.pending(token);
  WritePlan plan;
  plan.quorums = quorums_of(level, ring.replicas(token), ring, messenger_.self());
  add_pending(plan.quorums, level, pending, ring, messenger_.self());
  plan.replicas = ring.replicas(token);
  plan.replicas.insert(plan.replicas.end(), pending.begin(), pending.end());
  plan.stand_ins = stand_ins_of(token, plan.replicas);
  plan.level_required = plan.quorums.front().required;
  add_stand_ins(plan.quorums, plan.stand_ins, ring.replicas(token), options_.pw);
  std::vector<NodeId> takers = plan.replicas;
  for (const StandIn& stand_in : plan.stand_ins) takers.push_back(stand_in.node);
  plan.sent_to = up_of(takers);
  for (Quorum& quorum : plan.quorums) {
    const size_t quorum_up = quorum.count(plan.sent_to);
    quorum.required = required_of(quorum, quorum_up);
    plan.enough_up &= quorum_up >= quorum.required;
  }
  if (options_.write_fanout == Fanout::kLevel && plan.enough_up)
    plan.sent_to = *choose(plan.quorums, Fanout::kLevel);
  return plan;
}

bool Coordinator::send_write(const WritePlan& plan, uint64_t id, Bytes storage_key,
                             const CellView& cell) {
  for (NodeId taker : plan.sent_to)
    send_apply(taker, plan.stand_ins, id, env::ApplySource::kClient, storage_key, cell);
  bool hinted = false;
  for (NodeId replica : plan.replicas) {
    const bool stood_in =
        std::ranges::find(plan.stand_ins, replica, &StandIn::primary) != plan.stand_ins.end();
    if (!stood_in && !peers_.up(replica)) hinted |= keep_hint(replica, storage_key, cell);
  }
  return hinted;
}

template <typename Kept>
void Coordinator::hint_silent(const WritePlan& plan, Answers& answers, Bytes storage_key,
                              const CellView& cell, Kept kept) {
  if (hints_ == nullptr) return;
  while (answers.all().size() < plan.sent_to.size() && answers.wait("late acknowledgements")) {
  }
  for (NodeId taker : plan.sent_to) {
    if (answers.has(taker)) continue;
    const auto stand_in = std::ranges::find(plan.stand_ins, taker, &StandIn::node);
    const NodeId replica = stand_in == plan.stand_ins.end() ? taker : stand_in->primary;
    if (keep_hint(replica, storage_key, cell)) kept();
  }
}

void Coordinator::serve_write(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<ClientWrite>(body);
  if (!request) return;
  ++metrics_.writes;
  const Instant now = environment_.clock.now();
  Version version = stamper_.stamp(request->version);
  auto answer = [&](Status status) {
    Buffer out;
    encode(out, ClientWriteReply{status, stamper_.stamps() ? version : Version{}});
    messenger_.reply(from, id, out);
  };
  // The client goes on believing in its own stamp.
  if (options_.defects.has(Defect::kCoordinatorStampsWrites))
    version = Version{static_cast<uint64_t>(now.ns / 1000)};

  const Buffer key = ring::storage_key(request->key);
  // Cassandra's localDeletionTime is the coordinator's clock too.
  const CellView cell{request->kind, version, now + request->ttl, request->value};
  const WritePlan plan = plan_write(ring::token_of_storage_key(key), request->level);
  const bool hint_suffices =
      request->level.kind == ConsistencyLevel::Kind::kAny && hints_ != nullptr;
  if (!plan.enough_up && !hint_suffices) {
    ++metrics_.unavailable;
    answer(Status::kUnavailable);
    return;
  }

  Answers answers(environment_, options_.write_timeout);
  Messenger::Call call(messenger_, answers);
  const bool hinted = send_write(plan, call.id(), key, cell);
  bool answered = false;
  const auto answer_once = [&](bool enough) {
    if (std::exchange(answered, true)) return;
    metrics_.timeouts += enough ? 0 : 1;
    answer(enough ? Status::kOk : Status::kTimeout);
  };
  const bool enough =
      (hint_suffices && hinted) ||
      answers.wait_for("write acknowledgements", plan.quorums, plan.sent_to, is_ok) ||
      options_.defects.has(Defect::kTimeoutIsSuccess);
  if (enough && !plan.stand_ins.empty())
    metrics_.writes_met_by_stand_ins +=
        answers.judged({plan.replicas, 0}, is_ok).fine < plan.level_required ? 1 : 0;
  if (enough || !hint_suffices) answer_once(enough);

  // The replicas that have not given their answer may still miss the write. At ANY the hint may be
  // what the client waits for.
  if (hints_ == nullptr) return;
  hint_silent(plan, answers, key, cell, [&] { answer_once(true); });
  answer_once(false);
}

std::vector<NodeId> Coordinator::choose_batch_holders() {
  const ring::Ring& ring = topology_.ring();
  const NodeId self = messenger_.self();
  std::vector<NodeId> others;
  for (NodeId node : ring.nodes()) {
    if (node != self && peers_.up(node) && ring.data_center_of(node) == ring.data_center_of(self))
      others.push_back(node);
  }
  if (ring.nodes().size() == 1) return {self};
  random_.shuffle(others);
  std::vector<NodeId> holders;
  // In turn: from racks that hold none yet, then wherever they stand.
  std::vector<int64_t> racks{ring.rack_of(self)};
  for (const bool any_rack : {false, true}) {
    for (NodeId node : others) {
      const bool taken = std::ranges::find(holders, node) != holders.end();
      const bool new_rack = std::ranges::find(racks, ring.rack_of(node)) == racks.end();
      if (holders.size() == 2 || taken || (!any_rack && !new_rack)) continue;
      holders.push_back(node);
      racks.push_back(ring.rack_of(node));
    }
  }
  return holders;
}

void Coordinator::serve_batch(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<ClientBatch>(body);
  if (!request) return;
  ++metrics_.batches;
  const Instant now = environment_.clock.now();
  const Version version = stamper_.stamp(request->version);
  const auto answer = [&](Status status) {
    metrics_.unavailable += status == Status::kUnavailable ? 1 : 0;
    metrics_.timeouts += status == Status::kTimeout ? 1 : 0;
    Buffer out;
    encode(out, ClientWriteReply{status, stamper_.stamps() ? version : Version{}});
    messenger_.reply(from, id, out);
  };
  last_batch_ = std::max(last_batch_ + 1, static_cast<uint64_t>(now.ns));
  StoredBatch batch{{messenger_.self(), last_batch_}, now, {}};
  std::vector<WritePlan> plans;
  bool enough_up = true;
  for (const ClientBatch::Put& put : request->puts) {
    Buffer key = ring::storage_key(put.key);
    plans.push_back(plan_write(ring::token_of_storage_key(key), request->level));
    enough_up &= plans.back().enough_up;
    batch.writes.push_back(
        {std::move(key), Cell(CellView{CellKind::kValue, version, {}, put.value})});
  }
  const std::vector<NodeId> holders = choose_batch_holders();
  if (!enough_up || holders.empty()) return answer(Status::kUnavailable);

  {
    Answers stored(environment_, options_.write_timeout);
    Messenger::Call call(messenger_, stored);
    Buffer entry;
    encode(entry, batch);
    for (NodeId holder : holders) send(holder, Verb::kStoreBatch, call.id(), entry);
    if (!stored.wait_for("batch log", holders.size(), holders.size(), is_ok))
      return answer(Status::kTimeout);  // one of them may have it, and will see it through
  }
  struct Write {
    Write(env::Environment environment, Messenger& messenger, Duration timeout)
        : answers(environment, timeout), call(messenger, answers) {}
    Answers answers;
    Messenger::Call call;
  };
  std::vector<std::unique_ptr<Write>> writes;
  for (size_t i = 0; i < plans.size(); ++i) {
    writes.push_back(std::make_unique<Write>(environment_, messenger_, options_.write_timeout));
    const auto& [key, cell] = batch.writes[i];
    (void)send_write(plans[i], writes[i]->call.id(), key, cell.view());
  }
  bool enough = true;
  for (size_t i = 0; i < plans.size(); ++i) {
    enough &= writes[i]->answers.wait_for("write acknowledgements", plans[i].quorums,
                                          plans[i].sent_to, is_ok);
  }
  answer(enough ? Status::kOk : Status::kTimeout);
  if (enough) {
    Buffer name;
    encode(name, batch.id);
    for (NodeId holder : holders) send(holder, Verb::kRemoveBatch, 0, name);
  }
  for (size_t i = 0; i < plans.size(); ++i) {
    const auto& [key, cell] = batch.writes[i];
    hint_silent(plans[i], writes[i]->answers, key, cell.view(), [] {});
  }
}

bool Coordinator::replay_batch(const StoredBatch& batch) {
  bool all = true;
  for (const auto& [key, cell] : batch.writes) {
    const std::vector<NodeId> replicas = topology_.writers(ring::token_of_storage_key(key));
    const std::vector<NodeId> up = up_of(replicas);
    const Buffer apply = encode_apply(env::ApplySource::kBatchLog, key, cell.view());
    Answers answers(environment_, options_.write_timeout);
    Messenger::Call call(messenger_, answers);
    for (NodeId replica : up) send(replica, Verb::kApply, call.id(), apply);
    (void)answers.wait_for("replay of a batch", up.size(), up.size(), is_ok);
    std::vector<NodeId> took;
    for (const auto& [node, reply] : answers.all()) {
      if (is_ok(reply)) took.push_back(node);
    }
    for (NodeId replica : replicas) {
      if (std::ranges::find(took, replica) == took.end())
        all &= keep_hint(replica, key, cell.view(), batch.created);
    }
  }
  return all;
}

template <typename Reads, typename Ask, typename Sufficient>
bool Coordinator::gather(const char* why, Answers& answers, const std::vector<Quorum>& quorums,
                         std::vector<NodeId> asked, Reads reads, Ask ask, Sufficient sufficient,
                         std::optional<Instant> speculate_at) {
  const auto ask_another = [&](const Quorum& quorum) {
    const auto other = std::ranges::find_if(quorum.replicas, [&](NodeId node) {
      return peers_.up(node) && std::ranges::find(asked, node) == asked.end();
    });
    if (other == quorum.replicas.end()) return false;
    asked.push_back(*other);
    ask(*other);
    return true;
  };
  for (;;) {
    std::vector<const Quorum*> incomplete;
    for (const Quorum& quorum : quorums) {
      const auto [fine, bad] = answers.judged(quorum, reads);
      if (fine < quorum.required) incomplete.push_back(&quorum);
      while (quorum.count(asked) < quorum.required + bad) {  // so many cannot read
        if (answers.late() || !ask_another(quorum)) return false;
      }
    }
    if (incomplete.empty() && sufficient()) return true;
    if (speculate_at && environment_.clock.monotonic() >= *speculate_at) {
      speculate_at.reset();
      for (const Quorum* quorum : incomplete)
        metrics_.speculative_retries += ask_another(*quorum) ? 1 : 0;
    }
    if (!answers.wait(why, speculate_at.value_or(Instant::never())) && answers.late()) return false;
  }
}

Status Coordinator::failure_of(const Answers& answers) {
  if (!answers.late()) return Status::kError;
  ++metrics_.timeouts;
  return Status::kTimeout;
}

std::optional<Instant> Coordinator::speculation_of_read() const {
  const Instant now = environment_.clock.monotonic();
  switch (options_.speculative_retry.kind) {
    case SpeculativeRetry::Kind::kNever:
      return std::nullopt;
    case SpeculativeRetry::Kind::kAlways:
      return now;
    case SpeculativeRetry::Kind::kAfter:
      return now + options_.speculative_retry.delay;
    case SpeculativeRetry::Kind::kPercentile:
      if (const auto usual = read_latencies_.percentile()) return now + *usual;
      return std::nullopt;
  }
  return std::nullopt;
}

auto Coordinator::read_replicas(Bytes storage_key, const std::vector<Quorum>& quorums,
                                const std::vector<NodeId>& asked,
                                const std::vector<StandIn>& stand_ins)
    -> std::expected<Readings, Status> {
  const Instant begun = environment_.clock.monotonic();
  const auto decoded = [](const Answers& answers) {
    std::vector<std::pair<NodeId, ReadAnswer>> all;
    for (const auto& [node, bytes] : answers.all()) {
      if (auto answer = decode_all<ReadAnswer>(bytes)) all.emplace_back(node, std::move(*answer));
    }
    return all;
  };
  const auto is_cell = [](const auto& answer) { return !answer.second.digest; };

  Answers first(environment_, options_.read_timeout);
  Messenger::Call call(messenger_, first);
  const auto stands_in = [&](NodeId node) {
    return std::ranges::find(stand_ins, node, &StandIn::node) != stand_ins.end();
  };
  const auto ask_in = [&](uint64_t request, NodeId node) {
    send(node, stands_in(node) ? Verb::kReadStandIn : Verb::kRead, request, storage_key);
  };
  const auto ask = [&](NodeId node) { ask_in(call.id(), node); };
  const bool own = std::ranges::find(asked, messenger_.self()) != asked.end();
  for (NodeId node : asked) {
    if (!options_.digest_reads || stands_in(node) ||
        node == (own ? messenger_.self() : asked.front())) {
      ask(node);
    } else {
      ++metrics_.digests_asked;
      send(node, Verb::kReadDigest, call.id(), storage_key);
    }
  }
  const bool answered = gather(
      "read answers", first, quorums, asked, is_a<ReadAnswer>, ask,
      [&] { return std::ranges::any_of(decoded(first), is_cell); }, speculation_of_read());
  if (!answered) return std::unexpected(failure_of(first));
  if (options_.speculative_retry.kind == SpeculativeRetry::Kind::kPercentile)
    read_latencies_.add(environment_.clock.monotonic() - begun);

  auto answers = decoded(first);
  const std::optional<Cell> cell = std::ranges::find_if(answers, is_cell)->second.cell;
  const uint64_t digest = digest_of(cell);
  const bool digests_agree = std::ranges::all_of(answers, [&](const auto& answer) {
    return is_cell(answer) || *answer.second.digest == digest;
  });
  Readings readings;
  if (digests_agree) {
    for (auto& [node, answer] : answers)
      readings.held.push_back({node, answer.digest ? cell : std::move(answer.cell)});
    return readings;
  }

  readings.digests_differed = true;
  ++metrics_.digest_mismatches;
  Answers second(environment_, first.left());
  Messenger::Call again(messenger_, second);
  const auto ask_again = [&](NodeId node) { ask_in(again.id(), node); };
  std::vector<NodeId> contacted;
  for (const auto& [node, answer] : answers) {
    contacted.push_back(node);
    ask_again(node);
  }
  if (!gather("cells of replicas that differ", second, quorums, contacted, is_a<ReadAnswer>,
              ask_again, [] { return true; }))
    return std::unexpected(failure_of(second));
  for (auto& [node, answer] : decoded(second))
    readings.held.push_back({node, std::move(answer.cell)});
  return readings;
}

void Coordinator::serve_read(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<ClientRead>(body);
  if (!request) return;
  ++metrics_.reads;
  ClientReadReply reply;
  auto answer = [&] {
    Buffer out;
    encode(out, reply);
    messenger_.reply(from, id, out);
  };

  const Buffer key = ring::storage_key(request->key);
  const ring::Ring& ring = topology_.ring();
  const ring::Token token = ring::token_of_storage_key(key);
  const std::vector<NodeId>& replicas = ring.replicas(token);
  std::vector<Quorum> quorums = quorums_of(request->level, replicas, ring, messenger_.self());
  const std::vector<StandIn> stand_ins = stand_ins_of(token, replicas);
  const size_t level_required = quorums.front().required;
  add_stand_ins(quorums, stand_ins, replicas, options_.pr);
  for (Quorum& quorum : quorums) {
    if (options_.defects.has(Defect::kReadQuorumTooSmall) && quorum.required > 1) --quorum.required;
  }
  const auto asked = choose(quorums, options_.read_fanout);
  if (!asked) {
    ++metrics_.unavailable;
    reply.status = Status::kUnavailable;
    answer();
    return;
  }

  const auto found = read_replicas(key, quorums, *asked, stand_ins);
  if (!found) {
    reply.status = found.error();
    answer();
    return;
  }
  const std::vector<Held>& held = found->held;
  if (!stand_ins.empty()) {
    const auto of_replicas = std::ranges::count_if(held, [&](const Held& by) {
      return std::ranges::find(replicas, by.node) != replicas.end();
    });
    metrics_.reads_met_by_stand_ins += std::cmp_less(of_replicas, level_required) ? 1 : 0;
  }
  for (const auto& [node, cell] : held) {
    reply.answers.push_back({node, cell.has_value(), cell ? cell->version : Version{}});
    if (options_.defects.has(Defect::kReadTakesFirstAnswer) && reply.answers.size() > 1) continue;
    if (cell) keep_winner(reply.cell, *cell);
  }
  if (reply.cell) {
    stamper_.read(reply.cell->version);
    std::vector<NodeId> stale;
    for (const auto& [node, cell] : held) {
      if (!cell || compare_cells(cell->view(), reply.cell->view()) < 0) stale.push_back(node);
    }
    if (!stale.empty()) {
      metrics_.digest_mismatches += found->digests_differed ? 0 : 1;
      CellView repaired = reply.cell->view();
      if (options_.defects.has(Defect::kReadRepairWritesOlderValue)) {
        const auto older = std::ranges::find(held, stale.front(), &Held::node);
        if (older->cell && !repaired.is_tombstone()) repaired.value = older->cell->view().value;
      }
      if (!repair_stale(stale, stand_ins, key, repaired)) {
        ++metrics_.timeouts;
        reply.status = Status::kTimeout;
        reply.cell.reset();
      }
    }
  }
  if (reply.cell) reply.cell = Cell(reply.cell->view().at(environment_.clock.now()));
  answer();
}

bool Coordinator::repair_stale(const std::vector<NodeId>& stale,
                               const std::vector<StandIn>& stand_ins, Bytes storage_key,
                               const CellView& winner) {
  if (options_.read_repair == ReadRepair::kOff) return true;
  metrics_.read_repairs += stale.size();
  Answers answers(environment_, options_.write_timeout);
  Messenger::Call call(messenger_, answers);
  for (NodeId node : stale)
    send_apply(node, stand_ins, call.id(), env::ApplySource::kReadRepair, storage_key, winner);
  if (options_.read_repair == ReadRepair::kAsync) return true;
  return answers.wait_for("read repair", stale.size(), stale.size(), is_ok);
}

// Walks the ring from the start key on, range by range, until enough live cells are found or the
// circle's end.
void Coordinator::serve_scan(NodeId from, uint64_t id, Bytes body) {
  const auto request = decode_all<ClientScan>(body);
  if (!request) return;
  ++metrics_.scans;
  std::vector<KeyedCell> found;
  auto answer = [&](Status status) {
    Buffer out;
    out.push_back(static_cast<char>(status));
    encode(out, status == Status::kOk ? found : std::vector<KeyedCell>{});
    messenger_.reply(from, id, out);
  };

  Buffer position = request->least;
  // In the order of keys; the range that wraps around is two pieces.
  struct Piece {
    ring::KeyInterval interval;
    const std::vector<NodeId>* replicas;
  };
  std::vector<Piece> pieces;
  const ring::Ring& ring = topology_.ring();
  for (const ring::Ring::OwnedRange& owned : ring.ranges()) {
    for (ring::KeyInterval& interval : ring::storage_intervals(owned.range)) {
      pieces.push_back({std::move(interval), &owned.replicas});
    }
  }
  std::ranges::sort(pieces, {}, [](const Piece& piece) { return Bytes(piece.interval.least); });

  for (const Piece& piece : pieces) {
    if (found.size() >= request->cells_max) break;
    const auto& [interval, replicas] = piece;
    if (!interval.limit.empty() && interval.limit <= position) continue;
    position = std::max(position, interval.least);
    std::vector<Quorum> quorums = quorums_of(request->level, *replicas, ring, messenger_.self());
    add_stand_ins(quorums, {}, *replicas, options_.pr);
    const auto asked = choose(quorums, options_.read_fanout);
    if (!asked) {
      ++metrics_.unavailable;
      return answer(Status::kUnavailable);
    }
    // Each round asks for as many live cells as are missing. A replica that returned that many may
    // have more: what lies beyond the least such end cannot be judged yet (short-read protection).
    for (bool more = true; more && found.size() < request->cells_max;) {
      const ReadRange read{position, interval.limit, request->cells_max - found.size()};
      Buffer encoded;
      encode(encoded, read);
      Answers answers(environment_, options_.read_timeout);
      Messenger::Call call(messenger_, answers);
      const auto ask = [&](NodeId node) { send(node, Verb::kReadRange, call.id(), encoded); };
      for (NodeId node : *asked) ask(node);
      if (!gather("scan answers", answers, quorums, *asked, is_a<RangeAnswer>, ask,
                  [] { return true; })) {
        return answer(failure_of(answers));
      }
      std::map<Buffer, std::optional<Cell>> merged;
      std::optional<Buffer> known_to;  // the last key up to which every replica has told all
      for (const auto& [node, bytes] : answers.all()) {
        auto decoded = decode_all<RangeAnswer>(bytes);
        if (!decoded) continue;
        std::vector<KeyedCell>& cells = decoded->cells;
        if (!decoded->ended && !options_.defects.has(Defect::kScanTrustsShortAnswers) &&
            (!known_to || cells.back().key < *known_to)) {
          known_to = cells.back().key;
        }
        for (KeyedCell& keyed : cells) keep_winner(merged[std::move(keyed.key)], keyed.cell);
      }
      for (auto& [key, cell] : merged) {
        if (known_to && key > *known_to) break;
        const bool live = !cell->view().at(environment_.clock.now()).is_tombstone();
        if (live && found.size() < request->cells_max) found.push_back({key, std::move(*cell)});
      }
      more = known_to.has_value();
      if (more) position = *known_to + '\0';
    }
  }
  answer(Status::kOk);
}

}  // namespace revenant::replication
