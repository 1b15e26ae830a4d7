#include "sim/scenario/expectation.h"

#include "sim/scenario/reader.h"
#include "sim/scenario/resolved.h"

namespace revenant::sim {
namespace {

struct Bound {
  std::optional<double> min, max;

  template <typename V>
  void describe(V& v) {
    v.field("min", min, "Least value.");
    v.field("max", max, "Greatest value.");
  }
};

void read_when(const Json& in, const std::string& path, const Scenario& scenario, Errors& errors,
               Expectation& out) {
  if (!in.is_object()) {
    errors.add(
        path,
        fmt::format(
            "expected settings and values such as {{ \"storage.gc_grace\": [\"1d\", \"10d\"] }}, "
            "found {}",
            quoted(in)));
    return;
  }
  for (const auto& [setting, given] : in.items()) {
    const std::string setting_path = field_path(path, setting);
    if (!has_setting(scenario, setting, setting_path, errors)) continue;
    // A list holds alternatives; one that is itself a value (a set of nodes) stands in a list of
    // its own.
    const Json values = given.is_array() ? given : Json::array({given});
    if (values.empty()) errors.add(setting_path, "lists no value, so it can never hold");
    std::vector<nlohmann::json> normal;
    for (const Json& value : values) {
      if (value.is_object()) {
        errors.add(setting_path,
                   fmt::format("expected plain values or \"off\", found {}", quoted(value)));
        continue;
      }
      normal.push_back(normalised(scenario, setting, value, setting_path, errors));
    }
    out.when.emplace_back(setting, std::move(normal));
  }
}

Expectation read_expectation(const Json& in, const std::string& metric, const std::string& path,
                             const Scenario& scenario, Errors& errors) {
  Expectation out{.metric = metric, .min = {}, .max = {}, .when = {}, .line = errors.line(path)};
  if (!in.is_object()) {
    errors.add(path, fmt::format("expected bounds such as {{ \"min\": 1 }}, found {}", quoted(in)));
    return out;
  }
  Bound bound;
  Reader reader(in, path, errors);
  bound.describe(reader);
  reader.allow("when");
  reader.report_unknown_keys();
  out.min = bound.min;
  out.max = bound.max;
  if (!in.contains("min") && !in.contains("max")) {
    errors.add(path, "bounds nothing: expected \"min\", \"max\" or both");
  }
  if (out.min && out.max && *out.min > *out.max) {
    errors.add(path,
               fmt::format("no value is both at least {} and at most {}", *out.min, *out.max));
  }
  if (const auto when = in.find("when"); when != in.end()) {
    read_when(*when, field_path(path, "when"), scenario, errors, out);
  }
  return out;
}

}  // namespace

bool applies(const Expectation& expectation, const Json& resolved) {
  return std::ranges::all_of(expectation.when, [&](const auto& condition) {
    const Json* actual = find_value(resolved, condition.first);
    if (actual == nullptr) return false;
    return std::ranges::find(condition.second, nlohmann::json(*actual)) != condition.second.end();
  });
}

std::vector<Expectation> read_expectations(const Json& in, const std::string& path,
                                           std::span<const std::string> metrics,
                                           const Scenario& scenario, Errors& errors) {
  std::vector<Expectation> out;
  if (!in.is_object()) {
    errors.add(
        path,
        fmt::format(
            "expected metrics and bounds such as {{ \"stale_reads\": {{ \"max\": 0 }} }}, found {}",
            quoted(in)));
    return out;
  }
  const std::vector<std::string_view> valid(metrics.begin(), metrics.end());
  for (const auto& [metric, bounds] : in.items()) {
    const std::string metric_path = field_path(path, metric);
    if (std::ranges::find(valid, metric) == valid.end()) {
      errors.add(metric_path, fmt::format("unknown metric {}{}", quoted(Json(metric)),
                                          did_you_mean(metric, valid)));
      continue;
    }
    if (!bounds.is_array()) {
      out.push_back(read_expectation(bounds, metric, metric_path, scenario, errors));
      continue;
    }
    if (bounds.empty())
      errors.add(metric_path, "bounds nothing: expected { \"min\": …, \"max\": … }");
    for (size_t i = 0; i < bounds.size(); ++i) {
      out.push_back(
          read_expectation(bounds[i], metric, element_path(metric_path, i), scenario, errors));
    }
  }
  return out;
}

}  // namespace revenant::sim
