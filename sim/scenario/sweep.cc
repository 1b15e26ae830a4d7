#include "sim/scenario/sweep.h"

#include <charconv>

#include "sim/scenario/reader.h"
#include "sim/scenario/resolved.h"

namespace revenant::sim {
namespace {

constexpr std::string_view kSeedsExpected = "seeds such as \"1..20\", [1, 5, 9] or 7";

bool parse_seed(std::string_view text, uint64_t& out) {
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc{} && stop == text.data() + text.size();
}

void read_seeds(const Json& in, const std::string& path, Errors& errors,
                std::vector<uint64_t>& out) {
  const auto fail = [&] {
    errors.add(path, fmt::format("expected {}, found {}", kSeedsExpected, quoted(in)));
  };
  std::vector<uint64_t> seeds;
  if (in.is_string()) {
    auto parsed = parse_seeds(in.get_ref<const std::string&>());
    if (!parsed) return errors.add(path, std::move(parsed.error()));
    seeds = std::move(*parsed);
  } else if (in.is_number_unsigned()) {
    seeds.push_back(in.get<uint64_t>());
  } else if (in.is_array() && !in.empty()) {
    for (const Json& seed : in) {
      if (!seed.is_number_unsigned()) return fail();
      seeds.push_back(seed.get<uint64_t>());
    }
    std::vector<uint64_t> sorted = seeds;
    std::ranges::sort(sorted);
    if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
      return errors.add(path, fmt::format("seed {} stands twice", *twice));
    }
  } else {
    return fail();
  }
  out = std::move(seeds);
}

}  // namespace

std::expected<std::vector<uint64_t>, std::string> parse_seeds(std::string_view text) {
  const size_t dots = text.find("..");
  uint64_t first = 0, last = 0;
  const bool right =
      dots == std::string_view::npos
          ? parse_seed(text, first) && parse_seed(text, last)
          : parse_seed(text.substr(0, dots), first) && parse_seed(text.substr(dots + 2), last);
  const std::string found = quoted(Json(std::string(text)));
  if (!right) return std::unexpected(fmt::format("expected {}, found {}", kSeedsExpected, found));
  if (first > last)
    return std::unexpected(fmt::format("{} is empty: the first is above the last", found));
  if (last - first >= kSeedsMax)
    return std::unexpected(fmt::format("{} is more than {} seeds", found, kSeedsMax));
  std::vector<uint64_t> seeds;
  for (uint64_t i = 0; i <= last - first; ++i) seeds.push_back(first + i);
  return seeds;
}

void read_sweep(const Json& in, Scenario& scenario, Errors& errors) {
  if (!in.is_object()) {
    errors.add(
        "sweep",
        fmt::format("expected settings and their values such as {{ \"storage.gc_grace\": [\"1d\", "
                    "\"10d\"] }}, found {}",
                    quoted(in)));
    return;
  }
  for (const auto& [setting, values] : in.items()) {
    const std::string path = field_path("sweep", setting);
    if (setting == "seed") {
      read_seeds(values, path, errors, scenario.sweep_seeds);
      continue;
    }
    if (!values.is_array() || values.empty()) {
      errors.add(path, fmt::format("expected a list of values such as [\"1d\", \"10d\"], found {}",
                                   quoted(values)));
      continue;
    }
    if (!has_setting(scenario, setting, path, errors)) continue;
    std::vector<nlohmann::json> normal;
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t before = errors.size();
      nlohmann::json value =
          normalised(scenario, setting, values[i], element_path(path, i), errors);
      if (errors.size() > before) continue;
      if (std::ranges::find(normal, value) != normal.end()) {
        errors.add(element_path(path, i), fmt::format("{} stands twice", quoted(values[i])));
      }
      normal.push_back(std::move(value));
    }
    scenario.sweep.emplace_back(setting, std::move(normal));
  }
}

}  // namespace revenant::sim
