#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "sim/report/report.h"

namespace revenant::report {

using check::Verdict;
using check::Violation;
using history::Kind;
using history::Operation;
using history::Outcome;

namespace {

// Of faults at one moment, in a sentence.
constexpr size_t kFaultsTold = 3;

std::string joined(const std::vector<std::string>& items) {
  if (items.size() < 2) return fmt::format("{}", fmt::join(items, ""));
  const std::vector<std::string> but_last(items.begin(), items.end() - 1);
  return fmt::format("{} and {}", fmt::join(but_last, ", "), items.back());
}

bool is_read(const Operation& op) { return op.kind == Kind::kGet || op.kind == Kind::kScan; }

// Who asked for what, when, and what became of it.
std::string asked(const Report& report, const Operation& op, std::optional<uint32_t> key) {
  const std::string what = fmt::format("#{} {}", op.line, report.history.print(op, key));
  const auto time = [&](int64_t t) { return time_text(report.history, t); };
  if (op.completed < 0) return fmt::format("{} was there before the run.", what);
  if (op.session == history::kNoSession)
    return fmt::format("{} was nobody's, at some time from {} on.", what, time(op.invoked));
  std::string text = fmt::format("{} by {} was called at {}", what,
                                 session_text(report.history, op.session), time(op.invoked));
  if (op.outcome == Outcome::kUnknown) return text + "; its outcome is unknown.";
  return text + fmt::format(" and {} at {}.",
                            op.outcome == Outcome::kFail ? "failed"
                            : is_read(op)                ? "answered"
                                                         : "acknowledged",
                            time(op.completed));
}

// "the value of #296, which a hint brought at 02:01:33.083000"
std::string contents(const Report& report, const Holding& holding) {
  if (holding.kind == Holding::Kind::kNothing) return "nothing";
  std::string text = holding.kind == Holding::Kind::kValue ? "the value" : "the tombstone";
  if (holding.line > 0) text += fmt::format(" of #{}", holding.line);
  // What a client's write brought, it brought when it was made.
  if (!holding.source.empty() && !holding.source.starts_with("a client") && holding.from >= 0)
    text += fmt::format(", which {} brought at {}", holding.source,
                        time_text(report.history, holding.from));
  return text;
}

// " Then n0 held nothing and n1 held the value of #7."
std::string held_at(const Report& report, uint32_t key, int64_t time, std::string_view when) {
  std::vector<std::string> held;
  for (const Holding& holding : report.record->holdings_of(report.history.key_name(key)))
    if (holding.from <= time && time < holding.to)
      held.push_back(fmt::format("n{} held {}", holding.node, contents(report, holding)));
  return held.empty() ? "" : fmt::format(" {} {}.", when, joined(held));
}

// Which replicas had taken an acknowledged write by then, which took it later, and which never did.
std::string reached(const Report& report, const Operation& write) {
  const auto found = report.record->arrivals.find(write.line);
  if (found == report.record->arrivals.end()) return "";
  std::vector<std::string> by_then, later, never;
  std::set<uint32_t> replicas;
  for (const Holding& holding : report.record->holdings_of(report.history.key_name(write.key)))
    replicas.insert(holding.node);
  for (const Arrival& arrival : found->second) {
    replicas.erase(arrival.node);
    if (arrival.at <= write.completed) {
      by_then.push_back(fmt::format("n{}", arrival.node));
    } else {
      later.push_back(fmt::format("n{} took it at {} from {}", arrival.node,
                                  time_text(report.history, arrival.at), arrival.source));
    }
  }
  std::ranges::sort(by_then);
  for (const uint32_t node : replicas) never.push_back(fmt::format("n{}", node));
  std::string text =
      fmt::format(" By then {} had taken it", by_then.empty() ? "nobody" : joined(by_then));
  if (!later.empty()) text += "; " + joined(later);
  if (!never.empty()) text += fmt::format("; {} never did", joined(never));
  return text + '.';
}

// Which replicas answered a read, and what each held of the key when it ended.
std::string from_replicas(const Report& report, const Operation& read, uint32_t key) {
  std::string text;
  const auto& participants = report.record->participants;
  if (const auto found = participants.find(read.line); found != participants.end()) {
    std::vector<std::string> nodes;
    for (const Participants::Answer& answer : found->second.answers)
      nodes.push_back(fmt::format("n{}", answer.node));
    text = fmt::format(" n{} coordinated #{}", found->second.coordinator, read.line);
    if (!nodes.empty()) text += fmt::format("; {} answered", joined(nodes));
    text += '.';
  }
  return text + held_at(report, key, read.completed, "Then");
}

// First those that held during the last read, then those during any other operation of the core, then those between.
std::string behind_faults(const Report& report, const std::vector<uint32_t>& core) {
  std::vector<std::pair<int64_t, int64_t>> spans;  // of the core's operations, the last first
  int64_t first = history::kNever, last = 0;
  for (auto place = core.rbegin(); place != core.rend(); ++place) {
    const Operation& op = report.history.operations()[*place];
    if (op.completed < 0) continue;
    spans.emplace_back(op.invoked, op.completed);
    first = std::min(first, op.invoked);
    last = std::max(last, op.completed == history::kNever ? op.invoked : op.completed);
  }
  if (spans.empty()) return "";
  spans.emplace_back(first, last);
  std::vector<const Fault*> faults;
  for (const auto& [from, to] : spans)
    for (const Fault& fault : report.faults)
      if (fault.from <= to && fault.to >= from && std::ranges::find(faults, &fault) == faults.end())
        faults.push_back(&fault);
  if (faults.empty()) return report.record == nullptr ? "" : " No fault held in that time.";
  std::vector<std::string> told;
  for (size_t i = 0; i < std::min(kFaultsTold, faults.size()); ++i)
    told.push_back(fmt::format("{} ({} to {})", fault_text(*faults[i]),
                               time_text(report.history, faults[i]->from),
                               time_text(report.history, faults[i]->to)));
  if (faults.size() > kFaultsTold)
    told.push_back(fmt::format("{} more", faults.size() - kFaultsTold));
  return fmt::format(" Faults in that time: {}.", joined(told));
}

}  // namespace

std::string time_text(const history::History& history, int64_t time) {
  if (time == history::kNever) return "the end";
  if (history.clock() == history::Clock::kPlaces) return fmt::format("event {}", time);
  const char* sign = time < 0 ? "-" : "";
  const int64_t us = std::llabs(time) / 1000;
  const int64_t s = us / 1'000'000;
  const std::string fraction = us % 1'000'000 == 0 ? "" : fmt::format(".{:06}", us % 1'000'000);
  if (s < 600) return fmt::format("{}{}{}s", sign, s, fraction);
  const std::string days = s >= 86'400 ? fmt::format("{}d ", s / 86'400) : "";
  return fmt::format("{}{}{:02}:{:02}:{:02}{}", sign, days, s / 3600 % 24, s / 60 % 60, s % 60,
                     fraction);
}

