#include "sim/cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "sim/check/checks.h"
#include "sim/record/metrics.h"

namespace revenant::sim {

namespace po = boost::program_options;

CommandLine::CommandLine(std::string usage, std::string about)
    : usage_(std::move(usage)), about_(std::move(about)) {
  options_.add_options()("help,h", "This text.");
}

void CommandLine::scenario() {
  operand("scenario", 1, "The scenario file.");
  options()("set", po::value<std::vector<std::string>>()->composing(),
            "PATH=VALUE: overrides a setting; may be repeated.");
}

void CommandLine::operand(const char* name, int count, const char* help) {
  if (count == -1) {
    operands_.add_options()(name, po::value<std::vector<std::string>>(), help);
  } else {
    operands_.add_options()(name, po::value<std::string>(), help);
  }
  positions_.add(name, count);
}

std::expected<po::variables_map, Exit> CommandLine::parse(const Arguments& arguments) {
  po::options_description all;
  all.add(options_).add(operands_);
  po::variables_map values;
  const auto see_help = [&] {
    return fmt::format("see `revenant {} --help`", usage_.substr(0, usage_.find(' ')));
  };
  try {
    using namespace po::command_line_style;
    po::store(
        po::command_line_parser(arguments)
            .options(all)
            .positional(positions_)
            .style((unix_style | allow_long_disguise) & ~allow_guessing & ~allow_long_disguise)
            .run(),
        values);
    po::notify(values);
  } catch (const po::unknown_option& e) {
    std::vector<std::string> names;
    for (const auto& option : options_.options()) names.push_back("--" + option->long_name());
    const std::vector<std::string_view> views(names.begin(), names.end());
    return fail(2, fmt::format("unknown option {}{}; {}", e.get_option_name(),
                               did_you_mean(e.get_option_name(), views), see_help()));
  } catch (const po::too_many_positional_options_error&) {
    return fail(2, fmt::format("too many operands; {}", see_help()));
  } catch (const po::error& e) {
    return fail(2, fmt::format("{}; {}", e.what(), see_help()));
  }
  if (values.contains("help")) {
    std::cout << "usage: revenant " << usage_ << "\n\n" << about_ << "\n";
    if (!operands_.options().empty()) std::cout << '\n' << operands_;
    std::cout << '\n' << options_;
    return std::unexpected(Exit{0});
  }
  for (const auto& operand : operands_.options()) {
    // Operands in brackets in the usage may be left out.
    std::string word = operand->long_name();
    for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (!values.contains(operand->long_name()) && usage_.find("[" + word) == std::string::npos) {
      return fail(2, fmt::format("{} is missing; {}", word, see_help()));
    }
  }
  return values;
}

std::unexpected<Exit> fail(int code, const std::string& message) {
  std::cerr << "revenant: " << message << '\n';
  return std::unexpected(Exit{code});
}

namespace {

std::unexpected<Exit> wrong(const std::vector<ScenarioError>& errors) {
  std::cerr << to_string(errors);
  if (const std::string text = to_string(errors); !text.empty() && text.back() != '\n')
    std::cerr << '\n';
  return std::unexpected(Exit{2});
}

}  // namespace

namespace {

// ` (did you mean "scenarios/quickstart.json"?)`, if the folder has a file of a name near to it.
std::string nearest_file(const std::filesystem::path& path) {
  std::error_code none;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    files.push_back((path.parent_path() / entry.path().filename()).string());
  }
  std::ranges::sort(files);
  return did_you_mean(path.string(), {files.begin(), files.end()});
}

}  // namespace

std::optional<uint64_t> number_of(const std::string& text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc() || rest != end) return std::nullopt;
  return number;
}

KnownNames known_names() {
  static const std::vector<std::string> metrics = metric_names();
  static const std::vector<std::string> checks = check_names();
  return {metrics, checks};
}

std::expected<LoadedScenario, Exit> load_scenario(const po::variables_map& values) {
  std::vector<std::string> sets;
  if (values.contains("set")) sets = values["set"].as<std::vector<std::string>>();
  return load_scenario(values["scenario"].as<std::string>(), std::move(sets));
}

std::expected<LoadedScenario, Exit> load_scenario(const std::string& path,
                                                  std::vector<std::string> sets) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(2, fmt::format("{}: cannot be read{}", path, nearest_file(path)));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return fail(2, fmt::format("{}: cannot be read", path));

  std::vector<Assignment> assignments;
  for (const std::string& set : sets) {
    auto assignment = parse_assignment(set);
    if (!assignment) return wrong({assignment.error()});
    assignments.push_back(std::move(*assignment));
  }
  auto source = Source::read(text, path);
  if (!source) return wrong({source.error()});
  LoadedScenario loaded{
      path, std::move(text), std::move(*source), std::move(sets), std::move(assignments), {}};
  auto scenario = resolve_scenario(loaded, {});
  if (!scenario) return std::unexpected(scenario.error());
  loaded.scenario = std::move(*scenario);
  return loaded;
}

std::expected<Scenario, Exit> resolve_scenario(const LoadedScenario& loaded,
                                               const std::vector<Assignment>& more) {
  std::vector<Assignment> assignments = loaded.assignments;
  assignments.insert(assignments.end(), more.begin(), more.end());
  auto scenario = resolve(loaded.source, known_names(), assignments);
  if (!scenario) return wrong(scenario.error());
  return std::move(*scenario);
}

std::string run_words(const LoadedScenario& loaded, uint64_t seed) {
  std::vector<std::string> words{"revenant", "run", loaded.path, "--seed", std::to_string(seed)};
  for (const std::string& set : loaded.sets) words.insert(words.end(), {"--set", set});
  return shell_words(words);
}

}  // namespace revenant::sim
