#include <filesystem>
#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/diff.h"

namespace revenant::sim {

namespace po = boost::program_options;

int diff_main(const Arguments& arguments) {
  CommandLine line("diff A B [options]",
                   "Compares two runs recorded with `run --out`: of one build, or of two. Where "
                   "they differ both are run again up to the first event that does.");
  line.operand("a", 1, "Directory of the one run.");
  line.operand("b", 1, "Directory of the other.");
  std::error_code unknown;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  line.options()("build-a", po::value<std::string>()->default_value(self, "this one"),
                 "The `revenant` to run A again with.")(
      "build-b", po::value<std::string>()->default_value(self, "this one"), "Likewise for B.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const auto text = [&](const char* name) { return (*values)[name].as<std::string>(); };
  const auto difference = diff_runs({text("a"), text("build-a")}, {text("b"), text("build-b")});
  if (!difference) return fail(2, difference.error().message).error().code;
  std::cout << difference->text;
  return difference->equal ? 0 : 1;
}

}  // namespace revenant::sim
