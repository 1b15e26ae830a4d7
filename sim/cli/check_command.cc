#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/check/properties/properties.h"
#include "sim/cli/command.h"
#include "sim/history/read.h"
#include "sim/scenario/error.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

using check::Verdict;

// Of each property, violations beyond these are only counted.
constexpr size_t kViolationsShown = 5;

std::string time_of(const history::Operation& op) {
  const std::string end = op.completed == history::kNever ? "…" : fmt::format("{}", op.completed);
  return fmt::format("[{}, {}]", op.invoked, end);
}

void print(const history::History& history, const Verdict& verdict) {
  std::cout << fmt::format("{:<26} {:<9} {} observations", verdict.property,
                           check::to_string(verdict.outcome), verdict.observations);
  if (!verdict.figures.empty()) std::cout << "; " << verdict.figures;
  if (verdict.verified == 1) std::cout << "; an order found and verified";
  if (verdict.verified > 1)
    std::cout << fmt::format("; an order found and verified for each of {} keys", verdict.verified);
  if (!verdict.undecided.empty()) std::cout << "; " << verdict.undecided;
  if (!verdict.violations.empty())
    std::cout << fmt::format("; {} violations", verdict.violations.size());
  std::cout << '\n';
  for (size_t i = 0; i < std::min(kViolationsShown, verdict.violations.size()); ++i) {
    const check::Violation& violation = verdict.violations[i];
    std::cout << '\n';
    if (violation.key) std::cout << fmt::format("  {}\n", history.key_name(*violation.key));
    for (const uint32_t place : violation.operations) {
      const history::Operation& op = history.operations()[place];
      std::cout << fmt::format("    #{:<6} session {:<4} {:<9} {:<40} {}\n", op.line, op.session,
                               history::to_string(op.outcome), history.print(op), time_of(op));
    }
    if (!violation.story.empty()) std::cout << fmt::format("    {}\n", violation.story);
    if (!violation.unverified.empty())
      std::cout << fmt::format("    not verified: {}\n", violation.unverified);
  }
  if (verdict.violations.size() > kViolationsShown)
    std::cout << fmt::format("\n  and {} more\n", verdict.violations.size() - kViolationsShown);
  if (!verdict.violations.empty()) std::cout << '\n';
}

nlohmann::ordered_json to_json(const history::History& history, const Verdict& verdict) {
  nlohmann::ordered_json report = {{"property", verdict.property},
                                   {"outcome", check::to_string(verdict.outcome)},
                                   {"observations", verdict.observations},
                                   {"verified", verdict.verified}};
  if (!verdict.figures.empty()) report["figures"] = verdict.figures;
  if (!verdict.undecided.empty()) report["undecided"] = verdict.undecided;
  auto& violations = report["violations"] = nlohmann::ordered_json::array();
  for (const check::Violation& violation : verdict.violations) {
    nlohmann::ordered_json one;
    if (violation.key) one["key"] = history.key_name(*violation.key);
    auto& operations = one["operations"] = nlohmann::ordered_json::array();
    for (const uint32_t place : violation.operations) {
      const history::Operation& op = history.operations()[place];
      nlohmann::ordered_json operation = {{"line", op.line},
                                          {"session", op.session},
                                          {"outcome", history::to_string(op.outcome)},
                                          {"operation", history.print(op)},
                                          {"invoked", op.invoked}};
      if (op.completed != history::kNever) operation["completed"] = op.completed;
      operations.push_back(std::move(operation));
    }
    one["story"] = violation.story;
    one["verified"] = violation.verified;
    violations.push_back(std::move(one));
  }
  return report;
}

// Those asked for; all if none was.
std::expected<std::vector<const check::Property*>, Exit> chosen(const po::variables_map& values) {
  std::vector<const check::Property*> properties;
  std::vector<std::string_view> names;
  for (const check::Property& property : check::properties()) {
    names.push_back(property.name);
    if (!values.contains("property")) properties.push_back(&property);
  }
  if (!values.contains("property")) return properties;
  for (const std::string& name : values["property"].as<std::vector<std::string>>()) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end())
      return fail(2, fmt::format("--property: '{}' is none{}; see `revenant list properties`", name,
                                 did_you_mean(name, names)));
    properties.push_back(&check::properties()[static_cast<size_t>(found - names.begin())]);
  }
  return properties;
}

}  // namespace

