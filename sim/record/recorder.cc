#include "sim/record/recorder.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/ring/ring.h"
#include "sim/record/key.h"

namespace revenant::sim {

class Recorder::NodeSink final : public env::EventSink {
 public:
  NodeSink(Recorder& recorder, NodeId node) : r_(recorder), node_(node) {}

  void applied(Bytes storage_key, const CellView& cell, env::ApplySource source) override {
    const uint64_t key = index_of(storage_key);
    const uint64_t size = storage_key.size() + cell.value.size();
    if (r_.measuring_ && source != env::ApplySource::kRecovery) {
      r_.bytes_applied_ += size;
      bytes_applied_ += size;
    }
    if (key >= r_.newest_.size()) r_.newest_.resize(key + 1 + key / 2);
    NewestCell& newest = r_.newest_[key];
    if (cell.version > newest.version) {
      r_.live_bytes_ -= newest.live_bytes;
      newest = {cell.version, cell.is_tombstone() ? 0 : size};
      r_.live_bytes_ += newest.live_bytes;
    }
    for (Observer* observer : r_.observers_) observer->applied(r_.now_(), node_, key, cell, source);
  }
  void purged(Bytes storage_key, Version version) override {
    r_.tombstones_purged_ += r_.measuring_ ? 1 : 0;
    for (Observer* observer : r_.observers_)
      observer->purged(r_.now_(), node_, index_of(storage_key), version);
  }
  void flushed(FileNumber sstable, uint64_t entries, uint64_t bytes) override {
    r_.flushes_ += r_.measuring_ ? 1 : 0;
    for (Observer* observer : r_.observers_)
      observer->flushed(r_.now_(), node_, sstable, entries, bytes);
  }
  void compacted(const env::CompactionEvent& event) override {
    if (r_.measuring_) ++(event.installed ? r_.compactions_ : r_.compactions_abandoned_);
    for (Observer* observer : r_.observers_) observer->compacted(r_.now_(), node_, event);
  }
  std::vector<Buffer> watched_keys() const override { return r_.watched_; }
  void rewritten(std::span<const FileNumber> inputs,
                 std::span<const env::WatchedEntry> entries) override {
    for (Observer* observer : r_.observers_) observer->rewritten(r_.now_(), node_, inputs, entries);
  }
  void stalled(env::StallCause cause, Duration time) override {
    for (Observer* observer : r_.observers_) observer->stalled(r_.now_(), node_, cause, time);
    if (!r_.measuring_) return;
    ++r_.stalls_;
    r_.stall_time_ += time;
  }
  void reached(const env::Milestone& milestone) override {
    for (Observer* observer : r_.observers_) observer->reached(r_.now_(), node_, milestone);
  }
  void peer_marked(NodeId peer, bool up) override { r_.views_.marked(r_.now_(), node_, peer, up); }
  uint64_t bytes_applied() const { return bytes_applied_; }

