#include "sim/check/recorded_history.h"

#include <algorithm>

#include "sim/check/properties/properties.h"
#include "sim/record/key.h"

namespace revenant::sim {

namespace {

// Of each property; the metric counts all.
constexpr size_t kViolationsTold = 5;

history::Outcome outcome_of(client::Outcome outcome) {
  switch (outcome) {
    case client::Outcome::kOk:
      return history::Outcome::kOk;
    case client::Outcome::kFail:
      return history::Outcome::kFail;
    case client::Outcome::kUnknown:
      return history::Outcome::kUnknown;
  }
  return history::Outcome::kUnknown;
}

}  // namespace

history::Operation RecordedHistory::next(history::Kind kind, Instant invoked, Instant completed) {
  history::Operation op = {};
  op.kind = kind;
  op.invoked = invoked.ns;
  op.completed = completed.ns;
  op.line = ++lines_;
  return op;
}

void RecordedHistory::preloaded(uint64_t key, WriteId write, Version version) {
  history::Operation op = next(history::Kind::kPut, Instant{-1}, Instant{-1});
  op.key = history_.key(key_name(key));
  op.argument = value_of(write);
  op.version = version.value;
  op.session = history::kNoSession;
  history_.add(op);
}

void RecordedHistory::truncated(Instant began, Instant at, Version) {
  truncations_.push_back(next(history::Kind::kDelete, began, at));
}

void RecordedHistory::operation(const Operation& operation) {
  history::Operation op = next(history::Kind::kGet, operation.invoked, operation.completed);
  op.outcome = outcome_of(operation.outcome);
  op.version = operation.version.value;
  op.session = sessions_
                   .try_emplace({std::string(operation.workload), operation.session},
                                static_cast<uint32_t>(sessions_.size()))
                   .first->second;
  if (operation.kind == OperationKind::kScan) {
    op.kind = history::Kind::kScan;
    op.steps_begin = history_.step_count();
    for (const ScannedCell& cell : operation.scanned)
      history_.add_step({history::Kind::kGet, history_.key(key_name(cell.key)),
                         value_of(cell.write), cell.version.value});
    op.steps_end = history_.step_count();
    history_.add(op);
    return;
  }
  op.key = history_.key(key_name(operation.key));
  if (operation.kind == OperationKind::kRead) {
    if (operation.found) op.result = value_of(operation.write);
  } else if (operation.kind == OperationKind::kDelete) {
    op.kind = history::Kind::kDelete;
  } else {
    op.kind = history::Kind::kPut;
    op.argument = value_of(operation.write);
  }
  history_.add(op);
  if (operation.ttl) history_.add_end_of(op);
}

std::vector<std::string> RecordedHistory::report(Metrics& metrics,
                                                 std::vector<Violation>& violations) {
  for (const history::Operation& truncation : truncations_) history_.add_deletes_of_all(truncation);
  std::vector<std::string> undecided;
  for (const check::Property& property : check::properties()) {
    if (std::ranges::find(properties_, property.name) == properties_.end()) continue;
    const check::Verdict verdict = property.check(history_, {});
    metrics.set(fmt::format("{}_violations", property.name),
                static_cast<double>(verdict.violations.size()));
    if (!verdict.undecided.empty())
      undecided.push_back(fmt::format("{}: {}", property.name, verdict.undecided));
    for (size_t i = 0; i < std::min(kViolationsTold, verdict.violations.size()); ++i) {
      const check::Violation& violation = verdict.violations[i];
      const history::Operation& last = history_.operations()[violation.operations.back()];
      std::string story;
      for (const uint32_t place : violation.operations) {
        const history::Operation& op = history_.operations()[place];
        story += op.session == history::kNoSession
                     ? fmt::format("#{} {}; ", op.line, history_.print(op))
                     : fmt::format("#{} session {}: {} [{}, {}]; ", op.line, op.session,
                                   history_.print(op, violation.key), Instant{op.invoked},
                                   Instant{op.completed});
      }
      violations.push_back({.check = std::string(property.name),
                            .cause = "operations that nothing explains",
                            .key = key_index(history_.key_name(violation.key.value_or(0))),
                            .at = Instant{last.completed},
                            .story = story + violation.story});
    }
  }
  return undecided;
}

}  // namespace revenant::sim
