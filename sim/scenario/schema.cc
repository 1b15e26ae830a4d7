#include "sim/scenario/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/scenario/settings_table.h"
#include "sim/scenario/source.h"

namespace revenant::sim {
namespace {

Json schema_of(const Setting& setting);

Json schema_of_fields(const std::vector<Setting>& fields) {
  Json properties = Json::object();
  for (const Setting& field : fields) properties[field.name] = schema_of(field);
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

Json schema_of(const Setting& setting) {
  std::string description = setting.help;
  if (!setting.range.empty()) description += " Range: " + setting.range + ".";
  Json out{{"description", std::move(description)}};
  switch (setting.shape) {
    case Setting::Shape::kValue:
      out.update(setting.schema);
      break;
    case Setting::Shape::kStruct:
      out.update(schema_of_fields(setting.inside));
      break;
    case Setting::Shape::kOptionalStruct:
      out["anyOf"] = Json::array({Json{{"const", "off"}}, schema_of_fields(setting.inside)});
      break;
    case Setting::Shape::kList:
      out["type"] = "array";
      out["items"] = schema_of_fields(setting.inside);
      break;
  }
  if (setting.initial) out["default"] = *setting.initial;
  return out;
}

Json names_schema(std::span<const std::string> names) {
  Json out{{"type", "string"}};
  if (!names.empty()) out["enum"] = std::vector<std::string>(names.begin(), names.end());
  return out;
}

Json expectations_schema(std::span<const std::string> metrics, const char* description) {
  Json out{{"description", description}, {"type", "object"}};
  if (!metrics.empty()) out["propertyNames"] = names_schema(metrics);
  const Json bound{{"$ref", "#/$defs/bound"}};
  out["additionalProperties"] = {
      {"anyOf", Json::array({bound, Json{{"type", "array"}, {"items", bound}, {"minItems", 1}}})}};
  return out;
}

Json bound_schema() {
  Json out = schema_of_fields({});
  out["properties"] = {
      {"min", {{"description", "Least value."}, {"type", "number"}}},
      {"max", {{"description", "Greatest value."}, {"type", "number"}}},
      {"when",
       {{"description",
         "Paths of settings, each with the value, or a list of values, for which the bound holds."},
        {"type", "object"}}}};
  out["anyOf"] = Json::array(
      {Json{{"required", Json::array({"min"})}}, Json{{"required", Json::array({"max"})}}});
  return out;
}

Json sweep_schema() {
  const Json seed{{"type", "integer"}, {"minimum", 0}};
  const Json seeds{
      {"description", "Seeds of the runs."},
      {"anyOf", Json::array({Json{{"type", "string"}, {"pattern", "^[0-9]+(\\.\\.[0-9]+)?$"}}, seed,
                             Json{{"type", "array"}, {"items", seed}, {"minItems", 1}}})},
      {"default", Json::array({1})}};
  return {
      {"description",
       "Paths of settings with the values each takes in turn: every combination, with every seed."},
      {"type", "object"},
      {"properties", {{"seed", seeds}}},
      {"additionalProperties", {{"type", "array"}, {"minItems", 1}}}};
}

struct Row {
  std::array<std::string, 4> cells;  // path, type, default, range
  std::string help;
};

void add_rows(const std::vector<Setting>& table, const std::string& parent,
              std::vector<Row>& rows) {
  for (const Setting& setting : table) {
    std::string path = field_path(parent, setting.name);
    const std::string initial = setting.initial ? setting.initial->dump() : "";
    rows.push_back({{path, setting.type, initial, setting.range}, setting.help});
    add_rows(setting.inside, setting.shape == Setting::Shape::kList ? path + "[]" : path, rows);
  }
}

}  // namespace

Json scenario_schema(const KnownNames& known) {
  Json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
           {"title", "Revenant scenario"}};
  out.update(schema_of_fields(settings_table()));
  Json& properties = out["properties"];
  properties["$schema"] = {{"type", "string"}};
  properties["checks"] = {{"description", "Properties that must hold."},
                          {"type", "array"},
                          {"items", names_schema(known.checks)}};
  properties["must_happen"] =
      expectations_schema(known.metrics, "Bounds on what the run must contain to mean anything.");
  properties["expect"] = expectations_schema(known.metrics, "Bounds on the figures of the run.");
  properties["sweep"] = sweep_schema();
  out["properties"]["workload"]["items"]["required"] = Json::array({"name"});
  out["required"] = Json::array({"name", "duration"});
  out["$defs"] = {{"bound", bound_schema()}};
  return out;
}

std::string scenario_reference() {
  std::vector<Row> rows = {{{"path", "type", "default", "range"}, "meaning"}};
  add_rows(settings_table(), "", rows);
  std::array<size_t, 4> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    for (size_t i = 0; i < widths.size(); ++i)
      out += fmt::format("| {:<{}} ", row.cells[i], widths[i]);
    out += fmt::format("| {} |\n", row.help);
    if (&row != &rows.front()) continue;
    for (size_t width : widths) out += fmt::format("| {:-<{}} ", "", width);
    out += "| ------- |\n";
  }
  return out;
}

}  // namespace revenant::sim
