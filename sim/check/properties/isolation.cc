#include "sim/check/properties/isolation.h"

#include <fmt/format.h>

#include "engine/base/check.h"
#include "sim/check/serial/real_time_order.h"

namespace revenant::check {

using serial::Anomaly;
using serial::Isolation;
using serial::IsolationVerdict;

namespace {

Outcome outcome_of(IsolationVerdict::Outcome outcome) {
  switch (outcome) {
    case IsolationVerdict::Outcome::kHolds:
      return Outcome::kHolds;
    case IsolationVerdict::Outcome::kViolated:
      return Outcome::kViolated;
    case IsolationVerdict::Outcome::kUndecided:
      return Outcome::kUndecided;
    case IsolationVerdict::Outcome::kVacuous:
      return Outcome::kVacuous;
  }
  return Outcome::kVacuous;
}

RealTime real_time_of(Isolation isolation) {
  return isolation == Isolation::kStrictSerializable || isolation == Isolation::kStrongSnapshot
             ? RealTime::kRespected
             : RealTime::kIgnored;
}

Violation violation_of(const history::History& history, const serial::Finding& finding) {
  Violation violation = {.key = {},
                         .operations = finding.operations,
                         .story = fmt::format("{}: {}", serial::name(finding), finding.story)};
  if (finding.cycle.empty()) return violation;
  const auto right = finding.anomaly == Anomaly::kLostUpdate
                         ? verify_lost_update(history, finding.cycle)
                         : verify_cycle(history, finding.cycle);
  CHECK(right.has_value(), "the cycle found is none: {}", right.error().message);
  violation.verified = true;
  return violation;
}

// Where values were written twice, only real time leaves few enough orders to try.
void decide_by_trying(const history::History& history, IsolationVerdict& verdict) {
  const serial::RealTimeOrder tried = serial::find_real_time_order(history);
  if (tried.outcome == serial::RealTimeOrder::Outcome::kUndecided) return;
  verdict.limit.clear();
  if (tried.outcome == serial::RealTimeOrder::Outcome::kFound) {
    verdict.outcome = IsolationVerdict::Outcome::kHolds;
    verdict.order = tried.order;
    return;
  }
  verdict.outcome = IsolationVerdict::Outcome::kViolated;
  verdict.findings.push_back(
      {Anomaly::kG2Item,
       {tried.unexplained},
       {},
       fmt::format("Of what had begun when #{} ended no order explains what was read, each in its "
                   "own time; of what had begun when the one before it ended, one does.",
                   history.operations()[tried.unexplained].line)});
}

}  // namespace

Verdict check_isolation(const history::History& history, Isolation isolation) {
  Verdict verdict = {.property = std::string(to_string(isolation))};
  for (const history::Operation& op : history.operations())
    verdict.observations +=
        op.kind == history::Kind::kTransaction && op.outcome == history::Outcome::kOk ? 1 : 0;
  if (verdict.observations == 0) return verdict;
  IsolationVerdict found = serial::check_isolation(history, {{isolation}}).front();
  if (found.outcome == IsolationVerdict::Outcome::kUndecided &&
      isolation == Isolation::kStrictSerializable)
    decide_by_trying(history, found);
  verdict.outcome = outcome_of(found.outcome);
  verdict.undecided = found.limit;
  for (const serial::Finding& finding : found.findings)
    verdict.violations.push_back(violation_of(history, finding));
  const RealTime real_time = real_time_of(isolation);
  if (!found.order.empty()) {
    const auto right = verify_serial_order(history, found.order, real_time);
    CHECK(right.has_value(), "the order found is wrong: {}", right.error().message);
    verdict.verified = 1;
  }
  if (!found.events.empty()) {
    const auto right = verify_snapshot_order(history, found.events, real_time);
    CHECK(right.has_value(), "the snapshots found are wrong: {}", right.error().message);
    verdict.verified = 1;
  }
  return verdict;
}

}  // namespace revenant::check
