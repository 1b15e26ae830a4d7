// What was found in a file: facts about the whole, tables of its parts, and what is damaged. Values
// are JSON scalars; who prints a table prints them as words.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"

namespace revenant::sim {

struct InspectTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::vector<nlohmann::ordered_json>> rows = {};
};

struct FileDamage {
  std::string file;
  uint64_t offset;
  std::string what;
};

struct InspectReport {
  std::string kind, path;
  std::vector<std::pair<std::string, nlohmann::ordered_json>> facts = {};
  std::vector<InspectTable> tables = {};
  std::vector<FileDamage> damage = {};

  bool whole() const { return damage.empty(); }
  nlohmann::ordered_json to_json() const;
};

// Bytes as people can read them and JSON can hold them: what is not printable ASCII, and the
// backslash, as \xNN.
std::string printable(Bytes bytes);

}  // namespace revenant::sim
