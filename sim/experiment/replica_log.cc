#include "sim/experiment/replica_log.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "engine/ring/ring.h"
#include "sim/experiment/apply_source.h"
#include "sim/record/key.h"

namespace revenant::sim {

using report::Holding;

ReplicaLog::ReplicaLog(const std::vector<uint64_t>& keys) {
  for (const uint64_t key : keys) keys_[key];
}

void ReplicaLog::preloaded(uint64_t key, WriteId, Version version) {
  ++lines_;
  if (keys_.contains(key)) line_of_[key][version] = lines_;
}

void ReplicaLog::truncated(Instant, Instant at, Version) {
  ++lines_;
  for (auto& [key, replicas] : keys_)
    for (const auto& [node, replica] : replicas) forget(key, node, time_of(at));
}

void ReplicaLog::operation(const Operation& operation) {
  ++lines_;
  if (operation.kind == OperationKind::kScan || !keys_.contains(operation.key)) return;
  if (is_write(operation.kind) && operation.version != Version{})
    line_of_[operation.key][operation.version] = lines_;
  report::Participants& took = participants_[lines_];
  took.coordinator = operation.coordinator.value;
  for (const replication::ReplicaAnswer& answer : operation.answers)
    took.answers.push_back({answer.node.value, answer.holds ? answer.version.value : 0});
}

void ReplicaLog::applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
                         env::ApplySource source) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  Replica& replica = found->second[node];
  replica.memtable.insert({cell.version, cell.kind});
  if (cell.kind == CellKind::kExpiring) ends_[cell.version] = cell.deletion_time.ns;
  if (source != env::ApplySource::kRecovery) {
    const std::string_view text = began_ ? apply_source_text(source) : "the preload";
    replica.sources[cell.version] = text;
    auto& arrivals = arrivals_[key][cell.version];
    if (std::ranges::find(arrivals, node.value, &report::Arrival::node) == arrivals.end())
      arrivals.push_back({node.value, time_of(at), std::string(text)});
  }
  look_again(key, node, replica, time_of(at));
}

void ReplicaLog::rewritten(Instant at, NodeId node, std::span<const FileNumber> inputs,
                           std::span<const env::WatchedEntry> entries) {
  std::set<uint64_t> met;
  for (const env::WatchedEntry& entry : entries) {
    const auto key = key_index(ring::key_of_storage_key(entry.key));
    if (key && keys_.contains(*key)) met.insert(*key);
  }
  for (const uint64_t key : met) {
    Replica& replica = keys_[key][node];
    for (const FileNumber input : inputs) replica.sstables.erase(input);
  }
  for (const env::WatchedEntry& entry : entries) {
    const auto key = key_index(ring::key_of_storage_key(entry.key));
    if (!key || !met.contains(*key)) continue;
    Replica& replica = keys_[*key][node];
    if (entry.sstable != FileNumber{})
      replica.sstables[entry.sstable].insert({entry.version, entry.kind});
    // A flush takes what it beats along.
    if (inputs.empty())
      std::erase_if(replica.memtable,
                    [&](const Copy& copy) { return copy.version <= entry.version; });
  }
  for (const uint64_t key : met) look_again(key, node, keys_[key][node], time_of(at));
}

void ReplicaLog::machine(Instant at, NodeId node, std::string_view what) {
  const int64_t now = time_of(at);
  if (what == "starts") {
    recovering_.insert(node);
    for (auto& [key, replicas] : keys_) {
      const auto found = replicas.find(node);
      if (found != replicas.end()) found->second.memtable.clear();
    }
    return;
  }
  if (what == "serves" || what == "resumes") {
    if (what == "serves") recovering_.erase(node);
    if (const auto away = away_.extract(node); !away.empty()) {
      absences_.push_back(away.mapped());
      absences_.back().to = now;
    }
    for (auto& [key, replicas] : keys_) {
      const auto found = replicas.find(node);
      if (found != replicas.end()) look_again(key, node, found->second, now);
    }
    return;
  }
  away_.try_emplace(node, report::Absence{node.value, now, report::kToTheEnd, std::string(what)});
}

