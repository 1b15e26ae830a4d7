#include "sim/experiment/account.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/experiment/apply_source.h"
#include "sim/scenario/resolved.h"

namespace revenant::sim {
namespace {

constexpr size_t kLinesMax = 200;

struct Line {
  Instant at;
  std::string who, what;
};

class Account final : public Observer {
 public:
  void operation(const Operation& o) override { operations_.push_back(o); }

  void applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
               env::ApplySource source) override {
    if (at < Instant{}) return;  // the preload
    if (source == env::ApplySource::kClient) {
      taken_[{key, cell.version}].insert(node);
    } else if (source != env::ApplySource::kRecovery) {
      lines_.push_back(
          {at, fmt::format("n{}", node.value),
           fmt::format("takes k{}, {}, from {}", key, cell.is_tombstone() ? "tombstone" : "value",
                       apply_source_text(source))});
    }
  }

  void purged(Instant at, NodeId node, uint64_t key, Version) override {
    lines_.push_back(
        {at, fmt::format("n{}", node.value), fmt::format("purges the tombstone of k{}", key)});
  }

  std::vector<Line> take() {
    for (const Operation& o : operations_) {
      std::string what = fmt::format("{} k{} at n{}: {} after {:.3f} ms", to_string(o.kind), o.key,
                                     o.coordinator.value, to_string(o.outcome),
                                     (o.completed - o.invoked).in_seconds() * 1e3);
      if (is_write(o.kind)) {
        std::vector<uint32_t> nodes;
        for (NodeId node : taken_[{o.key, o.version}]) nodes.push_back(node.value);
        what += nodes.empty() ? "; taken by nobody"
                              : fmt::format("; taken by n{}", fmt::join(nodes, ", n"));
      } else if (o.kind == OperationKind::kRead && o.outcome == client::Outcome::kOk) {
        what += o.found ? "; a value" : o.version == Version{} ? "; nothing" : "; deleted";
        std::vector<uint32_t> nodes;
        for (const replication::ReplicaAnswer& answer : o.answers)
          nodes.push_back(answer.node.value);
        what += fmt::format(", from n{}", fmt::join(nodes, ", n"));
      }
      lines_.push_back({o.invoked, fmt::format("c{}", o.session), std::move(what)});
    }
    return std::move(lines_);
  }

 private:
  std::vector<Operation> operations_;
  std::map<std::pair<uint64_t, Version>, std::set<NodeId>> taken_;
  std::vector<Line> lines_;
};

// "crash n1", from the entry as the scenario spells it.
std::string deed(const Json& entry) {
  std::string text;
  for (const auto& [key, value] : entry.items()) {
    if (key == "at" || key == "for" || key == "every" || key == "name" || key == "duty") continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key,
                        value.is_string() ? value.get<std::string>() : value.dump());
  }
  std::erase(text, '"');
  return text;
}

}  // namespace

std::string account_of(const Scenario& scenario, uint64_t seed, const Signature& signature) {
  std::vector<Line> lines;
  std::string end;
  if (signature.check != "died") {  // or this would die of it too
    Account account;
    const RunReport report =
        run_scenario(scenario, seed, {.command = "revenant shrink", .observers = {&account}});
    lines = account.take();
    for (const Symptom& symptom : symptoms(report)) {
      if (symptom.signature == signature) end = symptom.story;
    }
  }
  const Json whole = to_json(scenario);
  for (size_t i = 0; i < scenario.faults.size(); ++i) {
    const FaultOptions& f = scenario.faults[i];
    lines.push_back({Instant{} + f.at, "fault",
                     fmt::format("{}{}", deed(whole["faults"][i]),
                                 f.duration ? fmt::format(" until {}", f.at + *f.duration) : "")});
  }
  for (size_t i = 0; i < scenario.operations.size(); ++i) {
    const OperationOptions& o = scenario.operations[i];
    if (o.at) lines.push_back({Instant{} + *o.at, "operator", deed(whole["operations"][i])});
  }
  std::ranges::stable_sort(lines, {}, &Line::at);

  std::string out = fmt::format("Seed {}, {} node(s), {}. What happens, in virtual time:\n", seed,
                                scenario.cluster.nodes, scenario.duration);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines.size() > kLinesMax && i == kLinesMax / 2) {
      out += fmt::format("  … {} lines left out …\n", lines.size() - kLinesMax);
      i = lines.size() - kLinesMax / 2;
    }
    const Line& line = lines[i];
    out += fmt::format("  {:>12.6f}s  {:<10}{}\n", line.at.in_seconds(), line.who, line.what);
  }
  if (!end.empty()) out += fmt::format("  so: {}\n", end);
  return out;
}

}  // namespace revenant::sim
