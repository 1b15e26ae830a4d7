#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <sstream>

#include "sim/check/properties/properties.h"
#include "sim/cli/command.h"
#include "sim/experiment/recorded_run.h"
#include "sim/experiment/whole_file.h"
#include "sim/history/read.h"
#include "sim/report/report.h"
#include "sim/scenario/error.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

using check::Verdict;

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

// A directory of dbcop's is the file in it.
std::string file_of(const std::string& path) {
  const auto in_it = std::filesystem::path(path) / "history.bincode";
  return std::filesystem::is_regular_file(in_it) ? in_it.string() : path;
}

int worse(int one, int other) {
  for (const int code : {2, 1, 3})
    if (one == code || other == code) return code;
  return 0;
}

// The text goes once it is read: a check needs the memory.
Result<history::History> read_history(const std::string& path,
                                      const history::ReadOptions& options) {
  std::stringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    if (!file) return error(ErrorCode::kNotFound, "{}: cannot be read", path);
    text << file.rdbuf();
  }
  return history::read_history(text.view(), path, options);
}

int check_history(const std::string& named, const po::variables_map& values,
                  const history::ReadOptions& options, const check::CheckOptions& check_options,
                  std::span<const check::Property* const> properties) {
  const std::string path = file_of(named);
  const auto run = std::filesystem::is_directory(path)
                       ? std::optional(read_recorded_run(path, known_names()))
                       : std::nullopt;
  if (run && !*run) return fail(2, run->error().message).error().code;
  const auto history = run ? history::read_history((*run)->history, (*run)->history_path, options)
                           : read_history(path, options);
  if (!history) return fail(2, history.error().message).error().code;

  std::vector<Verdict> verdicts;
  if (run && !values.contains("property")) verdicts = judged(**run, *history);
  for (const check::Property* property : properties)
    verdicts.push_back(property->check(*history, check_options));
  std::optional<report::RunRecord> record;
  if (run) record = record_of(**run, *history, verdicts);
  if (record && !record->missing.empty())
    std::cerr << fmt::format("revenant: {}\n", record->missing);
  const report::Report report = {.history = *history,
                                 .verdicts = verdicts,
                                 .title = run ? title_of(**run) : path,
                                 .record = record ? &*record : nullptr};

  bool violated = false, open = false;
  std::vector<std::string> vacuous;  // of those that nobody asked for by name
  for (const Verdict& verdict : verdicts) {
    violated |= verdict.outcome == check::Outcome::kViolated;
    open |= verdict.outcome == check::Outcome::kUndecided;
    open |= verdict.outcome == check::Outcome::kVacuous && values.contains("property");
    if (values.contains("json")) continue;
    if (verdict.outcome == check::Outcome::kVacuous && !values.contains("property")) {
      vacuous.push_back(verdict.property);
    } else {
      std::cout << report::to_text(report, verdict);
    }
  }
  if (values.contains("json")) std::cout << report::to_json(report).dump(2) << '\n';
  if (!vacuous.empty())
    std::cout << fmt::format("\nnothing was observed that could go against {}\n",
                             fmt::join(vacuous, ", "));
  if (values.contains("html")) {
    const auto written = write_whole(values["html"].as<std::string>(), report::to_html(report));
    if (!written) return fail(2, written.error().message).error().code;
  }
  if (history->operations().empty()) return 3;
  return violated ? 1 : open ? 3 : 0;
}

}  // namespace

int check_main(const Arguments& arguments) {
  CommandLine line(
      "check HISTORY… [options]",
      "Checks a recorded history: Revenant's (run --out DIR --history), Jepsen's in EDN or "
      "JSON, Porcupine's logs, Plume's and PolySI's text, dbcop's in bincode, JSON or text. Of DIR "
      "itself also what the run judged; it is run again for what its replicas held. Exit code 0: "
      "all holds; 1: something is violated; 3: "
      "something is undecided, or nothing was observed.");
  line.operand("history", -1,
               "The file, or the directory of a run or of dbcop; - reads from standard input.");
  line.options()(
      "property", po::value<std::vector<std::string>>(),
      "What to check; may be repeated. Without it all that `revenant list properties` names.")(
      "format", po::value<std::string>(),
      "revenant, jepsen, plume or dbcop; without it, as the file begins.")(
      "initial", po::value<std::string>(),
      "The value of every key before any operation: nil, a number or a text.")(
      "nil", po::value<std::string>(),
      "What a read of nil means: absent, or unknown (it says nothing).")(
      "failed-cas", po::value<std::string>(),
      "What a failed compare-and-set means: observed (another value was there), or unknown.")(
      "unwritten", po::value<std::string>(),
      "What a read of a value that nobody wrote means: wrong, or unknown (others write too, or "
      "did before: it says nothing).")(
      "total", po::value<int64_t>(),
      "What all accounts of a bank add up to; without it, what is read of them first.")(
      "negative-balances", "Accounts of a bank may be below nothing.")(
      "configurations", po::value<uint64_t>(),
      "The most that the search of one key looks at (20000000).")("json", "Print JSON.")(
      "html", po::value<std::string>(),
      "File for a page that shows the history on one time axis, and tells what is violated.");
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
  const auto format = choice("format", {"revenant", "jepsen", "plume", "dbcop"});
  const auto nil = choice("nil", {"absent", "unknown"});
  const auto failed_cas = choice("failed-cas", {"observed", "unknown"});
  const auto unwritten = choice("unwritten", {"wrong", "unknown"});
  for (const auto* each : {&format, &nil, &failed_cas, &unwritten})
    if (!*each) return each->error().code;
  if (*format) options.format = static_cast<history::Format>(**format);
  if (*nil) options.nil_is_unknown = **nil == 1;
  options.unwritten_is_unknown = *unwritten && **unwritten == 1;
  if (*failed_cas) options.failed_cas_is_read = **failed_cas == 0;
  if (values->contains("initial")) options.initial = (*values)["initial"].as<std::string>();
  check::CheckOptions check_options;
  if (values->contains("configurations"))
    check_options.limits.configurations = (*values)["configurations"].as<uint64_t>();
  if (values->contains("total")) check_options.total = (*values)["total"].as<int64_t>();
  check_options.negative_balances = values->contains("negative-balances");
  const auto properties = chosen(*values);
  if (!properties) return properties.error().code;

  const auto& paths = (*values)["history"].as<std::vector<std::string>>();
  if (paths.size() > 1 && values->contains("html"))
    return fail(2, "--html: a page is of one history").error().code;
  int code = 0;
  for (const std::string& path : paths) {
    if (paths.size() > 1) std::cout << fmt::format("{}{}\n", &path == &paths[0] ? "" : "\n", path);
    code = worse(code, check_history(path, *values, options, check_options, *properties));
  }
  return code;
}

}  // namespace revenant::sim
