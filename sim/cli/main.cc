// The `revenant` command: finds the subcommand and runs it.
#include <fmt/format.h>

#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/run.h"

namespace {

using revenant::sim::Arguments;

struct Command {
  std::string_view name;
  int (*run)(const Arguments&);
  std::string_view about;
};

constexpr Command kCommands[] = {
    {"run", revenant::sim::run_main, "SCENARIO          one run, a table, a verdict"},
    {"sweep", revenant::sim::sweep_main,
     "SCENARIO          the scenario's grid × seeds into a results file"},
    {"hunt", revenant::sim::hunt_main,
     "SCENARIO          looks for failing seeds; keeps the fastest of each kind"},
    {"replay", revenant::sim::replay_main, "FAILURE           runs a failure again"},
    {"shrink", revenant::sim::shrink_main,
     "FAILURE           the smallest scenario that still fails"},
    {"mutants", revenant::sim::mutants_main,
     "SCENARIO          plants each known defect and hunts it"},
    {"atlas", revenant::sim::atlas_main,
     "[ENTRY…]          how deleted data comes back, each way with and without its guard"},
    {"compare", revenant::sim::compare_main,
     "RESULTS --by PATH table of a sweep's settings, with intervals"},
    {"list", revenant::sim::list_main,
     "[KIND]            scenarios, metrics, checks or properties"},
    {"describe", revenant::sim::describe_main,
     "SCENARIO          what a scenario does; without one, all settings"},
    {"schema", revenant::sim::schema_main, "                  JSON Schema of scenario files"},
    {"explain", revenant::sim::explain_main,
     "SCENARIO|FAILURE  the story of a key: where each version went, what became of it"},
    {"diff", revenant::sim::diff_main, "A B               where two recorded runs part"},
    {"check", revenant::sim::check_main,
     "HISTORY           decides whether a recorded history keeps what a store promises"},
    {"inspect", revenant::sim::inspect_main,
     "KIND PATH         decodes wal, sstable, manifest or lsm files; changes nothing"},
    {"bench", revenant::sim::bench_main,
     "[PART]            engine, db, kernel, simulator, check, cluster: real time on this machine"},
};

void print_usage(std::ostream& out) {
  out << "usage: revenant COMMAND …   (revenant COMMAND --help for its options)\n\n";
  for (const Command& command : kCommands)
    out << fmt::format("  {:<9} {}\n", command.name, command.about);
  out << "\nExit codes: 0 all held; 1 a check or expectation failed; 2 wrong command line or "
         "scenario;\n"
         "3 vacuous: something under must_happen did not happen; 4 a defect in Revenant itself.\n";
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments words(argv + 1, argv + argc);
  if (words.empty()) {
    print_usage(std::cerr);
    return 2;
  }
  const std::string& name = words.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(std::cout);
    return 0;
  }
  if (name == "--version") {
    std::cout << revenant::sim::build_name() << '\n';
    return 0;
  }
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) {
    if (command.name == name) return command.run(Arguments(words.begin() + 1, words.end()));
    names.push_back(command.name);
  }
  revenant::sim::fail(2, fmt::format("unknown command {}{}; see `revenant --help`", name,
                                     revenant::sim::did_you_mean(name, names)));
  return 2;
}
