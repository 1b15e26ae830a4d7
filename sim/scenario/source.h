// A scenario's text as JSON, with the line on which each value stands. // and /* */ comments and
// trailing commas are tolerated; a key that stands twice is an error.
//
// Values have paths: "storage.gc_grace", "workload[0].rate". In an assignment an element of a list
// may also be addressed by its name: "workload.readers.rate".
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/error.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

// A value that takes the place of the file's, as `--set PATH=VALUE` or a sweep's grid does.
struct Assignment {
  std::string path;
  Json value;
  std::string origin = "--set";  // what errors name instead of the file
};

// "storage.gc_grace=1d". The value is read as JSON where it is JSON, else as text, so that text
// needs no quotes.
std::expected<Assignment, ScenarioError> parse_assignment(std::string_view text);

// One step of a path: a field (or the name of a list's element), or an index.
struct PathStep {
  std::string name;
  size_t index = 0;
  bool is_index = false;
};
// The steps of "workload[0].rate", or an empty list if it is not a path.
std::vector<PathStep> parse_path(std::string_view path);
// The path of a field of the object at `parent`. Control characters of odd keys are replaced, so
// that a path always prints as one line.
std::string field_path(std::string_view parent, std::string_view name);
std::string element_path(std::string_view parent, size_t index);

// The value at a path, or null if there is none.
const Json* find_value(const Json& root, std::string_view path);

class Source {
 public:
  // The root is an object. Values deeper than kDepthMax are refused: everything later may recurse.
  static std::expected<Source, ScenarioError> read(std::string_view text, std::string file);
  static constexpr size_t kDepthMax = 32;

  const Json& root() const { return root_; }
  const std::string& file() const { return file_; }

  // Where the value at `path` stands, or the nearest one around it.
  struct Position {
    std::string file;
    int line = 0;
  };
  const Position& position(std::string_view path) const;

  // Puts a value in place, with the objects around it if they are missing or "off".
  std::expected<void, ScenarioError> assign(const Assignment& assignment);

 private:
  std::string file_;
  Json root_;
  std::map<std::string, Position, std::less<>>
      positions_;  // by path, elements by index; the root is ""
};

}  // namespace revenant::sim
