#include "sim/experiment/return_trace.h"

#include <algorithm>

#include "sim/record/key.h"

namespace revenant::sim {

void ReturnTrace::applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
                          env::ApplySource source) {
  if (!keys_.contains(key)) return;
  replicas_[key][node].taken.push_back({began_ ? at : Instant{}, cell.version, source});
}

void ReturnTrace::purged(Instant at, NodeId node, uint64_t key, Version version) {
  if (keys_.contains(key)) replicas_[key][node].purged.push_back({at, version});
}

void ReturnTrace::operation(const Operation& operation) {
  if (is_write(operation.kind) && keys_.contains(operation.key) &&
      operation.outcome != client::Outcome::kOk) {
    failed_.insert(operation.version);
  }
}

void ReturnTrace::ring_changed(Instant at, const ring::Ring& ring) {
  for (uint64_t key : keys_) holders_[key].push_back({at, ring.replicas_of_key(key_name(key))});
}

// Where nothing was told of the ring, all are.
bool ReturnTrace::was_replica(uint64_t key, NodeId node, Instant at) const {
  const auto found = holders_.find(key);
  if (found == holders_.end()) return true;
  const Holders* last = nullptr;
  for (const Holders& holders : found->second) {
    if (holders.since <= at) last = &holders;
  }
  return last == nullptr || std::ranges::find(last->replicas, node) != last->replicas.end();
}

void ReturnTrace::machine(Instant at, NodeId node, std::string_view what) {
  if (!began_) return;
  if (what.starts_with("loses power")) power_losses_[node].push_back(at);
  if (what == "is killed") kills_[node].push_back(at);
}

const ReturnTrace::OnReplica* ReturnTrace::on(uint64_t key, NodeId node) const {
  const auto replicas = replicas_.find(key);
  if (replicas == replicas_.end()) return nullptr;
  const auto replica = replicas->second.find(node);
  return replica == replicas->second.end() ? nullptr : &replica->second;
}

const ReturnTrace::Taken* ReturnTrace::last_taken(const OnReplica& replica, Version version,
                                                  Instant before) {
  const Taken* last = nullptr;
  for (const Taken& taken : replica.taken) {
    if (taken.version == version && taken.at <= before) last = &taken;
  }
  return last;
}

bool ReturnTrace::purged_within(const OnReplica& replica, Version version, Instant from,
                                Instant to) {
  return std::ranges::any_of(replica.purged, [&](const Purge& purge) {
    return purge.version == version && from <= purge.at && purge.at <= to;
  });
}

bool ReturnTrace::any_within(const std::map<NodeId, std::vector<Instant>>& times, NodeId node,
                             Instant from, Instant to) {
  const auto found = times.find(node);
  return found != times.end() &&
         std::ranges::any_of(found->second, [&](Instant at) { return from <= at && at <= to; });
}

std::optional<NodeId> ReturnTrace::who_missed_it(const VisibleReturn& seen, NodeId but,
                                                 Instant by) const {
  for (const auto& [node, replica] : replicas_.at(seen.key)) {
    const Taken* const value = last_taken(replica, seen.value, by);
    const Taken* const deletion = last_taken(replica, seen.deletion, by);
    const bool of_repair = value != nullptr && (value->source == env::ApplySource::kRepair ||
                                                value->source == env::ApplySource::kReadRepair);
    if (node == but || value == nullptr || (of_repair && value->at > seen.deleted)) continue;
    if (deletion == nullptr || any_within(power_losses_, node, deletion->at, by) ||
        any_within(replacements_, node, value->at, by)) {
      return node;
    }
  }
  return std::nullopt;
}

std::optional<NodeId> ReturnTrace::who_passed_it_by(const VisibleReturn& seen, NodeId but,
                                                    Instant by) const {
  for (const auto& [node, replica] : replicas_.at(seen.key)) {
    const Taken* const value = last_taken(replica, seen.value, by);
    const Taken* const deletion = last_taken(replica, seen.deletion, by);
    if (node == but || value == nullptr || deletion == nullptr || value->at > seen.deleted)
      continue;
    if (!purged_within(replica, seen.deletion, deletion->at, by)) return node;
  }
  return std::nullopt;
}

ReturnCause ReturnTrace::fate_of_delete(const VisibleReturn& seen, NodeId node) const {
  const OnReplica& replica = *on(seen.key, node);
  const Taken* const deletion = last_taken(replica, seen.deletion, seen.returned);
  if (deletion == nullptr) {
    if (!was_replica(seen.key, node, seen.deleted)) return ReturnCause::kRegainedRange;
    return failed_.contains(seen.value) ? ReturnCause::kFailedWrite : ReturnCause::kMissedDelete;
  }
  if (purged_within(replica, seen.deletion, deletion->at, seen.returned))
    return ReturnCause::kPurgedOverData;
  if (any_within(power_losses_, node, deletion->at, seen.returned)) return ReturnCause::kLostDelete;
  if (any_within(kills_, node, deletion->at, seen.returned)) return ReturnCause::kTornCompaction;
  return ReturnCause::kHiddenDelete;
}

ReturnCause ReturnTrace::cause(const VisibleReturn& seen) const {
  using enum ReturnCause;
  if (seen.value > seen.deletion) return kClockSkew;
  const auto replicas = replicas_.find(seen.key);
  if (replicas == replicas_.end()) return kRestoredDisk;  // nobody ever took it here
  // A scan does not say who answered: then whoever holds the value and not the delete.
  NodeId node = !seen.from.empty() ? seen.from.front()
                                   : who_missed_it(seen, NodeId{UINT32_MAX}, seen.returned)
                                         .value_or(replicas->second.begin()->first);
  for (bool origin = false;; origin = true) {
    const OnReplica* const replica = on(seen.key, node);
    const Taken* const value =
        replica == nullptr ? nullptr : last_taken(*replica, seen.value, seen.returned);
    if (value == nullptr || any_within(replacements_, node, value->at, seen.returned))
      return kRestoredDisk;
    const bool late = value->at > seen.deleted;
    // It found nothing there that could stop it.
    const bool after_purge =
        purged_within(*replica, seen.deletion, Instant{}, value->at) ||
        std::ranges::any_of(truncations_, [&](Instant at) { return at <= value->at; });
    switch (value->source) {
      case env::ApplySource::kRepair:
      case env::ApplySource::kReadRepair: {
        if (!late || origin) break;
        auto other = who_missed_it(seen, node, value->at);
        if (!other) other = who_passed_it_by(seen, node, value->at);
        if (!other) return kLateRepair;
        node = *other;
        continue;
      }
      case env::ApplySource::kHint:
      case env::ApplySource::kHandoff:
        if (late && after_purge) return kLateHint;
        break;
      case env::ApplySource::kBatchLog:
        if (late && after_purge) return kLateBatch;
        break;
      case env::ApplySource::kClient:
        if (late && after_purge) return kLateWrite;
        break;
      case env::ApplySource::kStream: {
        if (late && after_purge) return kLateStream;
        // Whoever sent it is where it came from.
        const auto other = origin || !late ? std::nullopt : who_missed_it(seen, node, value->at);
        if (!other) break;
        node = *other;
        continue;
      }
      case env::ApplySource::kRecovery:
        // Or somebody else's delete: of a range that had left.
        if (after_purge || !was_replica(seen.key, node, seen.deleted)) return kLogReplay;
        break;
    }
    return fate_of_delete(seen, node);
  }
}

}  // namespace revenant::sim
