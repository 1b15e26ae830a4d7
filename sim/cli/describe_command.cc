#include <fmt/format.h>

#include <iostream>

#include "sim/cli/command.h"
#include "sim/scenario/resolved.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/summary.h"

namespace revenant::sim {

namespace po = boost::program_options;

int describe_main(const Arguments& arguments) {
  CommandLine line(
      "describe [SCENARIO] [options]",
      "Tells what a scenario asks and does. Without one: every setting that a scenario may have.");
  line.scenario();
  line.options()("resolved", "Print the scenario with every default filled in, as JSON.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  if (!values->contains("scenario")) {
    std::cout << scenario_reference();
    return 0;
  }
  const auto loaded = load_scenario(*values);
  if (!loaded) return loaded.error().code;
  if (values->contains("resolved")) {
    std::cout << to_json(loaded->scenario).dump(2) << '\n';
  } else {
    std::cout << summary(loaded->scenario);
  }
  return 0;
}

int schema_main(const Arguments& arguments) {
  CommandLine line("schema", "Prints the JSON Schema of scenario files, for editors.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  std::cout << scenario_schema(known_names()).dump(2) << '\n';
  return 0;
}

}  // namespace revenant::sim
