#include "sim/check/judge.h"

#include <algorithm>

#include "engine/base/checksum.h"
#include "sim/record/key.h"

namespace revenant::sim {
namespace {

constexpr size_t kStoriesPerCheck = 10;

}  // namespace

KeyHistory& Judge::history(uint64_t key) {
  if (key >= keys_.size()) keys_.resize(std::max<size_t>(key + 1, keys_.size() * 2));
  return keys_[key];
}

void Judge::violate(std::string_view check, std::string_view cause, uint64_t key, Instant at,
                    std::string story) {
  const auto same = std::ranges::count(violations_, check, &Violation::check);
  if (static_cast<size_t>(same) < kStoriesPerCheck)
    violations_.push_back({std::string(check), std::string(cause), key, at, std::move(story)});
}

void Judge::write_began(uint64_t key, WriteId write, Instant) {
  key_of_write_.resize(std::max<size_t>(key_of_write_.size(), write.value + 1), UINT64_MAX);
  key_of_write_[write.value] = key;
}

void Judge::remember_stamp(WriteId write, Version stamp) {
  stamp_of_write_.resize(std::max<size_t>(stamp_of_write_.size(), write.value + 1));
  stamp_of_write_[write.value] = stamp;
}

bool Judge::under_wrong_stamp(WriteId write, Version version) const {
  if (timestamps_ != replication::Timestamps::kClient) return false;
  if (write.value >= stamp_of_write_.size()) return false;
  const Version stamp = stamp_of_write_[write.value];
  return stamp != Version{} && stamp != version;
}

void Judge::preloaded(uint64_t key, WriteId write, Version version) {
  remember_stamp(write, version);
  constexpr Instant kBeforeTheRun{-1};
  history(key).acknowledge({version, false, kBeforeTheRun, kBeforeTheRun});
}

void Judge::applied(Instant at, NodeId node, uint64_t key, const CellView& cell, env::ApplySource) {
  weigh_risks(at);
  history(key).apply(node, cell);
  weigh_hazard(key, at);
}

void Judge::purged(Instant at, NodeId node, uint64_t key, Version version) {
  weigh_risks(at);
  KeyHistory& h = history(key);
  h.purge(node, version, at);
  if (!is_hazard(key, *h.tombstone(version))) return;
  ++unsafe_purges_;
  hazardous_.resize(std::max<size_t>(hazardous_.size(), key + 1));
  hazard_keys_ += hazardous_[key] ? 0 : 1;
  hazardous_[key] = true;
  hazards_.try_emplace(key, version, at);
}

bool Judge::is_hazard(uint64_t key, const Tombstone& tombstone) const {
  const KeyHistory& h = keys_[key];
  return std::ranges::any_of(topology_.ring().replicas_of_key(key_name(key)), [&](NodeId node) {
    const Version newest = h.newest_on(node);
    return newest != Version{} && newest < tombstone.version && !tombstone.taken_by(node);
  });
}

void Judge::weigh_hazard(uint64_t key, Instant now) {
  const auto hazard = hazards_.find(key);
  if (hazard == hazards_.end()) return;
  if (is_hazard(key, *keys_[key].tombstone(hazard->second.tombstone))) return;
  hazard_time_ += now - hazard->second.since;
  hazards_.erase(hazard);
}

void Judge::disk_replaced(Instant at, NodeId node) {
  weigh_risks(at);
  for (KeyHistory& key : keys_) key.forget(node);
  for (auto next = hazards_.begin(); next != hazards_.end();) weigh_hazard((next++)->first, at);
}

void Judge::cleaned(Instant at, NodeId node) {
  weigh_risks(at);
  for (uint64_t key = 0; key < keys_.size(); ++key) {
    const std::vector<NodeId> writers = topology_.writers(ring::token_of(key_name(key)));
    if (std::ranges::find(writers, node) == writers.end()) keys_[key].forget(node);
  }
  for (auto next = hazards_.begin(); next != hazards_.end();) weigh_hazard((next++)->first, at);
}

void Judge::end_values(Instant now) {
  while (!expiring_.empty() && expiring_.begin()->first <= now) {
    const auto [end, value] = *expiring_.begin();
    expiring_.erase(expiring_.begin());
    history(value.key).acknowledge({value.version, true, value.invoked, end});
  }
}

void Judge::truncated(Instant began, Instant at, Version version) {
  weigh_risks(at);
  end_values(at);
  for (KeyHistory& key : keys_) {
    if (!key.acknowledged().empty()) key.acknowledge({version, true, began, at});
    for (NodeId node : topology_.nodes()) key.forget(node);
  }
}

void Judge::operation(const Operation& operation) {
  weigh_risks(operation.completed);
  end_values(operation.completed);
  if (is_write(operation.kind)) remember_stamp(operation.write, operation.version);
  if (operation.batch && operation.version != Version{})
    batches_[*operation.batch].push_back({operation.key, operation.version});
  if (operation.outcome != client::Outcome::kOk) {
    if (is_write(operation.kind)) failed_.insert(operation.write);
    return;
  }
  if (is_write(operation.kind)) {
    const bool is_delete = operation.kind == OperationKind::kDelete;
    AcknowledgedWrite write{operation.version, is_delete, operation.invoked, operation.completed};
    if (operation.ttl) write.lives_until = operation.invoked + *operation.ttl;
    judge_put(operation.key, write);
    history(operation.key).acknowledge(write);
    if (is_delete)
      deletes_.push_back({operation.completed + at_risk_after_, operation.key, operation.version});
    if (operation.ttl) {
      expiring_.emplace(operation.completed + *operation.ttl,
                        Expiring{operation.key, operation.version, operation.invoked});
    }
    return;
  }
  ++reads_;
  if (operation.kind == OperationKind::kRead) {
    judge_read(operation, operation.key, operation.version, operation.found, operation.write,
               operation.damaged);
  }
  for (const ScannedCell& cell : operation.scanned) {
    judge_read(operation, cell.key, cell.version, /*found=*/true, cell.write, /*damaged=*/false);
  }
  if (operation.kind == OperationKind::kScan) judge_left_out(operation);
}

void Judge::judge_left_out(const Operation& scan) {
  for (; keys_in_order_ < keys_.size(); ++keys_in_order_)
    by_storage_key_.emplace(ring::storage_key(key_name(keys_in_order_)), keys_in_order_);
  auto next = by_storage_key_.lower_bound(ring::storage_key(key_name(scan.key)));
  const auto judge_to = [&](auto end) {
    for (; next != end; ++next) {
      const uint64_t key = next->second;
      const AcknowledgedWrite* newest = keys_[key].newest_before(scan.invoked);
      if (newest == nullptr || newest->is_delete || keys_[key].may_hide(newest->version)) continue;
      const bool expires = newest->lives_until != Instant{};
      if (expires && newest->lives_until <= scan.completed) continue;
      judge_read(scan, key, Version{}, /*found=*/false, WriteId{}, /*damaged=*/false);
    }
  };
  for (const ScannedCell& cell : scan.scanned) {
    const Buffer name = ring::storage_key(key_name(cell.key));
    if (next == by_storage_key_.end() || name < next->first) continue;  // out of order, or unknown
    const auto found = by_storage_key_.lower_bound(name);
    judge_to(found);
    if (next != by_storage_key_.end() && next->first == name) ++next;
  }
  if (scan.scanned_to_end) judge_to(by_storage_key_.end());
}

void Judge::judge_put(uint64_t key, const AcknowledgedWrite& write) {
  const AcknowledgedWrite* newest = history(key).newest_before(write.invoked);
  if (newest == nullptr || newest->version <= write.version) return;
  ++lost_updates_;
  if (write.is_delete && !newest->is_delete) {
    overruled_[key] = write;
    overruled_by_[key] = newest->version;
  }
  violate("no_lost_updates", "a later write had a lower stamp", key, write.acknowledged,
          fmt::format("{}: a write stamped {} was acknowledged at {}, but one stamped {} had been "
                      "acknowledged at {}: "
                      "the later write is lost to a clock",
                      key_name(key), write.version, write.acknowledged, newest->version,
                      newest->acknowledged));
}

void Judge::judge_read(const Operation& read, uint64_t key, Version version, bool found,
                       WriteId write, bool damaged) {
  if (found &&
      (damaged || write.value >= key_of_write_.size() || key_of_write_[write.value] != key)) {
    ++thin_air_reads_;
    violate("no_thin_air", damaged ? "a damaged value" : "a value of another key", key,
            read.completed,
            fmt::format("{}: a read at {} returned a value that no write to it made", key_name(key),
                        read.completed));
    return;
  }
  if (found && under_wrong_stamp(write, version)) {
    ++thin_air_reads_;
    violate("no_thin_air", "a value under another write's stamp", key, read.completed,
            fmt::format("{}: a read at {} returned version {}, but with the value of the write "
                        "stamped {}",
                        key_name(key), read.completed, version, stamp_of_write_[write.value]));
    return;
  }
  if (found) see_value(read, key, version, write);
  if (found) see_deleted(read, key, version);
  const KeyHistory& h = history(key);
  const AcknowledgedWrite* newest = h.newest_before(read.invoked);
  if (newest == nullptr) return;
  if (!found && version <= newest->version && read.completed < newest->lives_until) {
    ++early_expiries_;
    violate("no_early_expiry", "a value has not ended and is gone", key, read.completed,
            fmt::format("{}: a read at {} returned nothing, but the value acknowledged at {} lives "
                        "until {} at least",
                        key_name(key), read.completed, newest->acknowledged, newest->lives_until));
    return;
  }
  const bool beaten =
      newest->version > version || (newest->version == version && found && newest->is_delete);
  if (!beaten) return;
  if (!found) {
    // No value, and none is right: by the delete itself, or by a later one that left no trace.
    if (newest->is_delete) return;
    const Instant left_out_before = left_out_before_ ? left_out_before_(key) : Instant{INT64_MIN};
    if (h.traceless_at_or_above(newest->version, left_out_before)) return;
  }
  if (found) {
    if (const auto purge = h.purged_delete_over(version, read.invoked)) {
      ++resurrected_reads_;
      resurrected_.resize(std::max<size_t>(resurrected_.size(), key + 1));
      if (!resurrected_[key]) {
        resurrected_[key] = true;
        Resurrection r{
            key, purge->deletion->acknowledged, read.completed, purge->by.node, *purge->by.purged,
            {}};
        for (const auto& answer : read.answers) {
          if (answer.holds && answer.version == version) r.from.push_back(answer.node);
        }
        violate("no_resurrection", "a purged delete no longer wins", key, read.completed,
                fmt::format("{}: deleted at {}, tombstone purged by {} at {}, returned by {} at {}",
                            key_name(key), r.deleted, r.purged_by, r.purged,
                            r.from.empty() ? "a scan" : fmt::format("{}", fmt::join(r.from, ", ")),
                            r.returned));
        resurrections_.push_back(std::move(r));
      }
      return;
    }
  }
  const KeyHistory::Missed missed = h.missed_by(version, read.invoked);
  const Duration age = read.invoked - std::max(missed.first->acknowledged, Instant{0});
  ++stale_reads_;
  staleness_sum_ += age;
  staleness_max_ = std::max(staleness_max_, age);
  versions_missed_ += missed.count;
  versions_missed_max_ = std::max(versions_missed_max_, missed.count);
  violate(
      "no_stale_reads",
      found                               ? "an older value"
      : read.kind == OperationKind::kScan ? "left out of a scan"
      : version == Version{}              ? "no trace"
                                          : "an older delete",
      key, read.completed,
      fmt::format("{}: a read begun at {} returned version {}, {} behind; the first it missed was "
                  "acknowledged at {}",
                  key_name(key), read.invoked, version, missed.count, missed.first->acknowledged));
}

void Judge::see_value(const Operation& read, uint64_t key, Version version, WriteId write) {
  failed_writes_seen_ += failed_.contains(write) ? 1 : 0;
  const auto [seen, first] = returned_.try_emplace(key, version, read.completed);
  if (first) return;
  if (version > seen->second.version) seen->second = {version, read.completed};
  const bool back = version < seen->second.version && seen->second.completed < read.invoked;
  reads_gone_back_ += back ? 1 : 0;
}

void Judge::see_deleted(const Operation& read, uint64_t key, Version version) {
  const AcknowledgedWrite* deletion = history(key).delete_over(version, read.invoked);
  const auto overruled = overruled_by_.find(key);
  if (deletion == nullptr && overruled != overruled_by_.end() && overruled->second == version &&
      overruled_[key].acknowledged < read.invoked) {
    deletion = &overruled_[key];
  }
  if (deletion == nullptr) return;
  ++deleted_reads_;
  seen_deleted_.resize(std::max<size_t>(seen_deleted_.size(), key + 1));
  if (seen_deleted_[key]) return;
  seen_deleted_[key] = true;
  VisibleReturn seen{key, deletion->version, version, deletion->acknowledged, read.completed, {}};
  for (const auto& answer : read.answers) {
    if (answer.holds && answer.version == version) seen.from.push_back(answer.node);
  }
  visible_returns_.push_back(std::move(seen));
}

void Judge::weigh_risks(Instant now) {
  while (!deletes_.empty() && deletes_.front().due <= now) {
    const auto [due, key, version] = deletes_.front();
    deletes_.pop_front();
    at_risk_.resize(std::max<size_t>(at_risk_.size(), key + 1));
    if (at_risk_[key]) continue;
    const KeyHistory& h = history(key);
    const Tombstone* tombstone = h.tombstone(version);
    if (tombstone == nullptr) continue;
    for (NodeId node : topology_.ring().replicas_of_key(key_name(key))) {
      const Version newest = h.newest_on(node);
      if (tombstone->taken_by(node) || newest >= version || newest == Version{}) continue;
      at_risk_[key] = true;
      ++keys_at_risk_;
      break;
    }
  }
}

void Judge::final_cell(NodeId node, uint64_t key, const CellView& cell) {
  if (key >= final_.size()) final_.resize(std::max<size_t>(key + 1, final_.size() * 2));
  final_[key].push_back({node, cell.kind, cell.version, cell.deletion_time, hash64(cell.value)});
}

void Judge::end_hazards(Instant end) {
  end_values(end);
  for (const auto& [key, hazard] : hazards_) hazard_time_ += end - hazard.since;
  hazards_.clear();
}

void Judge::finish(const GcBefore& gc_before) {
  weigh_risks(Instant::never());
  const size_t keys = std::max(keys_.size(), final_.size());
  final_.resize(keys);
  for (uint64_t key = 0; key < keys; ++key) {
    // Of a key that nobody holds there is nothing to judge but what was written.
    judge_final(key, final_[key], final_[key].empty() ? Instant{} : gc_before(key));
  }
  judge_batches();
}

void Judge::judge_batches() {
  for (const auto& [first, writes] : batches_) {
    std::optional<uint64_t> visible, missing;
    for (const auto& [key, version] : writes) {
      const std::vector<NodeId>& replicas = topology_.ring().replicas_of_key(key_name(key));
      const auto is_replica = [&](NodeId node) {
        return std::ranges::find(replicas, node) != replicas.end();
      };
      Version at_end;
      const KeyHistory& taken = history(key);
      if (key < final_.size()) {
        for (const FinalCell& cell : final_[key]) {
          if (is_replica(cell.node)) at_end = std::max(at_end, cell.version);
        }
      }
      if (at_end == version) visible = key;
      const bool all_read = std::ranges::none_of(unread_, is_replica);
      if (at_end < version && all_read && !taken.tombstone_at_or_above(version)) missing = key;
    }
    if (!visible || !missing) continue;
    ++torn_batches_;
    const Version version = writes.front().version;
    violate("atomic_batches", "a batch was written in part", *missing, Instant::never(),
            fmt::format("{}: the batch stamped {} wrote {} and never this key", key_name(*missing),
                        version, key_name(*visible)));
  }
}

void Judge::judge_final(uint64_t key, const std::vector<FinalCell>& cells, Instant gc_before) {
  const std::vector<NodeId>& replicas = topology_.ring().replicas_of_key(key_name(key));
  // Replicas agree on winners, not on bytes: a tombstone that may go counts as nothing.
  const auto beats = [](const FinalCell& a, const FinalCell& b) {
    if (a.version != b.version) return a.version > b.version;
    return a.kind == CellKind::kTombstone && b.kind != CellKind::kTombstone;
  };
  const auto is_read = [this](NodeId node) {
    return std::ranges::find(unread_, node) == unread_.end();
  };
  const FinalCell* winner = nullptr;
  std::vector<const FinalCell*> held;
  for (const FinalCell& cell : cells) {
    if (std::ranges::find(replicas, cell.node) == replicas.end()) continue;
    if (winner == nullptr || beats(cell, *winner)) winner = &cell;
    const bool purgeable = cell.kind == CellKind::kTombstone && cell.deletion_time < gc_before;
    if (!purgeable && is_read(cell.node)) held.push_back(&cell);
    if (!purgeable) continue;
    ++overdue_tombstones_;
    overdue_max_ = std::max(overdue_max_, gc_before - cell.deletion_time);
    violate("no_overdue_tombstones", "a tombstone was not purged", key, Instant::never(),
            fmt::format("{}: {} holds a tombstone {} beyond what the rule asks", key_name(key),
                        cell.node, gc_before - cell.deletion_time));
  }
  const auto read = static_cast<size_t>(std::ranges::count_if(replicas, is_read));
  const auto same = [](const FinalCell* a, const FinalCell* b) {
    return a->kind == b->kind && a->version == b->version && a->value_hash == b->value_hash;
  };
  const bool agree =
      held.empty() || (held.size() == read && std::ranges::all_of(held, [&](const FinalCell* c) {
                         return same(c, held[0]);
                       }));
  if (!agree) {
    ++diverged_keys_;
    std::string parts;
    for (const FinalCell* cell : held) {
      parts +=
          fmt::format(" {}: {} {}", cell->node,
                      cell->kind == CellKind::kTombstone ? "tombstone" : "value", cell->version);
    }
    violate("convergence",
            held.size() < replicas.size() ? "a replica lacks the cell" : "cells differ", key,
            Instant::never(),
            fmt::format("{}: replicas disagree at the end:{}", key_name(key), parts));
  }
  if (key >= keys_.size()) return;
  const KeyHistory& h = keys_[key];
  const AcknowledgedWrite* newest = h.newest_before(Instant::never());
  if (newest == nullptr) return;
  const Version at_end = winner == nullptr ? Version{} : winner->version;
  if (newest->is_delete) {
    resurrected_at_end_ +=
        winner != nullptr && winner->kind == CellKind::kValue && at_end <= newest->version ? 1 : 0;
    return;
  }
  if (at_end >= newest->version || h.tombstone_at_or_above(newest->version)) return;
  ++lost_writes_;
  violate("no_lost_writes", winner == nullptr ? "nothing is left" : "something older is left", key,
          newest->acknowledged,
          fmt::format("{}: the write stamped {}, acknowledged at {}, is on no replica at the end",
                      key_name(key), newest->version, newest->acknowledged));
}

void Judge::report(Metrics& metrics) const {
  const auto count = [](uint64_t n) { return static_cast<double>(n); };
  metrics.set("stale_reads", count(stale_reads_));
  metrics.set("stale_read_rate", reads_ == 0 ? 0 : count(stale_reads_) / count(reads_));
  if (stale_reads_ > 0) {
    metrics.set("staleness_mean_ms", staleness_sum_.in_seconds() * 1e3 / count(stale_reads_));
    metrics.set("staleness_max_ms", staleness_max_.in_seconds() * 1e3);
    metrics.set("staleness_versions_mean", count(versions_missed_) / count(stale_reads_));
    metrics.set("staleness_versions_max", count(versions_missed_max_));
  }
  metrics.set("resurrected_reads", count(resurrected_reads_));
  metrics.set("resurrected_keys", count(resurrections_.size()));
  metrics.set("resurrected_at_end", count(resurrected_at_end_));
  metrics.set("deleted_reads", count(deleted_reads_));
  metrics.set("deleted_keys_seen", count(visible_returns_.size()));
  metrics.set("keys_at_risk", count(keys_at_risk_));
  metrics.set("unsafe_purges", count(unsafe_purges_));
  metrics.set("hazard_keys", count(hazard_keys_));
  metrics.set("hazard_key_seconds", hazard_time_.in_seconds());
  metrics.set("lost_acknowledged_writes", count(lost_writes_));
  metrics.set("lost_updates", count(lost_updates_));
  metrics.set("diverged_keys", count(diverged_keys_));
  metrics.set("failed_writes_seen", count(failed_writes_seen_));
  metrics.set("reads_gone_back", count(reads_gone_back_));
  metrics.set("torn_batches", count(torn_batches_));
  metrics.set("early_expiries", count(early_expiries_));
  metrics.set("overdue_tombstones", count(overdue_tombstones_));
  metrics.set("overdue_tombstone_max_s", overdue_max_.in_seconds());
  metrics.set("replicas_unread", count(unread_.size()));
  metrics.set("thin_air_reads", count(thin_air_reads_));
}

}  // namespace revenant::sim
