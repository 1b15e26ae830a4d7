#include "sim/scenario/schema.h"

#include <cstdlib>
#include <regex>

#include "sim/scenario/settings_table.h"
#include "sim/scenario/summary.h"
#include "tests/sim/scenario/fixture.h"

namespace revenant::sim {
namespace {

// As much of JSON Schema as ours uses. Empty if `value` conforms, else where it does not.
std::string violation(const Json& root, const Json& schema, const Json& value,
                      const std::string& path) {
  const auto wrong = [&](const char* keyword) {
    return path + ": " + keyword + " " + schema.at(keyword).dump();
  };
  if (const auto ref = schema.find("$ref"); ref != schema.end()) {
    return violation(root, root.at(Json::json_pointer(ref->get<std::string>().substr(1))), value,
                     path);
  }
  if (schema.contains("const") && schema["const"] != value) return wrong("const");
  if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end())
    return wrong("enum");
  if (const auto type = schema.find("type"); type != schema.end()) {
    const bool right =
        (*type == "object" && value.is_object()) || (*type == "array" && value.is_array()) ||
        (*type == "string" && value.is_string()) ||
        (*type == "integer" && value.is_number_integer()) ||
        (*type == "number" && value.is_number()) || (*type == "boolean" && value.is_boolean());
    if (!right) return wrong("type");
  }
  if (schema.contains("pattern") && value.is_string() &&
      !std::regex_search(value.get<std::string>(),
                         std::regex(schema["pattern"].get<std::string>()))) {
    return wrong("pattern");
  }
  if (value.is_number() && schema.contains("minimum") && value < schema["minimum"])
    return wrong("minimum");
  if (value.is_number() && schema.contains("maximum") && value > schema["maximum"])
    return wrong("maximum");
  if (const auto any = schema.find("anyOf"); any != schema.end()) {
    const bool one = std::ranges::any_of(
        *any, [&](const Json& s) { return violation(root, s, value, path).empty(); });
    if (!one) return wrong("anyOf");
  }
  if (value.is_object()) {
    for (const Json& name : schema.value("required", Json::array())) {
      if (!value.contains(name.get<std::string>())) return wrong("required");
    }
    for (const auto& [key, inner] : value.items()) {
      if (schema.contains("propertyNames")) {
        if (auto found = violation(root, schema["propertyNames"], Json(key), path); !found.empty())
          return found;
      }
      std::string found;
      if (schema.contains("properties") && schema["properties"].contains(key)) {
        found = violation(root, schema["properties"][key], inner, path + "." + key);
      } else if (const auto more = schema.find("additionalProperties"); more != schema.end()) {
        if (*more == false) return path + "." + key + ": not in the schema";
        found = violation(root, *more, inner, path + "." + key);
      }
      if (!found.empty()) return found;
    }
  }
  if (value.is_array() && schema.contains("items")) {
    for (const Json& item : value) {
      if (auto found = violation(root, schema["items"], item, path + "[]"); !found.empty())
        return found;
    }
  }
  return "";
}

std::string violation(const Json& value) {
  static const Json schema = scenario_schema(known());
  return violation(schema, schema, value, "");
}

TEST(Schema, AcceptsEveryShippedScenarioAsWrittenAndAsResolved) {
  for (const std::string& name : kShipped) {
    EXPECT_EQ(violation(Source::read(shipped(name), name)->root()), "") << name;
    EXPECT_EQ(violation(to_json(must_parse(shipped(name)))), "") << name;
  }
  EXPECT_EQ(violation(Source::read(kExample, "")->root()), "");
}

TEST(Schema, RefusesWhatTheParserRefuses) {
  const auto with = [](const char* path, const char* value) {
    Source source = Source::read(kExample, "").value();
    EXPECT_TRUE(
        source.assign(parse_assignment(fmt::format("{}={}", path, value)).value()).has_value());
    return violation(source.root());
  };
  EXPECT_NE(with("storage.gc_grase", "1d"), "");
  EXPECT_NE(with("storage.gc_grace", "soon"), "");
  EXPECT_NE(with("cluster.nodes", "0"), "");
  EXPECT_NE(with("cluster.nodes", "many"), "");
  EXPECT_NE(with("storage.compaction.strategy", "leveld"), "");
  EXPECT_NE(with("replication.repair", "on"), "");
  EXPECT_NE(with("network.loss", "2"), "");
  EXPECT_NE(with("faults[0].crash.node", "two"), "");
  EXPECT_NE(with("expect.stale_reed.max", "0"), "");
  EXPECT_NE(with("sweep.seed", "1-3"), "");
  EXPECT_EQ(with("storage.gc_grace", "2d"), "");
}

// Every field that the parser reads stands in the schema and in the reference.
void expect_described(const Json& object, const Json& schema, const std::string& path,
                      const std::string& reference) {
  for (const auto& [key, value] : object.items()) {
    const std::string here = path.empty() ? key : path + "." + key;
    ASSERT_TRUE(schema["properties"].contains(key)) << here;
    const Json& property = schema["properties"][key];
    EXPECT_FALSE(property.value("description", "").empty()) << here;
    EXPECT_NE(reference.find("| " + here + " "), std::string::npos) << here;
    if (property.contains("propertyNames")) continue;  // a value whose names are not settings
    if (value.is_object()) {
      const Json& inside = property.contains("anyOf") ? property["anyOf"].back() : property;
      expect_described(value, inside, here, reference);
    } else if (value.is_array() && !value.empty() && value[0].is_object()) {
      for (const Json& element : value)
        expect_described(element, property["items"], here + "[]", reference);
    }
  }
}

TEST(Schema, AndReferenceNameEverySetting) {
  Json resolved = to_json(must_parse(kExample));
  for (const char* key : {"checks", "must_happen", "expect", "sweep"}) resolved.erase(key);
  expect_described(resolved, scenario_schema(known()), "", scenario_reference());
}

TEST(Schema, ShippedFileIsUpToDate) {
  const std::string text = scenario_schema(known()).dump(2) + "\n";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(REVENANT_SOURCE_DIR "/scenarios/schema.json") << text;
  }
  EXPECT_EQ(file_text("scenarios/schema.json"), text) << "UPDATE_GOLDEN=1 writes it anew";
}