 private:
  static uint64_t index_of(Bytes storage_key) {
    const auto index = key_index(ring::key_of_storage_key(storage_key));
    CHECK(index.has_value(), "a key that no workload names");
    return *index;
  }
  Recorder& r_;
  NodeId node_;
  uint64_t bytes_applied_ = 0;
};

Recorder::Recorder(std::function<Instant()> now) : now_(std::move(now)) {}
Recorder::~Recorder() = default;

env::EventSink& Recorder::sink(NodeId node) {
  if (node.value >= sinks_.size()) sinks_.resize(node.value + 1);
  auto& sink = sinks_[node.value];
  if (sink == nullptr) sink = std::make_unique<NodeSink>(*this, node);
  return *sink;
}

uint64_t Recorder::bytes_applied(NodeId node) const {
  const bool known = node.value < sinks_.size() && sinks_[node.value] != nullptr;
  return known ? sinks_[node.value]->bytes_applied() : 0;
}

void Recorder::watch(const std::vector<uint64_t>& keys) {
  watched_.clear();
  for (uint64_t key : keys) watched_.push_back(ring::storage_key(key_name(key)));
  std::ranges::sort(watched_);
}

void Recorder::begin_measuring() {
  measuring_ = true;
  views_.began();
  for (Observer* observer : observers_) observer->began();
}

WriteId Recorder::begin_write(uint64_t key) {
  const WriteId write{next_write_++};
  for (Observer* observer : observers_) observer->write_began(key, write, now_());
  return write;
}

void Recorder::begin(const Operation& operation) {
  for (Observer* observer : observers_) observer->operation_began(operation);
}

void Recorder::end(const Operation& operation) {
  ++outcomes_[static_cast<size_t>(operation.kind)][static_cast<size_t>(operation.outcome)];
  if (operation.outcome == client::Outcome::kOk) {
    ++operations_ok_;
    const Duration latency = operation.completed - operation.intended;
    (is_write(operation.kind) ? write_latency_ : read_latency_).add(latency);
    (is_write(operation.kind) ? interval_.writes : interval_.reads).add(latency);
  }
  for (Observer* observer : observers_) observer->operation(operation);
}

void Recorder::preloaded(uint64_t key, WriteId write, Version version) {
  for (Observer* observer : observers_) observer->preloaded(key, write, version);
}

void Recorder::final_unread(NodeId node) {
  for (Observer* observer : observers_) observer->final_unread(node);
}

void Recorder::machine(NodeId node, std::string_view what) {
  for (Observer* observer : observers_) observer->machine(now_(), node, what);
}

void Recorder::process_serves(NodeId node) { views_.serves(now_(), node); }
void Recorder::process_ended(NodeId node) { views_.died(now_(), node); }

void Recorder::fault(std::string_view who, std::string_view what) {
  for (Observer* observer : observers_) observer->fault(now_(), who, what);
}

void Recorder::disk_replaced(NodeId node) {
  for (Observer* observer : observers_) observer->disk_replaced(now_(), node);
}

void Recorder::cleaned(NodeId node) {
  for (Observer* observer : observers_) observer->cleaned(now_(), node);
}

void Recorder::ring_changed(const ring::Ring& ring) {
  for (Observer* observer : observers_) observer->ring_changed(now_(), ring);
}

void Recorder::truncated(Instant began, Version version) {
  for (Observer* observer : observers_) observer->truncated(began, now_(), version);
}

void Recorder::final_cell(NodeId node, uint64_t key, const CellView& cell) {
  for (Observer* observer : observers_) observer->final_cell(node, key, cell);
}

void Recorder::report(Metrics& metrics, Duration measured) const {
  std::array<uint64_t, 3> total{};
  uint64_t reads = 0, writes = 0;
  for (size_t kind = 0; kind < kOperationKinds; ++kind) {
    for (size_t outcome = 0; outcome < total.size(); ++outcome)
      total[outcome] += outcomes_[kind][outcome];
    (is_write(static_cast<OperationKind>(kind)) ? writes : reads) += outcomes_[kind][0];
  }
  const auto count = [](uint64_t n) { return static_cast<double>(n); };
  metrics.set("operations_ok", count(total[0]));
  metrics.set("operations_failed", count(total[1]));
  metrics.set("operations_unknown", count(total[2]));
  metrics.set("reads_ok", count(reads));
  metrics.set("writes_ok", count(writes));
  metrics.set("deletes_ok", count(outcomes_[static_cast<size_t>(OperationKind::kDelete)][0]));
  if (const uint64_t all = total[0] + total[1] + total[2]; all > 0) {
    metrics.set("availability", count(total[0]) / count(all));
  }
  metrics.set("throughput", count(total[0]) / measured.in_seconds());
  const auto latency = [&](std::string_view name, const Histogram& h) {
    if (h.count() == 0) return;
    metrics.set(fmt::format("{}_latency_mean_ms", name), h.mean_ns() / 1e6);
    metrics.set(fmt::format("{}_latency_p50_ms", name), h.quantile(500'000).in_seconds() * 1e3);
    metrics.set(fmt::format("{}_latency_p99_ms", name), h.quantile(990'000).in_seconds() * 1e3);
    metrics.set(fmt::format("{}_latency_p999_ms", name), h.quantile(999'000).in_seconds() * 1e3);
  };
  latency("read", read_latency_);
  latency("write", write_latency_);
  metrics.set("flushes", count(flushes_));
  metrics.set("compactions", count(compactions_));
  metrics.set("compactions_abandoned", count(compactions_abandoned_));
  metrics.set("stalls", count(stalls_));
  metrics.set("stall_seconds", stall_time_.in_seconds());
  metrics.set("tombstones_purged", count(tombstones_purged_));
}

}  // namespace revenant::sim
