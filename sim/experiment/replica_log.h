// What each replica held of some keys, from when to when: an observer of a run that is repeated for its sake.
//
//   applied ──> memtable ──flush──> SSTable ──compaction──> SSTable, or purged
//                  │ process ends        │
//                  └ recovery: what the log brings back, and the SSTables
//
// A replica holds the winning copy of all that lies there. Copies are told apart by version and kind, so two values
// under one stamp count as one.
//
// What it does not know: what a restored or exchanged disk brings along, before something is applied; SSTables that
// a lying disk lost; when a value ends by its node's own clock, where that differs from the right time.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/record/observer.h"
#include "sim/report/run_record.h"

namespace revenant::sim {

class ReplicaLog final : public Observer {
 public:
  explicit ReplicaLog(const std::vector<uint64_t>& keys);

  void began() override { began_ = true; }
  void preloaded(uint64_t key, WriteId write, Version version) override;
  void truncated(Instant began, Instant at, Version version) override;
  void operation(const Operation& operation) override;
  void applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
               env::ApplySource source) override;
  void rewritten(Instant at, NodeId node, std::span<const FileNumber> inputs,
                 std::span<const env::WatchedEntry> entries) override;
  void machine(Instant at, NodeId node, std::string_view what) override;
  void disk_replaced(Instant at, NodeId node) override;
  void cleaned(Instant at, NodeId node) override;
  void ring_changed(Instant, const ring::Ring& ring) override { ring_ = &ring; }

  // After the run: holdings, absences, participants and arrivals. The rest of `record` stays as it is.
  void finish(report::RunRecord& record);

 private:
  struct Copy {
    Version version;
    CellKind kind;
    friend auto operator<=>(const Copy&, const Copy&) = default;
  };
  struct Replica {
    std::set<Copy> memtable;
    std::map<FileNumber, std::set<Copy>> sstables;
    std::map<Version, std::string_view> sources;  // how each version came
    std::optional<Copy> held;
    int64_t since = -1;
  };
  // By key, then node.
  using Replicas = std::map<NodeId, Replica>;

  int64_t time_of(Instant at) const { return began_ ? at.ns : -1; }
  // If it holds something else now.
  void look_again(uint64_t key, NodeId node, Replica& replica, int64_t now);
  void forget(uint64_t key, NodeId node, int64_t now);
  // What it has held until now becomes a holding; of a value that ends in that time, two.
  void close(uint64_t key, NodeId node, const Replica& replica, int64_t now);

  std::map<uint64_t, Replicas> keys_;
  std::map<uint64_t, std::map<Version, uint32_t>> line_of_;  // by key: of the write
  std::map<uint64_t, std::map<Version, std::vector<report::Arrival>>> arrivals_;  // by key
  std::map<Version, int64_t> ends_;         // of values that expire
  std::map<NodeId, report::Absence> away_;  // still
  std::set<NodeId> recovering_;
  std::vector<report::Holding> holdings_;
  std::vector<report::Absence> absences_;
  std::map<uint32_t, report::Participants> participants_;
  const ring::Ring* ring_ = nullptr;
  uint32_t lines_ = 0;  // as HistoryWriter writes them
  bool began_ = false;
};

}  // namespace revenant::sim