TEST(Reference, ShowsTypeDefaultAndRange) {
  const std::string reference = scenario_reference();
  const auto row = [&](const std::string& path) {
    const size_t at = reference.find("| " + path + " ");
    if (at == std::string::npos) return std::string("none");
    return std::regex_replace(reference.substr(at, reference.find('\n', at) - at), std::regex(" +"),
                              " ");
  };
  EXPECT_EQ(row("storage.gc_grace"),
            "| storage.gc_grace | duration | \"10d\" | | Least age of a tombstone before it may be "
            "purged. "
            "Cassandra: gc_grace_seconds, 10 d. |");
  EXPECT_TRUE(
      row("cluster.nodes").starts_with("| cluster.nodes | whole number | 3 | from 1 to 1000 |"));
  EXPECT_TRUE(row("replication.repair")
                  .starts_with("| replication.repair | settings, or \"off\" | \"off\" | |"));
  EXPECT_TRUE(row("duration").starts_with("| duration | duration | | at least \"1ms\" |"))
      << "it has no default";
  EXPECT_TRUE(row("disk.read_latency").starts_with("| disk.read_latency | duration | | |"))
      << "its profile says";
  EXPECT_TRUE(
      row("workload[].mix.read")
          .starts_with("| workload[].mix.read | number | 0.0 | from 0.0 to 1000000000.0 |"));
}

TEST(Summary, TellsAScenarioInAScreenful) {
  EXPECT_EQ(summary(must_parse(kExample)),
            R"(lagging_replica
  A replica misses a delete and nobody repairs it. Does the key return once the tombstone is purged?

cluster      5 nodes, replication factor 3, 16 vnodes; nvme_enterprise disks, same_az network
consistency  write QUORUM, read QUORUM; read repair off, hints for 3h, repair off
storage      memtable 1MiB, WAL sync always, compaction size_tiered, gc_grace 10d
preload      2000 keys of 100B
duration     12d
workload     deletes      4h to 5h, 1/s: delete 1; uniform keys
             readers      11d to 12d, 0.5/s: read 1; uniform keys
timeline     30m to 5d 30m    crash node 2
             every 12h        compact all
sweep        storage.gc_grace: 1d, 10d, 20d
             20 seeds, 60 runs
must happen  keys_at_risk at least 20
             tombstones_purged at least 100, when storage.gc_grace is 1d or 10d
expect       resurrected_keys at least 1, when storage.gc_grace is 1d or 10d
             resurrected_keys at most 0, when storage.gc_grace is 20d
)");
}

}  // namespace
}  // namespace revenant::sim
