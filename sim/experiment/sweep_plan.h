// What a sweep does: every combination of the swept settings, each with every seed.
//
//   sweep                             points   0 {1d, ONE}    1 {1d, ALL}
//     storage.gc_grace   1d  10d               2 {10d, ONE}   3 {10d, ALL}
//     replication.read   ONE ALL      runs     number = point · seeds + position of the seed
//
// A run's number depends on the plan alone, so that results do not tell how many workers made them,
// in which order they ended, or how often the sweep was interrupted.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace revenant::sim {

// One combination of the swept settings.
struct GridPoint {
  int64_t index = 0;
  std::vector<std::pair<std::string, nlohmann::json>>
      assignments;  // path and value, in the plan's order
};

struct SweepPlan {
  std::string name;  // of the scenario
  std::string question;
  std::string scenario_path;  // as the user wrote it; for the commands that a sweep prints
  std::string scenario_text;  // the whole file
  std::string build;          // version and build of this program: results of two builds do not mix
  std::vector<std::pair<std::string, std::vector<nlohmann::json>>>
      sweep;  // the first path varies slowest
  std::vector<uint64_t> seeds;

  // kInvalid if a seed or a value stands twice, if there is no seed or no value, or if a seed is
  // above 2^63 - 1 (results keep seeds as SQLite's integers).
  Result<void> validate() const;
  std::vector<GridPoint> points() const;  // by index; one without assignments if nothing is swept
  int64_t point_count() const;
  int64_t run_count() const { return point_count() * static_cast<int64_t>(seeds.size()); }
};

struct RunKey {
  int64_t number, point;
  uint64_t seed;
};
RunKey run_key(const SweepPlan& plan, int64_t number);

// A swept value as --set and tables spell it: text without quotes, anything else as JSON.
std::string spell(const nlohmann::json& value);
// "storage.gc_grace=1d replication.read=ONE".
std::string spell(const GridPoint& point);

// The command that makes one run of the sweep again.
std::string run_command(const SweepPlan& plan, const GridPoint& point, uint64_t seed);

}  // namespace revenant::sim
