// What the commands of `revenant` share: reading their own command line, scenario files, and the
// words they print when either is wrong.
#pragma once

#include <boost/program_options.hpp>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "sim/experiment/failure.h"
#include "sim/experiment/shell_words.h"
#include "sim/scenario/load.h"

namespace revenant::sim {

// Ends a command with an exit code; what was wrong has been printed.
struct Exit {
  int code;
};

using Arguments = std::vector<std::string>;  // without the program's and the command's name

// One command's options and operands.
class CommandLine {
 public:
  // `usage` is the first line of its help ("run SCENARIO [options]"); `about` a sentence.
  CommandLine(std::string usage, std::string about);

  boost::program_options::options_description_easy_init options() { return options_.add_options(); }
  // The operand SCENARIO and the option --set, which load_scenario() reads.
  void scenario();
  // Operands in their order; the last may be repeated (count -1).
  void operand(const char* name, int count, const char* help);

  // Prints help and exits with 0, or what is wrong with the nearest option's name and exits with 2.
  std::expected<boost::program_options::variables_map, Exit> parse(const Arguments& arguments);

 private:
  std::string usage_, about_;
  boost::program_options::options_description options_{"Options"};
  boost::program_options::options_description operands_{"Operands"};
  boost::program_options::positional_options_description positions_;
};

// Prints `message` to stderr as `revenant: message`; for `return fail(2, …)`.
std::unexpected<Exit> fail(int code, const std::string& message);

// A number as users type it: digits only; nothing if it is not one.
std::optional<uint64_t> number_of(const std::string& text);

// The metrics and checks that scenarios may name.
KnownNames known_names();

struct LoadedScenario {
  std::string path;
  std::string text;
  Source source;
  std::vector<std::string> sets;        // --set, as typed
  std::vector<Assignment> assignments;  // and what they say
  Scenario scenario;                    // base values with the assignments
};

// Reads and checks a scenario file; prints every error.
std::expected<LoadedScenario, Exit> load_scenario(const std::string& path,
                                                  std::vector<std::string> sets);
// The one that a command line names.
std::expected<LoadedScenario, Exit> load_scenario(
    const boost::program_options::variables_map& values);
// The same scenario with further assignments (later ones win).
std::expected<Scenario, Exit> resolve_scenario(const LoadedScenario& loaded,
                                               const std::vector<Assignment>& more);

// The command that runs it with this seed.
std::string run_words(const LoadedScenario& loaded, uint64_t seed);

// Reads a failure file; prints what is wrong with it.
std::expected<Failure, Exit> load_failure(const std::string& path);

// The commands. Each returns the exit code.
int run_main(const Arguments& arguments);
int sweep_main(const Arguments& arguments);
int hunt_main(const Arguments& arguments);
int replay_main(const Arguments& arguments);
int shrink_main(const Arguments& arguments);
int mutants_main(const Arguments& arguments);
int atlas_main(const Arguments& arguments);
int compare_main(const Arguments& arguments);
int list_main(const Arguments& arguments);
int describe_main(const Arguments& arguments);
int schema_main(const Arguments& arguments);
int explain_main(const Arguments& arguments);
int diff_main(const Arguments& arguments);
int check_main(const Arguments& arguments);
int inspect_main(const Arguments& arguments);
int bench_main(const Arguments& arguments);

}  // namespace revenant::sim
