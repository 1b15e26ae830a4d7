// What a scenario may set, as a table: for the JSON Schema, the reference text and hints in errors.
// Made by a visitor over the same descriptions that the parser reads by.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/scenario.h"

namespace revenant::sim {

struct Setting {
  enum class Shape {
    kValue,
    kStruct,
    kOptionalStruct,  // a struct or "off"
    kList,            // of structs; a list of values is a kValue
  };

  std::string name;
  Shape shape = Shape::kValue;
  std::string type;             // for people: "duration", "a choice"
  std::optional<Json> initial;  // the default; none where it is left out or depends on the profile
  std::string range;  // for people: "from 1 to 1000"; empty if every value of the type will do
  std::string help;
  Json schema;                  // kValue: JSON Schema of the value
  std::vector<Setting> inside;  // the fields of the struct, or of each element
};

// Of the whole scenario, in the order they are described.
const std::vector<Setting>& settings_table();

// ` (did you mean "storage.gc_grace"?)` for a name that is a setting elsewhere, or nothing.
std::string did_you_mean_elsewhere(std::string_view name);

}  // namespace revenant::sim