std::string session_text(const history::History& history, uint32_t session) {
  const std::string name = history.session_name(session);
  const bool is_number = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? "session " + name : name;
}

std::string fault_text(const Fault& fault) {
  // Some details name their nodes, and say more of them.
  const bool named = std::ranges::any_of(fault.nodes, [&](uint32_t node) {
    return fault.detail.find(fmt::format("n{}", node)) != std::string::npos;
  });
  std::string text = fault.kind;
  if (!named && !fault.nodes.empty()) text += fmt::format(" n{}", fmt::join(fault.nodes, ",n"));
  if (!fault.detail.empty()) text += ": " + fault.detail;
  return text;
}

std::string told(const Report& report, const Verdict& verdict, const Violation& violation) {
  std::string text = violation.key ? fmt::format("{} does not hold of {}.", verdict.property,
                                                 report.history.key_name(*violation.key))
                                   : fmt::format("{} does not hold.", verdict.property);
  bool read_something = false;
  for (const uint32_t place : violation.operations) {
    const Operation& op = report.history.operations()[place];
    text += ' ' + asked(report, op, violation.key);
    if (op.kind == Kind::kGet && op.outcome == Outcome::kOk && !op.result.is_absent()) {
      const auto writer = report.writers.of(op.key, op.result);
      if (writer && std::ranges::find(violation.operations, *writer) == violation.operations.end())
        text += fmt::format(" What it found: {}",
                            asked(report, report.history.operations()[*writer], violation.key));
    }
    if (report.record != nullptr && history::is_write(op.kind) && op.completed >= 0 &&
        op.outcome == Outcome::kOk)
      text += reached(report, op);
    if (report.record != nullptr && is_read(op)) {
      text += from_replicas(report, op, violation.key.value_or(op.key));
      read_something = true;
    }
  }
  // What showed only at the end.
  if (report.record != nullptr && violation.key && !read_something)
    text += held_at(report, *violation.key, kToTheEnd - 1, "At the end");
  if (!violation.story.empty()) text += ' ' + violation.story;
  if (text.back() != '.') text += '.';
  text += behind_faults(report, violation.operations);
  return text;
}

std::vector<Replay> replays(const Report& report, const Violation& violation) {
  if (report.record == nullptr || violation.operations.empty()) return {};
  int64_t from = history::kNever, to = 0;
  for (const uint32_t place : violation.operations) {
    const Operation& op = report.history.operations()[place];
    from = std::min(from, std::max<int64_t>(op.invoked, 0));
    if (op.completed != history::kNever) to = std::max(to, op.completed);
  }
  const Operation& last = report.history.operations()[violation.operations.back()];
  const std::string& command = report.record->command;
  const int64_t began = std::max<int64_t>(last.invoked, 0);
  constexpr int64_t kAround = 100'000'000;  // what led to it is in the trace
  return {
      {"runs to that moment", fmt::format("gdb -ex run --args {} --break-at {}ns", command, began)},
      {"traces it", fmt::format("{} --trace moment.json --trace-from {}ns --trace-to {}ns", command,
                                std::max<int64_t>(0, began - kAround), to + kAround)},
  };
}

}  // namespace revenant::report
