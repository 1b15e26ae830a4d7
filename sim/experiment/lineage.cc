#include "sim/experiment/lineage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <ranges>

#include "engine/lsm/file_names.h"
#include "engine/ring/ring.h"
#include "sim/record/key.h"

namespace revenant::sim {
namespace {

constexpr size_t kInputsNamed = 6;  // of a compaction, in a line

std::string_view source_name(env::ApplySource source) {
  switch (source) {
    case env::ApplySource::kClient:
      return "from the coordinator";
    case env::ApplySource::kBatchLog:
      return "from a batch log";
    case env::ApplySource::kHandoff:
      return "from a node that stood in";
    case env::ApplySource::kHint:
      return "from a hint";
    case env::ApplySource::kReadRepair:
      return "from read repair";
    case env::ApplySource::kRepair:
      return "from repair";
    case env::ApplySource::kRecovery:
      return "from its log";
    case env::ApplySource::kStream:
      return "with its range";
  }
  return "?";
}

std::string_view kind_name(CellKind kind) {
  switch (kind) {
    case CellKind::kTombstone:
      return "delete";
    case CellKind::kValue:
      return "put";
    case CellKind::kExpiring:
      return "put that expires";
  }
  return "?";
}

std::string name_of(NodeId node) { return fmt::format("{}", node); }
std::string name_of(FileNumber number) {
  return lsm::to_string(lsm::FileName{lsm::FileKind::kSstable, number});
}

}  // namespace

Lineage::Lineage(std::vector<uint64_t> keys) {
  for (uint64_t key : keys) keys_[key];
}

Lineage::KeyStory* Lineage::story_of(uint64_t key) {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

void Lineage::began() { began_ = true; }

void Lineage::operation(const Operation& operation) {
  KeyStory* const story = story_of(operation.key);
  if (story == nullptr || operation.kind == OperationKind::kScan) return;
  const std::string who = fmt::format("{}/{}", operation.workload, operation.session);
  if (is_write(operation.kind)) {
    if (operation.version.value > 0) {
      story->versions[operation.version] =
          fmt::format("{}, write {}, called at {}", to_string(operation.kind),
                      operation.write.value, operation.invoked);
    }
    const std::string_view outcome = operation.outcome == client::Outcome::kOk ? "is acknowledged"
                                     : operation.outcome == client::Outcome::kFail
                                         ? "fails"
                                         : "has an unknown outcome";
    note(*story, {operation.completed, who, fmt::format("{} ", to_string(operation.kind)),
                  operation.version, fmt::format(" {}", outcome)});
    return;
  }
  if (operation.outcome != client::Outcome::kOk) return;
  if (std::exchange(story->any_read, true) && story->last_read == operation.version &&
      story->last_found == operation.found) {
    return;
  }
  story->last_read = operation.version;
  story->last_found = operation.found;
  std::vector<std::string> answers;
  for (const replication::ReplicaAnswer& answer : operation.answers) {
    answers.push_back(name_of(answer.node));
  }
  const std::string from = fmt::format("; replicas asked: {}", fmt::join(answers, ", "));
  if (operation.version.value == 0) {
    note(*story, {operation.completed, who, "reads no trace of it" + from, {}, {}});
  } else {
    note(*story, {operation.completed, who, "reads ", operation.version,
                  fmt::format("{}{}", operation.found ? "" : " (deleted)", from)});
  }
}

void Lineage::preloaded(uint64_t key, WriteId write, Version version) {
  if (KeyStory* const story = story_of(key)) {
    story->versions[version] =
        fmt::format("put, write {}, preloaded on every replica", write.value);
  }
}

void Lineage::applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
                      env::ApplySource source) {
  KeyStory* const story = story_of(key);
  if (story == nullptr) return;
  story->holders.insert(node);
  story->moves.erase({node, cell.version});
  story->versions.try_emplace(cell.version, kind_name(cell.kind));
  note(*story, {time_of(at), name_of(node), "takes ", cell.version,
                fmt::format(" ({}) {}", kind_name(cell.kind), source_name(source))});
}

void Lineage::machine(Instant at, NodeId node, std::string_view what) {
  if (began_) machines_.push_back({at, name_of(node), std::string(what), {}, {}});
}

void Lineage::rewritten(Instant at, NodeId node, std::span<const FileNumber> inputs,
                        std::span<const env::WatchedEntry> entries) {
  std::set<std::pair<uint64_t, Version>> before;
  std::vector<std::string> names;
  for (FileNumber input : inputs) {
    before.merge(sstables_[{node, input}]);
    names.push_back(name_of(input));
  }
  std::string from = fmt::format("{}", fmt::join(names | std::views::take(kInputsNamed), ", "));
  if (names.size() > kInputsNamed) from += fmt::format(" and {} more", names.size() - kInputsNamed);
  std::set<uint64_t> met;
  for (const env::WatchedEntry& entry : entries) {
    const auto key = key_index(ring::key_of_storage_key(entry.key));
    KeyStory* const story = key ? story_of(*key) : nullptr;
    if (story == nullptr) continue;
    met.insert(*key);
    before.erase({*key, entry.version});
    if (entry.sstable != FileNumber{})
      sstables_[{node, entry.sstable}].emplace(*key, entry.version);
    if (inputs.empty()) {
      note(*story, {time_of(at), name_of(node), "flushes ", entry.version,
                    fmt::format(" ({}) into {}", kind_name(entry.kind), name_of(entry.sstable))});
    } else if (entry.sstable == FileNumber{}) {
      note(*story, {time_of(at), name_of(node), "PURGES ", entry.version,
                    fmt::format(" (delete), compacting {}", from)});
    } else {
      note_move(*story, node,
                {time_of(at), name_of(node), "moves ", entry.version,
                 fmt::format(" ({}) to {}, compacting {}", kind_name(entry.kind),
                             name_of(entry.sstable), from)},
                entry.reason.empty() ? "" : fmt::format("; not purged: {}", entry.reason));
    }
  }
  for (const auto& [key, version] : before) {
    if (!met.contains(key)) continue;
    note(*story_of(key), {time_of(at), name_of(node), "drops ", version,
                          fmt::format(", beaten by a newer version, compacting {}", from)});
  }
}

void Lineage::note_move(KeyStory& story, NodeId node, Event event, const std::string& reason) {
  event.after += reason;
  event.last = event.at;
  const auto [last, first] = story.moves.try_emplace({node, event.version}, story.events.size());
  if (!first && story.events[last->second].after.ends_with(reason)) {
    ++story.events[last->second].more;
    story.events[last->second].last = event.at;
    return;
  }
  last->second = story.events.size();
  note(story, std::move(event));
}

void Lineage::final_cell(NodeId node, uint64_t key, const CellView& cell) {
  if (KeyStory* const story = story_of(key)) {
    note(*story, {Instant::never(), name_of(node), "holds ", cell.version,
                  fmt::format(" ({})", kind_name(cell.kind))});
  }
}

void Lineage::remark(uint64_t key, Instant at, std::string text) {
  if (KeyStory* const story = story_of(key)) note(*story, {at, "check", std::move(text), {}, {}});
}

std::string Lineage::story(uint64_t key, const std::vector<FaultWindow>& faults) const {
  const KeyStory& story = keys_.at(key);
  std::vector<std::string> holders;
  for (NodeId node : story.holders) holders.push_back(name_of(node));
  std::string out = fmt::format("{} was on {}\n\n", key_name(key), fmt::join(holders, ", "));
  std::map<Version, std::string> names;
  for (const auto& [version, what] : story.versions) {
    const std::string name = fmt::format("v{}", names.size() + 1);
    out += fmt::format("  {:<4} {}\n", name, what);
    names.emplace(version, name);
  }

  std::vector<Event> events = story.events;
  const auto concerns = [&](const std::string& who) {
    return std::ranges::find(holders, who) != holders.end();
  };
  std::ranges::copy_if(machines_, std::back_inserter(events),
                       [&](const Event& event) { return concerns(event.who); });
  for (const FaultWindow& fault : faults) {
    for (NodeId node : fault.nodes) {
      if (!concerns(name_of(node))) continue;
      const std::string what =
          fmt::format("{}{}{}", fault.kind, fault.detail.empty() ? "" : ": ", fault.detail);
      events.push_back({fault.from, name_of(node), fmt::format("fault begins: {}", what), {}, {}});
      events.push_back({fault.to, name_of(node), fmt::format("fault ends: {}", what), {}, {}});
    }
  }
  std::ranges::stable_sort(events, {}, &Event::at);

  out += '\n';
  for (const Event& event : events) {
    const std::string at = event.at == Instant::never() ? "at the end" : to_string(event.at);
    const auto named = names.find(event.version);
    const std::string more =
        event.more == 0 ? "" : fmt::format("; {} times more up to {}", event.more, event.last);
    out += fmt::format("  {:<20} {:<10} {}{}{}{}\n", at, event.who, event.before,
                       named != names.end()       ? named->second
                       : event.version.value == 0 ? ""
                                                  : fmt::format("{}", event.version),
                       event.after, more);
  }
  return out;
}

}  // namespace revenant::sim
