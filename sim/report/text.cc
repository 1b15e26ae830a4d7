#include <fmt/format.h>

#include <algorithm>

#include "analysis/stats/estimate.h"
#include "sim/report/report.h"

namespace revenant::report {

using check::Verdict;

namespace {

std::string times_of(const Report& report, const history::Operation& op) {
  return fmt::format(
      "[{}, {}]", time_text(report.history, op.invoked),
      op.completed == history::kNever ? "…" : time_text(report.history, op.completed));
}

std::string to_text(const Report& report, const Verdict& verdict,
                    const check::Violation& violation) {
  std::string out = "\n";
  if (violation.key) out += fmt::format("  {}\n", report.history.key_name(*violation.key));
  for (const uint32_t place : violation.operations) {
    const history::Operation& op = report.history.operations()[place];
    out += fmt::format(
        "    #{:<6} {:<12} {:<9} {:<40} {}\n", op.line,
        op.session == history::kNoSession ? "" : session_text(report.history, op.session),
        history::to_string(op.outcome), report.history.print(op, violation.key),
        times_of(report, op));
  }
  out += fmt::format("    {}\n", told(report, verdict, violation));
  if (!violation.unverified.empty())
    out += fmt::format("    not verified: {}\n", violation.unverified);
  for (const Replay& replay : replays(report, violation))
    out += fmt::format("    {:<20} {}\n", replay.what, replay.command);
  return out;
}

nlohmann::ordered_json to_json(const Report& report, const Verdict& verdict,
                               const check::Violation& violation) {
  nlohmann::ordered_json out;
  if (violation.key) out["key"] = report.history.key_name(*violation.key);
  auto& operations = out["operations"] = nlohmann::ordered_json::array();
  for (const uint32_t place : violation.operations) {
    const history::Operation& op = report.history.operations()[place];
    nlohmann::ordered_json operation = {{"line", op.line}};
    if (op.session != history::kNoSession) {
      operation["session"] = op.session;
      operation["session_name"] = report.history.session_name(op.session);
    }
    operation["outcome"] = history::to_string(op.outcome);
    operation["operation"] = report.history.print(op, violation.key);
    operation["invoked"] = op.invoked;
    if (op.completed != history::kNever) operation["completed"] = op.completed;
    operations.push_back(std::move(operation));
  }
  out["story"] = violation.story;
  out["told"] = told(report, verdict, violation);
  out["verified"] = violation.verified;
  auto commands = nlohmann::ordered_json::array();
  for (const Replay& replay : replays(report, violation))
    commands.push_back({{"what", replay.what}, {"command", replay.command}});
  if (!commands.empty()) out["replay"] = std::move(commands);
  return out;
}

}  // namespace

// Intervals take the reads for independent of each other.
nlohmann::ordered_json to_json(const check::Curve& curve) {
  nlohmann::ordered_json out = {{"name", curve.name}, {"what", curve.what}, {"unit", curve.unit}};
  auto& points = out["points"] = nlohmann::ordered_json::array();
  for (const check::Curve::Point& point : curve.points) {
    const auto estimate =
        stats::estimate_share(static_cast<int64_t>(point.so), static_cast<int64_t>(point.of));
    points.push_back({{"from", point.from},
                      {"to", point.to},
                      {"share", estimate.share},
                      {"low", estimate.interval.low},
                      {"high", estimate.interval.high},
                      {"reads", point.of}});
  }
  return out;
}

std::string to_text(const Report& report, const Verdict& verdict) {
  std::string out = fmt::format("{:<26} {:<9} {} observations", verdict.property,
                                check::to_string(verdict.outcome), verdict.observations);
  if (!verdict.figures.empty()) out += "; " + verdict.figures;
  if (verdict.verified == 1) out += "; an order found and verified";
  if (verdict.verified > 1)
    out += fmt::format("; an order found and verified for each of {} keys", verdict.verified);
  if (!verdict.undecided.empty()) out += "; " + verdict.undecided;
  const size_t violations = verdict.violations.size();
  if (violations > 0)
    out += fmt::format("; {} violation{}", violations, violations == 1 ? "" : "s");
  out += '\n';
  for (size_t i = 0; i < std::min(kViolationsPrinted, violations); ++i)
    out += to_text(report, verdict, verdict.violations[i]);
  if (violations > kViolationsPrinted)
    out += fmt::format("\n  and {} more\n", violations - kViolationsPrinted);
  if (violations > 0) out += '\n';
  return out;
}

nlohmann::ordered_json to_json(const Report& report) {
  auto out = nlohmann::ordered_json::array();
  for (const Verdict& verdict : report.verdicts) {
    nlohmann::ordered_json one = {{"property", verdict.property},
                                  {"outcome", check::to_string(verdict.outcome)},
                                  {"observations", verdict.observations},
                                  {"verified", verdict.verified}};
    if (!verdict.figures.empty()) one["figures"] = verdict.figures;
    for (const check::Curve& curve : verdict.curves) one["curves"].push_back(to_json(curve));
    if (!verdict.undecided.empty()) one["undecided"] = verdict.undecided;
    auto& violations = one["violations"] = nlohmann::ordered_json::array();
    for (const check::Violation& violation : verdict.violations)
      violations.push_back(to_json(report, verdict, violation));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace revenant::report
