#include "sim/scenario/sparse.h"

#include "engine/base/check.h"
#include "sim/scenario/resolved.h"

namespace revenant::sim {
namespace {

// What `value` says beyond `initial`; null if nothing.
Json beyond(const Json& value, const Json& initial) {
  if (value == initial) return {};
  if (!value.is_object() || !initial.is_object()) return value;
  Json out = Json::object();
  for (const auto& [key, inner] : value.items()) {
    const auto at = initial.find(key);
    Json more = at == initial.end() ? inner : beyond(inner, *at);
    if (!more.is_null()) out[key] = std::move(more);
  }
  return out;
}

}  // namespace

Json sparse_json(const Scenario& scenario, const KnownNames& known) {
  const Json whole = to_json(scenario);
  // Defaults depend on the profiles chosen, so those are chosen first.
  Json base{{"name", scenario.name}, {"duration", whole["duration"]}};
  base["storage"] = {{"preset", whole["storage"]["preset"]}};
  for (const char* block : {"disk", "network"})
    base[block] = {{"profile", whole[block]["profile"]}};
  const auto initial = parse_scenario(base.dump(), "defaults", known);
  CHECK(initial.has_value(), "{}", to_string(initial.error()));

  Json out = base;
  out.update(beyond(whole, to_json(*initial)), /*merge_objects=*/true);
  Scenario one_workload;
  one_workload.workload.emplace_back();
  const Json workload = to_json(one_workload)["workload"][0];
  for (size_t i = 0; i < scenario.workload.size(); ++i)
    out["workload"][i] = beyond(whole["workload"][i], workload);
  for (const char* empty : {"must_happen", "expect"}) {
    if (out.contains(empty) && out[empty].empty()) out.erase(empty);
  }
  return out;
}

}  // namespace revenant::sim
