#include "sim/scenario/load.h"

#include "sim/scenario/expectation.h"
#include "sim/scenario/reader.h"
#include "sim/scenario/sweep.h"
#include "sim/scenario/validate.h"

namespace revenant::sim {
namespace {

void read_checks(const Json& in, const KnownNames& known, Errors& errors,
                 std::vector<std::string>& out) {
  const std::string path = "checks";
  std::vector<std::string> names;
  read_value(in, path, errors, names, std::nullopt);
  const std::vector<std::string_view> valid(known.checks.begin(), known.checks.end());
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::ranges::find(valid, names[i]) == valid.end()) {
      errors.add(element_path(path, i),
                 fmt::format("unknown check \"{}\"{}", names[i], did_you_mean(names[i], valid)));
    } else if (std::ranges::find(out, names[i]) != out.end()) {
      errors.add(element_path(path, i), fmt::format("\"{}\" stands twice", names[i]));
    } else {
      out.push_back(names[i]);
    }
  }
}

void check_costs(const AtlasOptions& atlas, const KnownNames& known, Errors& errors) {
  const std::vector<std::string_view> valid(known.metrics.begin(), known.metrics.end());
  for (size_t i = 0; i < atlas.cost.size(); ++i) {
    if (std::ranges::find(valid, atlas.cost[i]) != valid.end()) continue;
    errors.add(element_path("atlas.cost", i), fmt::format("unknown metric \"{}\"{}", atlas.cost[i],
                                                          did_you_mean(atlas.cost[i], valid)));
  }
}

}  // namespace

std::vector<ScenarioError> Errors::take_sorted() {
  const auto order = [](const ScenarioError& error) {
    return error.line > 0 ? error.line : INT32_MAX;
  };
  std::ranges::stable_sort(list_, {}, order);
  return std::move(list_);
}

ScenarioOrErrors parse_scenario(std::string_view text, const std::string& file,
                                const KnownNames& known, std::span<const Assignment> assignments) {
  const auto source = Source::read(text, file);
  if (!source) return std::unexpected(std::vector{source.error()});
  return resolve(*source, known, assignments);
}

ScenarioOrErrors resolve(const Source& base, const KnownNames& known,
                         std::span<const Assignment> assignments) {
  Source source = base;
  std::vector<ScenarioError> unassigned;
  for (const Assignment& assignment : assignments) {
    if (auto done = source.assign(assignment); !done) unassigned.push_back(std::move(done.error()));
  }

  Scenario scenario;
  Errors errors(source);
  const Json& root = source.root();
  read_value(root, "", errors, scenario, std::nullopt);
  resolve_places(scenario);
  for (const char* required : {"name", "duration"}) {
    if (!root.contains(required)) errors.add(required, "missing: every scenario has one");
  }
  if (const auto checks = root.find("checks"); checks != root.end()) {
    read_checks(*checks, known, errors, scenario.checks);
  }
  for (const auto& [key, list] :
       {std::pair{"must_happen", &scenario.must_happen}, {"expect", &scenario.expect}}) {
    if (const auto found = root.find(key); found != root.end()) {
      *list = read_expectations(*found, key, known.metrics, scenario, errors);
    }
  }
  if (const auto sweep = root.find("sweep"); sweep != root.end())
    read_sweep(*sweep, scenario, errors);
  if (scenario.atlas) check_costs(*scenario.atlas, known, errors);
  if (errors.empty() && unassigned.empty()) validate(scenario, errors);

  std::vector<ScenarioError> all = errors.take_sorted();
  all.insert(all.end(), std::make_move_iterator(unassigned.begin()),
             std::make_move_iterator(unassigned.end()));
  if (!all.empty()) return std::unexpected(std::move(all));
  return scenario;
}

}  // namespace revenant::sim
