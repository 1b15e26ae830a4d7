#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "sim/check/checks.h"
#include "sim/check/properties/properties.h"
#include "sim/cli/command.h"
#include "sim/experiment/text_table.h"
#include "sim/record/metrics.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

// Name and question of each scenario file in the directory; a file that is none is passed over with
// a word on stderr.
int list_scenarios(const std::string& directory) {
  std::error_code failed;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  if (failed) return fail(2, fmt::format("{}: {}", directory, failed.message())).error().code;
  std::ranges::sort(files);
  TextTable table;
  table.column("SCENARIO", Align::kLeft);
  table.column("QUESTION", Align::kLeft);
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const auto source = Source::read(text, path.string());
    const Json* question = source ? find_value(source->root(), "question") : nullptr;
    if (question == nullptr || !question->is_string()) {
      std::cerr << "revenant: " << path.string() << ": not a scenario\n";
      continue;
    }
    table.row({path.string(), question->get<std::string>()});
  }
  std::cout << table.text();
  return 0;
}

}  // namespace

int list_main(const Arguments& arguments) {
  CommandLine line("list [KIND] [options]", "Lists what there is to run, to bound and to promise.");
  line.operand("kind", 1,
               "scenarios (if left out), metrics, checks (of a run) or properties (of a history).");
  line.options()("dir", po::value<std::string>()->default_value("scenarios"),
                 "Where scenario files are.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const std::string kind =
      values->contains("kind") ? (*values)["kind"].as<std::string>() : "scenarios";
  if (kind == "scenarios") return list_scenarios((*values)["dir"].as<std::string>());
  TextTable table;
  if (kind == "metrics") {
    for (const char* title : {"METRIC", "UNIT", "MEANING"}) table.column(title, Align::kLeft);
    for (const MetricInfo& info : metric_table()) {
      table.row({std::string(info.name), std::string(info.unit), std::string(info.help)});
    }
  } else if (kind == "checks") {
    for (const char* title : {"CHECK", "METRIC", "MEANING"}) table.column(title, Align::kLeft);
    for (const CheckInfo& info : check_table()) {
      table.row({std::string(info.name), std::string(info.metric), std::string(info.help)});
    }
  } else if (kind == "properties") {
    for (const char* title : {"PROPERTY", "MEANING"}) table.column(title, Align::kLeft);
    for (const check::Property& property : check::properties())
      table.row({std::string(property.name), std::string(property.help)});
  } else {
    return fail(2,
                fmt::format("unknown kind {}{}; see `revenant list --help`", kind,
                            did_you_mean(kind, {"scenarios", "metrics", "checks", "properties"})))
        .error()
        .code;
  }
  std::cout << table.text();
  return 0;
}

}  // namespace revenant::sim