int check_main(const Arguments& arguments) {
  CommandLine line(
      "check HISTORY [options]",
      "Checks a recorded history: Revenant's (run --out DIR --history), Jepsen's in EDN or "
      "JSON, Porcupine's logs, Plume's text. Exit code 0: all holds; 1: something is violated; 3: "
      "something is undecided, or nothing was observed.");
  line.operand("history", 1, "The file; - reads from standard input.");
  line.options()(
      "property", po::value<std::vector<std::string>>(),
      "What to check; may be repeated. Without it all that `revenant list properties` names.")(
      "format", po::value<std::string>(),
      "revenant, jepsen or plume; without it, as the file begins.")(
      "initial", po::value<std::string>(),
      "The value of every key before any operation: nil, a number or a text.")(
      "nil", po::value<std::string>(),
      "What a read of nil means: absent, or unknown (it says nothing).")(
      "failed-cas", po::value<std::string>(),
      "What a failed compare-and-set means: observed (another value was there), or unknown.")(
      "configurations", po::value<uint64_t>(),
      "The most that the search of one key looks at (20000000).")("json", "Print JSON.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;

  history::ReadOptions options;
  const auto choice =
      [&](const char* name,
          std::vector<std::string> words) -> std::expected<std::optional<size_t>, Exit> {
    if (!values->contains(name)) return std::nullopt;
    const auto& word = (*values)[name].as<std::string>();
    const auto found = std::ranges::find(words, word);
    if (found == words.end())
      return fail(2, fmt::format("--{}: '{}' is none of {}", name, word, fmt::join(words, ", ")));
    return static_cast<size_t>(found - words.begin());
  };
  const auto format = choice("format", {"revenant", "jepsen", "plume"});
  const auto nil = choice("nil", {"absent", "unknown"});
  const auto failed_cas = choice("failed-cas", {"observed", "unknown"});
  for (const auto* each : {&format, &nil, &failed_cas})
    if (!*each) return each->error().code;
  if (*format) options.format = static_cast<history::Format>(**format);
  if (*nil) options.nil_is_unknown = **nil == 1;
  if (*failed_cas) options.failed_cas_is_read = **failed_cas == 0;
  if (values->contains("initial")) options.initial = (*values)["initial"].as<std::string>();
  check::CheckOptions check_options;
  if (values->contains("configurations"))
    check_options.limits.configurations = (*values)["configurations"].as<uint64_t>();
  const auto properties = chosen(*values);
  if (!properties) return properties.error().code;

  const auto& path = (*values)["history"].as<std::string>();
  std::stringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(2, fmt::format("{}: cannot be read", path)).error().code;
    text << file.rdbuf();
  }
  const auto history = history::read_history(text.view(), path, options);
  if (!history) return fail(2, history.error().message).error().code;

  nlohmann::ordered_json report = nlohmann::ordered_json::array();
  bool violated = false, open = false;
  std::vector<std::string> vacuous;  // of those that nobody asked for by name
  for (const check::Property* property : *properties) {
    const Verdict verdict = property->check(*history, check_options);
    violated |= verdict.outcome == check::Outcome::kViolated;
    open |= verdict.outcome == check::Outcome::kUndecided;
    open |= verdict.outcome == check::Outcome::kVacuous && values->contains("property");
    if (values->contains("json")) {
      report.push_back(to_json(*history, verdict));
    } else if (verdict.outcome == check::Outcome::kVacuous && !values->contains("property")) {
      vacuous.push_back(verdict.property);
    } else {
      print(*history, verdict);
    }
  }
  if (values->contains("json")) std::cout << report.dump(2) << '\n';
  if (!vacuous.empty())
    std::cout << fmt::format("\nnothing was observed that could go against {}\n",
                             fmt::join(vacuous, ", "));
  if (history->operations().empty()) return 3;
  return violated ? 1 : open ? 3 : 0;
}

}  // namespace revenant::sim
