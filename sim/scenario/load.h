// Scenario text -> a validated, fully resolved Scenario, or everything that is wrong with it.
//
//   text --Source--> JSON and lines --Reader--> fields --validate--> Scenario
//                        ^ assignments: --set, or one point of a sweep's grid
//
// Values are checked first, each by itself; how they fit together only once each of them is right,
// so that one wrong value is not reported many times over.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/error.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/source.h"

namespace revenant::sim {

// Names that a scenario may use and that are defined elsewhere (sim/record, sim/check).
struct KnownNames {
  std::span<const std::string> metrics;
  std::span<const std::string> checks;
};

using ScenarioOrErrors = std::expected<Scenario, std::vector<ScenarioError>>;

// Errors come in the order of their lines, those of assignments last.
ScenarioOrErrors parse_scenario(std::string_view text, const std::string& file,
                                const KnownNames& known,
                                std::span<const Assignment> assignments = {});

// The same from a text read once: a sweep calls it for each point of its grid. Later assignments
// win.
ScenarioOrErrors resolve(const Source& source, const KnownNames& known,
                         std::span<const Assignment> assignments = {});

}  // namespace revenant::sim
