#include "sim/experiment/sweep_plan.h"

#include <fmt/format.h>

#include <set>

namespace revenant::sim {

Result<void> SweepPlan::validate() const {
  if (seeds.empty()) return error(ErrorCode::kInvalid, "a sweep needs at least one seed");
  std::set<uint64_t> seen;
  for (uint64_t seed : seeds) {
    if (seed > INT64_MAX) {
      return error(ErrorCode::kInvalid, "seed {} is above {}, the greatest that results can hold",
                   seed, INT64_MAX);
    }
    if (!seen.insert(seed).second) return error(ErrorCode::kInvalid, "seed {} stands twice", seed);
  }
  std::set<std::string> paths;
  for (const auto& [path, values] : sweep) {
    if (!paths.insert(path).second)
      return error(ErrorCode::kInvalid, "sweep.{} stands twice", path);
    if (values.empty()) return error(ErrorCode::kInvalid, "sweep.{} has no values", path);
    std::set<std::string> spellings;
    for (const auto& value : values) {
      if (!spellings.insert(spell(value)).second) {
        return error(ErrorCode::kInvalid, "sweep.{} has the value {} twice", path, spell(value));
      }
    }
  }
  return {};
}

int64_t SweepPlan::point_count() const {
  int64_t count = 1;
  for (const auto& [path, values] : sweep) count *= static_cast<int64_t>(values.size());
  return count;
}

std::vector<GridPoint> SweepPlan::points() const {
  std::vector<GridPoint> points(1);
  for (const auto& [path, values] : sweep) {
    std::vector<GridPoint> longer;
    for (const GridPoint& point : points) {
      for (const auto& value : values) {
        longer.push_back(point);
        longer.back().assignments.emplace_back(path, value);
      }
    }
    points = std::move(longer);
  }
  for (size_t i = 0; i < points.size(); ++i) points[i].index = static_cast<int64_t>(i);
  return points;
}

RunKey run_key(const SweepPlan& plan, int64_t number) {
  const auto seeds = static_cast<int64_t>(plan.seeds.size());
  return {number, number / seeds, plan.seeds[static_cast<size_t>(number % seeds)]};
}

std::string spell(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string spell(const GridPoint& point) {
  std::string text;
  for (const auto& [path, value] : point.assignments) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", path, spell(value));
  }
  return text;
}

std::string run_command(const SweepPlan& plan, const GridPoint& point, uint64_t seed) {
  std::string command = fmt::format("revenant run {} --seed {}", plan.scenario_path, seed);
  for (const auto& [path, value] : point.assignments) {
    const std::string text = fmt::format("{}={}", path, spell(value));
    const bool plain =
        text.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:=_+-%/") ==
        std::string::npos;
    command += plain ? " --set " + text : fmt::format(" --set '{}'", text);
  }
  return command;
}

}  // namespace revenant::sim