void ReplicaLog::disk_replaced(Instant at, NodeId node) {
  for (auto& [key, replicas] : keys_)
    if (replicas.contains(node)) forget(key, node, time_of(at));
}

void ReplicaLog::cleaned(Instant at, NodeId node) {
  for (auto& [key, replicas] : keys_) {
    const std::vector<NodeId>& owners = ring_->replicas_of_key(key_name(key));
    if (replicas.contains(node) && std::ranges::find(owners, node) == owners.end())
      forget(key, node, time_of(at));
  }
}

void ReplicaLog::forget(uint64_t key, NodeId node, int64_t now) {
  Replica& replica = keys_[key][node];
  replica.memtable.clear();
  replica.sstables.clear();
  look_again(key, node, replica, now);
}

void ReplicaLog::look_again(uint64_t key, NodeId node, Replica& replica, int64_t now) {
  if (recovering_.contains(node)) return;
  std::optional<Copy> held;
  // Of one version the tombstone wins, which is the least kind.
  const auto see = [&](const std::set<Copy>& copies) {
    if (copies.empty()) return;
    const Copy& newest =
        *copies.lower_bound({std::prev(copies.end())->version, CellKind::kTombstone});
    if (!held || newest.version > held->version ||
        (newest.version == held->version && newest.kind < held->kind))
      held = newest;
  };
  see(replica.memtable);
  for (const auto& [number, copies] : replica.sstables) see(copies);
  if (held == replica.held) return;
  close(key, node, replica, now);
  replica.held = held;
  replica.since = now;
}

void ReplicaLog::close(uint64_t key, NodeId node, const Replica& replica, int64_t now) {
  if (now <= replica.since) return;  // it came and went in one instant
  Holding holding = {.node = node.value,
                     .key = std::string(key_name(key)),
                     .from = replica.since,
                     .to = now,
                     .kind = Holding::Kind::kNothing,
                     .version = 0,
                     .line = 0,
                     .source = {}};
  if (replica.held) {
    const Copy& copy = *replica.held;
    holding.kind =
        copy.kind == CellKind::kTombstone ? Holding::Kind::kTombstone : Holding::Kind::kValue;
    holding.version = copy.version.value;
    if (const auto source = replica.sources.find(copy.version); source != replica.sources.end())
      holding.source = source->second;
    if (copy.kind == CellKind::kExpiring && ends_[copy.version] < now) {
      const int64_t end = std::max(ends_[copy.version], holding.from);
      if (end > holding.from) {
        holdings_.push_back(holding);
        holdings_.back().to = end;
      }
      holding.from = end;
      holding.kind = Holding::Kind::kTombstone;
    }
  }
  holdings_.push_back(std::move(holding));
}

void ReplicaLog::finish(report::RunRecord& record) {
  for (const auto& [key, replicas] : keys_)
    for (const auto& [node, replica] : replicas) close(key, node, replica, report::kToTheEnd);
  for (const auto& [node, absence] : away_) absences_.push_back(absence);
  // A write is acknowledged, and gets its line, after replicas took it.
  for (Holding& holding : holdings_) {
    const auto key = key_index(holding.key);
    const auto& lines = line_of_[*key];
    if (const auto line = lines.find(Version{holding.version}); line != lines.end())
      holding.line = line->second;
  }
  std::ranges::stable_sort(holdings_, {}, [](const Holding& h) { return std::tie(h.key, h.node); });
  record.holdings = std::move(holdings_);
  record.absences = std::move(absences_);
  record.participants = std::move(participants_);
  for (auto& [key, lines] : line_of_)
    for (const auto& [version, line] : lines)
      record.arrivals[line] = std::move(arrivals_[key][version]);
}

}  // namespace revenant::sim
