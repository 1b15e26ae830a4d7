// The story of some keys: each version of each cell, where it went and what became of it, node by
// node. An observer of a run that is repeated for its sake; without it a run tells nothing of it.
//
//   write ──> applied (client, hint, read repair, repair, log) ──> flushed into an SSTable ──>
//     compacted into others, beaten by a newer version, or purged by the rule ──> read
//
// What it does not know: which memtable or log segment a version lies in, and who sent a repair.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/faults/fault_plan.h"
#include "sim/record/observer.h"

namespace revenant::sim {

class Lineage final : public Observer {
 public:
  explicit Lineage(std::vector<uint64_t> keys);

  void began() override;
  void operation(const Operation& operation) override;
  void preloaded(uint64_t key, WriteId write, Version version) override;
  void applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
               env::ApplySource source) override;
  void machine(Instant at, NodeId node, std::string_view what) override;
  void rewritten(Instant at, NodeId node, std::span<const FileNumber> inputs,
                 std::span<const env::WatchedEntry> entries) override;
  void final_cell(NodeId node, uint64_t key, const CellView& cell) override;

  // What a checker said of a key at some moment.
  void remark(uint64_t key, Instant at, std::string text);

  // For people: the versions of the key, then a line for each event in virtual time. Of faults,
  // those of nodes that ever held the key; of reads, those whose answer is not that of the one
  // before; of compactions that move a version on for the same reason, the first and their number.
  std::string story(uint64_t key, const std::vector<FaultWindow>& faults) const;

 private:
  struct Event {
    Instant at;
    std::string who;  // "n3", "client", "check"
    // What happened, in pieces between which the version's name stands.
    std::string before;
    Version version;  // 0: `before` says it all
    std::string after;
    // Compactions that moved it on just so, without anything else happening to it there.
    uint64_t more = 0;
    Instant last = {};
  };
  struct KeyStory {
    std::vector<Event> events;
    std::map<Version, std::string> versions;  // what wrote it
    std::set<NodeId> holders;
    std::map<std::pair<NodeId, Version>, size_t> moves;  // the last move of each, in `events`
    // Reads that answer as the one before are counted only.
    Version last_read;
    bool any_read = false, last_found = false;
  };

  KeyStory* story_of(uint64_t key);
  void note(KeyStory& story, Event event) { story.events.push_back(std::move(event)); }
  void note_move(KeyStory& story, NodeId node, Event event, const std::string& reason);
  Instant time_of(Instant at) const { return began_ ? at : Instant{}; }

  std::map<uint64_t, KeyStory> keys_;
  // Which versions of which keys an SSTable holds.
  std::map<std::pair<NodeId, FileNumber>, std::set<std::pair<uint64_t, Version>>> sstables_;
  std::vector<Event> machines_;
  bool began_ = false;
};

}  // namespace revenant::sim
