// What is wrong with a scenario, and where. All errors of a text are collected; a person mends them
// in one go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace revenant::sim {

struct ScenarioError {
  std::string file;     // the scenario's, or where an assignment came from ("--set")
  int line = 0;         // from 1; 0 where there are no lines
  std::string path;     // of the setting, as "workload[0].rate"; empty for the text as a whole
  std::string message;  // one line, with the nearest valid name where there is one

  friend bool operator==(const ScenarioError&, const ScenarioError&) = default;
};

// FILE:LINE: PATH: MESSAGE
std::string to_string(const ScenarioError& error);
// One error a line, as they are ordered.
std::string to_string(const std::vector<ScenarioError>& errors);

// The candidate that `name` was most probably meant to be, or an empty view if none is near: the
// fewest letters changed, left out, added or swapped with their neighbour (upper and lower case
// count as equal), at most a third of the name; among equals, the first.
std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates);
// ` (did you mean "gc_grace"?)`, or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace revenant::sim
