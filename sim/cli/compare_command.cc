#include <fmt/format.h>

#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/compare.h"

namespace revenant::sim {

namespace po = boost::program_options;

int compare_main(const Arguments& arguments) {
  CommandLine line("compare RESULTS [options]",
                   "Compares the settings of a sweep: means over seeds with 95 % intervals, and "
                   "differences paired by seed.");
  line.operand("results", 1, "A file that `revenant sweep` wrote.");
  line.options()("by", po::value<std::string>(), "The swept setting whose values are compared.")(
      "x", po::value<std::string>(), "A second one: a comparison for each of its values.")(
      "metric", po::value<std::vector<std::string>>()->composing(),
      "A figure to compare; may be repeated.")(
      "where", po::value<std::vector<std::string>>()->composing(),
      "PATH=VALUE: only runs with this setting; may be repeated.")(
      "json", "Print JSON: what the plots draw.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  CompareRequest request;
  if (values->contains("by")) request.by = (*values)["by"].as<std::string>();
  if (values->contains("x")) request.x = (*values)["x"].as<std::string>();
  if (request.by.empty() && request.x.empty())
    return fail(2, "--by PATH or --x PATH is needed; see `revenant compare --help`").error().code;
  if (values->contains("metric"))
    request.metrics = (*values)["metric"].as<std::vector<std::string>>();
  if (values->contains("where")) {
    for (const std::string& text : (*values)["where"].as<std::vector<std::string>>()) {
      const size_t equals = text.find('=');
      if (equals == std::string::npos)
        return fail(2, fmt::format("--where {}: PATH=VALUE is expected", text)).error().code;
      request.where.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  const CompareFormat format =
      values->contains("json") ? CompareFormat::kJson : CompareFormat::kText;
  return compare_file((*values)["results"].as<std::string>(), request, format, std::cout,
                      std::cerr);
}

}  // namespace revenant::sim
