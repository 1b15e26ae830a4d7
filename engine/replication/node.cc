#include "engine/replication/node.h"

#include <algorithm>

#include "engine/replication/answers.h"

namespace revenant::replication {
namespace {

// Repair waits for whole trees and streams; Cassandra gives up after hours, we after this long
// without an answer.
constexpr Duration kRepairTimeout = minutes(10);

// A key of one replica has nobody who could miss its delete (ScyllaDB likewise).
lsm::LsmOptions of_replicas(lsm::LsmOptions storage, const ring::Topology& topology) {
  const bool alone = topology.factor().total() == 1 || topology.nodes().size() == 1;
  if (alone && storage.tombstone_gc == lsm::TombstoneGc::kRepair)
    storage.tombstone_gc = lsm::TombstoneGc::kImmediate;
  return storage;
}

}  // namespace

Result<std::unique_ptr<Node>> Node::start(env::Environment environment, env::Transport& transport,
                                          ring::Topology& topology, const lsm::LsmOptions& given,
                                          const ReplicationOptions& options, Random random) {
  const lsm::LsmOptions storage = of_replicas(given, topology);
  ASSIGN_OR_RETURN(Recovered recovered, recover(environment, storage, options));
  std::unique_ptr<Node> node(new Node(environment, transport, topology, std::move(recovered),
                                      storage, options, std::move(random)));

  topology.subscribe(transport.self(), [self = node.get()] { self->follow_topology(); });
  node->follow_topology();

  auto spawn = [&](const char* name, void (Node::*work)()) {
    environment.tasks.spawn(name, [self = node.get(), work] { (self->*work)(); });
  };
  if (node->gossip_ != nullptr) {
    environment.tasks.spawn("gossip", [gossip = node->gossip_.get()] { gossip->run(); });
  } else {
    spawn("heartbeats", &Node::send_heartbeats);
  }
  if (node->hints_ != nullptr) spawn("hint delivery", &Node::deliver_hints);
  if (node->stand_ins_ != nullptr) spawn("handoff", &Node::hand_off_stand_ins);
  node->batch_log_.start();
  if (options.repair) spawn("scheduled repair", &Node::repair_on_schedule);
  if (topology.change() != nullptr && topology.change()->node == transport.self()) {
    environment.tasks.spawn("change of membership",
                            [self = node.get()] { self->membership_.resume(); });
  }
  return node;
}

auto Node::recover(env::Environment environment, const lsm::LsmOptions& storage,
                   const ReplicationOptions& options) -> Result<Recovered> {
  const Duration age_max = storage.gc_rule().late_write_max();
  Recovered recovered;
  ASSIGN_OR_RETURN(recovered.db, lsm::Db::open(environment, storage, "db"));
  ASSIGN_OR_RETURN(recovered.batches, BatchLog::recover(environment));
  if (options.hinted_handoff) {
    recovered.hints =
        std::make_unique<Hints>(environment, *options.hinted_handoff, age_max, options.defects);
    RETURN_IF_ERROR(recovered.hints->open());
  }
  if (options.sloppy_quorum) {
    ASSIGN_OR_RETURN(
        recovered.stand_ins,
        StandIns::recover(environment, options.hinted_handoff.value_or(HintOptions{}), age_max));
  }
  if (storage.tombstone_gc == lsm::TombstoneGc::kRepair) {
    recovered.repair_history = std::make_unique<RepairHistory>(environment);
    RETURN_IF_ERROR(recovered.repair_history->open());
    recovered.db->set_repaired(recovered.repair_history->ranges());
  }
  return recovered;
}

Node::~Node() { topology_.unsubscribe(messenger_.self()); }

Node::Node(env::Environment environment, env::Transport& transport, ring::Topology& topology,
           Recovered recovered, const lsm::LsmOptions& storage, const ReplicationOptions& options,
           Random random)
    : environment_(environment),
      topology_(topology),
      options_(options),
      db_(std::move(recovered.db)),
      peers_(environment.clock, environment.events, transport.self(), topology.nodes().size(),
             options),
      hybrid_(options.timestamps == Timestamps::kHlc ? std::optional<HybridClock>(environment.clock)
                                                     : std::nullopt),
      messenger_(
          environment, transport, [this](NodeId from) { peers_.heard(from); },
          hybrid_ ? &*hybrid_ : nullptr),
      gossip_(options.gossip ? std::make_unique<Gossip>(environment, messenger_, peers_,
                                                        topology.nodes().size(), *options.gossip,
                                                        random.fork("gossip"))
                             : nullptr),
      hints_(std::move(recovered.hints)),
      stand_ins_(recovered.stand_ins
                     ? std::make_unique<StandIns>(messenger_, std::move(*recovered.stand_ins))
                     : nullptr),
      batch_log_(environment, messenger_, options, storage.wal.sync,
                 storage.gc_rule().late_write_max(), std::move(recovered.batches),
                 [this](const StoredBatch& batch) { return coordinator_.replay_batch(batch); }),
      repair_history_(std::move(recovered.repair_history)),
      replica_(environment, messenger_, peers_, *db_, kRepairTimeout, options),
      coordinator_(environment, messenger_, peers_, topology, hints_.get(),
                   hybrid_ ? &*hybrid_ : nullptr, options, std::move(random)),
      repair_(environment, messenger_, peers_, topology, options.repair.value_or(RepairOptions{}),
              kRepairTimeout, storage.tombstone_gc),
      membership_(environment, messenger_, peers_, topology, *db_, hints_.get(), options) {
  if (options.failure_detector == FailureDetector::kPhi) {
    messenger_.serve(Verb::kHeartbeat, [this](NodeId from, uint64_t /*id*/, Bytes /*body*/) {
      peers_.heard_heartbeat(from);
    });
  }
  messenger_.serve(Verb::kFlushHints, [this](NodeId from, uint64_t id, Bytes /*body*/) {
    serve_flush_hints(from, id);
  });
  messenger_.serve(Verb::kRepaired,
                   [this](NodeId /*from*/, uint64_t /*id*/, Bytes body) { serve_repaired(body); });
  messenger_.serve(Verb::kTruncate,
                   [this](NodeId from, uint64_t id, Bytes /*body*/) { serve_truncate(from, id); });
}

// The first round goes out at once: the others may have taken this node for dead, and learn that it
// is back.
void Node::send_heartbeats() {
  for (;;) {
    for (NodeId peer : topology_.nodes()) {
      if (peer == messenger_.self() || !peers_.heartbeat_due(peer)) continue;
      messenger_.send(peer, Verb::kHeartbeat, 0, {});
      peers_.said(peer);
    }
    peers_.look();
    environment_.tasks.sleep(options_.heartbeat);
  }
}

bool Node::deliver_hint(NodeId target, Buffer key, const Cell& cell, env::ApplySource source) {
  std::vector<NodeId> takers = topology_.writers(ring::token_of_storage_key(key));
  if (std::ranges::find(takers, target) != takers.end()) takers = {target};
  Apply apply{source, {}};
  apply.cells.push_back({std::move(key), cell});
  Buffer body;
  encode(body, apply);
  Answers answers(environment_, options_.write_timeout);
  Messenger::Call call(messenger_, answers);
  for (NodeId taker : takers) messenger_.send(taker, Verb::kApply, call.id(), body);
  return answers.wait_for("hint acknowledgement", takers.size(), takers.size(), is_ok);
}

bool Node::takes_hints(NodeId target) const {
  return peers_.up(target) || (topology_.version() > 0 && !topology_.is_member(target));
}

bool Node::flush_kept(Hints& kept, NodeId target, env::ApplySource source) {
  if (!kept.pending(target)) return true;
  const auto deliver = [&](Buffer key, const Cell& cell, Instant) {
    return deliver_hint(target, std::move(key), cell, source);
  };
  return takes_hints(target) && kept.flush(target, deliver);
}

// Answers once all that is kept by now is delivered, or cannot be.
void Node::serve_flush_hints(NodeId from, uint64_t id) {
  std::vector<NodeId> left;
  for (NodeId target : topology_.nodes()) {
    bool all = hints_ == nullptr || flush_kept(*hints_, target, env::ApplySource::kHint);
    if (stand_ins_ != nullptr) {
      all &= flush_kept(stand_ins_->log(), target, env::ApplySource::kHandoff);
      stand_ins_->forget_delivered(target);
    }
    if (!all) left.push_back(target);
  }
  // Whoever misses a write of a batch that is left is one for which something is left.
  for (const StoredBatch& batch : batch_log_.flush()) {
    for (const KeyedCell& write : batch.writes) {
      for (NodeId node : topology_.writers(ring::token_of_storage_key(write.key))) {
        if (std::ranges::find(left, node) == left.end()) left.push_back(node);
      }
    }
  }
  Buffer answer;
  put_varint(answer, left.size());
  for (NodeId target : left) put_varint(answer, target.value);
  messenger_.reply(from, id, answer);
}

void Node::serve_repaired(Bytes body) {
  const auto repaired = decode_all<Repaired>(body);
  if (!repaired || repair_history_ == nullptr) return;
  if (repair_history_->add(repaired->range, repaired->began))
    db_->set_repaired(repair_history_->ranges());
}

void Node::set_gc_grace(Duration gc_grace) {
  db_->set_gc_grace(gc_grace);
  if (hints_ != nullptr) hints_->set_age_max(db_->gc().late_write_max());
  batch_log_.set_age_max(db_->gc().late_write_max());
  if (stand_ins_ != nullptr) stand_ins_->log().set_age_max(db_->gc().late_write_max());
}

bool Node::truncate() {
  Answers answers(environment_, kRepairTimeout);
  Messenger::Call call(messenger_, answers);
  std::vector<NodeId> nodes = topology_.ring().nodes();
  if (const ring::Topology::Change* change = topology_.change();
      change != nullptr && !topology_.is_member(change->node))
    nodes.push_back(change->node);
  if (!std::ranges::all_of(nodes, [this](NodeId node) { return peers_.up(node); })) return false;
  for (NodeId node : nodes) messenger_.send(node, Verb::kTruncate, call.id(), {});
  return answers.wait_for("truncation", nodes.size(), nodes.size(), is_ok);
}

void Node::serve_truncate(NodeId from, uint64_t id) {
  const bool truncated = db_->truncate().has_value();
  if (hints_ != nullptr && options_.hinted_handoff->dropped_by_truncation) hints_->discard();
  if (stand_ins_ != nullptr) stand_ins_->discard();
  batch_log_.discard();
  const char status = static_cast<char>(truncated ? Status::kOk : Status::kError);
  messenger_.reply(from, id, Bytes(&status, 1));
}

template <typename Delivered>
void Node::deliver(Hints& kept, env::ApplySource source, Delivered delivered) {
  const Duration period = options_.hinted_handoff.value_or(HintOptions{}).replay_period;
  for (;;) {
    kept.wait_until_pending();
    environment_.tasks.sleep(period);
    for (NodeId target : topology_.nodes()) {
      if (target == messenger_.self() || !takes_hints(target) || !kept.pending(target)) continue;
      kept.replay(target, [&](Buffer key, const Cell& cell, Instant) {
        return deliver_hint(target, std::move(key), cell, source);
      });
      delivered(target);
    }
  }
}

void Node::deliver_hints() {
  deliver(*hints_, env::ApplySource::kHint, [](NodeId) {});
}

void Node::hand_off_stand_ins() {
  deliver(stand_ins_->log(), env::ApplySource::kHandoff,
          [this](NodeId primary) { stand_ins_->forget_delivered(primary); });
}

void Node::repair_on_schedule() {
  // One node sees to the whole ring.
  if (options_.repair->incremental && messenger_.self() != topology_.ring().nodes().front()) return;
  for (;;) {
    environment_.tasks.sleep(options_.repair->every);
    repair_.run();
  }
}

void Node::follow_topology() {
  const auto ranges = topology_.pending_of(messenger_.self());
  db_->set_streaming(ranges.empty() ? nullptr
                                    : std::make_shared<const lsm::KeySpans>(spans_of(ranges)));
}

NodeMetrics Node::metrics() const {
  NodeMetrics metrics{.lsm = db_->metrics(),
                      .replica = replica_.metrics(),
                      .coordinator = coordinator_.metrics(),
                      .hints = {},
                      .hints_pending_bytes = 0,
                      .stand_ins = stand_ins_ != nullptr ? stand_ins_->metrics() : StandInMetrics{},
                      .batch_log = batch_log_.metrics(),
                      .hlc_heard_ahead = hybrid_ ? hybrid_->heard_ahead() : 0,
                      .repair = repair_.metrics(),
                      .membership = membership_.metrics(),
                      .gossip_rounds = gossip_ != nullptr ? gossip_->rounds() : 0};
  if (hints_ != nullptr) {
    metrics.hints = hints_->metrics();
    metrics.hints_pending_bytes = hints_->pending_bytes();
  }
  return metrics;
}

void add_counts(NodeMetrics& sum, const NodeMetrics& m) {
  sum.lsm.user_bytes_written += m.lsm.user_bytes_written;
  sum.lsm.flushes += m.lsm.flushes;
  sum.lsm.compactions += m.lsm.compactions;
  sum.lsm.compactions_abandoned += m.lsm.compactions_abandoned;
  sum.lsm.stalls += m.lsm.stalls;
  sum.lsm.stall_time += m.lsm.stall_time;
  for (size_t i = 0; i < lsm::kPurgeReasons; ++i)
    sum.lsm.purge_decisions[i] += m.lsm.purge_decisions[i];
  sum.lsm.cells_not_owned += m.lsm.cells_not_owned;
  sum.lsm.bytes_not_owned += m.lsm.bytes_not_owned;
  sum.lsm.anticompactions += m.lsm.anticompactions;
  sum.lsm.bytes_anticompacted += m.lsm.bytes_anticompacted;
  sum.lsm.shadowed_dropped += m.lsm.shadowed_dropped;
  sum.lsm.reads += m.lsm.reads;
  sum.lsm.block_cache_hits += m.lsm.block_cache_hits;
  sum.lsm.block_cache_misses += m.lsm.block_cache_misses;
  sum.replica.cells_applied += m.replica.cells_applied;
  sum.replica.reads += m.replica.reads;
  sum.replica.trees += m.replica.trees;
  sum.replica.cells_streamed += m.replica.cells_streamed;
  sum.replica.tombstones_scanned += m.replica.tombstones_scanned;
  sum.replica.tombstone_warnings += m.replica.tombstone_warnings;
  sum.replica.tombstone_failures += m.replica.tombstone_failures;
  sum.coordinator.writes += m.coordinator.writes;
  sum.coordinator.reads += m.coordinator.reads;
  sum.coordinator.scans += m.coordinator.scans;
  sum.coordinator.unavailable += m.coordinator.unavailable;
  sum.coordinator.timeouts += m.coordinator.timeouts;
  sum.coordinator.digest_mismatches += m.coordinator.digest_mismatches;
  sum.coordinator.read_repairs += m.coordinator.read_repairs;
  sum.coordinator.digests_asked += m.coordinator.digests_asked;
  sum.coordinator.speculative_retries += m.coordinator.speculative_retries;
  sum.coordinator.writes_met_by_stand_ins += m.coordinator.writes_met_by_stand_ins;
  sum.coordinator.reads_met_by_stand_ins += m.coordinator.reads_met_by_stand_ins;
  sum.stand_ins.writes += m.stand_ins.writes;
  sum.stand_ins.reads += m.stand_ins.reads;
  sum.stand_ins.handed_off += m.stand_ins.handed_off;
  sum.coordinator.batches += m.coordinator.batches;
  sum.batch_log.stored += m.batch_log.stored;
  sum.batch_log.replayed += m.batch_log.replayed;
  sum.batch_log.expired += m.batch_log.expired;
  sum.hlc_heard_ahead += m.hlc_heard_ahead;
  sum.gossip_rounds += m.gossip_rounds;
  sum.hints.written += m.hints.written;
  sum.hints.delivered += m.hints.delivered;
  sum.hints.expired += m.hints.expired;
  sum.hints.beyond_window += m.hints.beyond_window;
  sum.hints.beyond_size += m.hints.beyond_size;
  sum.hints.failed += m.hints.failed;
  sum.repair.sessions += m.repair.sessions;
  sum.repair.ranges_repaired += m.repair.ranges_repaired;
  sum.repair.ranges_failed += m.repair.ranges_failed;
  sum.repair.ranges_hinted += m.repair.ranges_hinted;
  sum.repair.ranges_differing += m.repair.ranges_differing;
  sum.repair.previews += m.repair.previews;
  sum.repair.previewed_differing += m.repair.previewed_differing;
  sum.repair.cells_streamed += m.repair.cells_streamed;
  sum.membership.refused += m.membership.refused;
  sum.membership.streams_failed += m.membership.streams_failed;
  sum.membership.cells_received += m.membership.cells_received;
  sum.membership.bytes_received += m.membership.bytes_received;
  sum.membership.cleanups += m.membership.cleanups;
  sum.membership.hints_handed_over += m.membership.hints_handed_over;
}

}  // namespace revenant::replication
