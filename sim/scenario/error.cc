#include "sim/scenario/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace revenant::sim {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment distance (Damerau-Levenshtein without moved substrings), row by row.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

// Longer input is not a slip of the fingers, and the distance costs the product of both lengths.
constexpr size_t kNameLengthMax = 64;

}  // namespace

std::string to_string(const ScenarioError& error) {
  std::string out = error.file;
  if (error.line > 0) out += fmt::format(":{}", error.line);
  if (!error.path.empty()) out += fmt::format(": {}", error.path);
  return out + ": " + error.message;
}

std::string to_string(const std::vector<ScenarioError>& errors) {
  std::string out;
  for (const ScenarioError& error : errors) out += to_string(error) + "\n";
  return out;
}

std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates) {
  if (name.empty() || name.size() > kNameLengthMax) return {};
  std::string_view nearest;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kNameLengthMax) continue;
    const size_t distance = edit_distance(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  if (!nearest.empty()) return nearest;
  // Not a slip of the fingers, but one of the words of a longer name: "ssd" of "sata_ssd".
  for (std::string_view candidate : candidates) {
    if (fmt::format("_{}_", candidate).find(fmt::format("_{}_", name)) != std::string::npos)
      return candidate;
  }
  return {};
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates) {
  const std::string_view nearest = nearest_name(name, candidates);
  return nearest.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", nearest);
}

}  // namespace revenant::sim
