#include "sim/scenario/source.h"

#include <gtest/gtest.h>

namespace revenant::sim {
namespace {

Source must_read(std::string_view text) {
  auto source = Source::read(text, "f");
  if (!source) {
    ADD_FAILURE() << to_string(source.error());
    return Source::read("{}", "f").value();
  }
  return *std::move(source);
}

TEST(Source, ToleratesCommentsAndTrailingCommas) {
  const Source source = must_read(R"(// opens with a comment
{
  "a": [ 1, 2, /* between */ 3, ], // "not": "here"
  "b": "// no comment, ] }", /* , */
  "c": { "d": ",}\"", },
})");
  EXPECT_EQ(source.root().dump(), R"({"a":[1,2,3],"b":"// no comment, ] }","c":{"d":",}\""}})");
}

TEST(Source, RefusesOtherCommas) {
  for (const char* text :
       {"{ , }", R"({ "a": [ , ] })", R"({ "a": [ 1,, ] })", R"({ "a": [ ,1 ] })", R"({ "a": , })",
        R"({ "a": 1,, "b": 2 })", "{},", R"({ "a": 1 "b": 2 })"}) {
    EXPECT_FALSE(Source::read(text, "f").has_value()) << text;
  }
}

TEST(Source, KnowsTheLineOfEachValue) {
  const Source source = must_read(
      "{\n"
      "  \"a\": 1,\n"
      "  \"list\": [ 10,\n"
      "    20\n"
      "    , { \"x\": true,\n"
      "\n"
      "      /* two\n"
      "         lines */ \"y\": null }\n"
      "  ],\n"
      "  \"last\":\n"
      "    -1.5e3\n"
      "}\n");
  const std::vector<std::pair<const char*, int>> lines = {
      {"", 1},        {"a", 2},         {"list", 3},      {"list[0]", 3}, {"list[1]", 4},
      {"list[2]", 5}, {"list[2].x", 5}, {"list[2].y", 8}, {"last", 10}};
  for (const auto& [path, line] : lines) EXPECT_EQ(source.position(path).line, line) << path;
  EXPECT_EQ(source.position("list[2].z.deeper").line, 5) << "the nearest value around it";
  EXPECT_EQ(source.position("nothing").line, 1);
}

TEST(Source, RefusesDepthThatOthersWouldRecurseInto) {
  for (const size_t depth :
       {size_t{10}, Source::kDepthMax - 1, Source::kDepthMax, size_t{1'000'000}}) {
    const std::string text = "{ \"a\": " + std::string(depth, '[') + std::string(depth, ']') + " }";
    const auto source = Source::read(text, "f");
    EXPECT_EQ(source.has_value(), depth < Source::kDepthMax) << depth;
    const std::string message = source ? "" : source.error().message;
    EXPECT_EQ(message, depth < Source::kDepthMax ? "" : "nested deeper than 32 levels");
  }
  EXPECT_TRUE(parse_assignment("a=" + std::string(100'000, '[')).value().value.is_string());
  EXPECT_TRUE(parse_assignment("a=" + std::string(100'000, '[') + std::string(100'000, ']'))
                  .value()
                  .value.is_string());
}

TEST(Source, AssignsJsonWhereItIsJsonAndTextElsewhere) {
  EXPECT_EQ(parse_assignment("a.b=1").value().value, 1);
  EXPECT_EQ(parse_assignment("a.b=true").value().value, true);
  EXPECT_EQ(parse_assignment("a.b=[0, 2]").value().value, Json::array({0, 2}));
  EXPECT_EQ(parse_assignment("a.b=\"1\"").value().value, "1");
  EXPECT_EQ(parse_assignment("a.b=1d").value().value, "1d");
  EXPECT_EQ(parse_assignment("a.b=").value().value, "");
  EXPECT_EQ(parse_assignment("a.b=x=y").value().value, "x=y");
  EXPECT_EQ(parse_assignment("a.b=1, 2").value().value, "1, 2");
  EXPECT_EQ(parse_assignment("a.b=1], \"c\": [2").value().value, "1], \"c\": [2");
  EXPECT_FALSE(parse_assignment("=1").has_value());
  EXPECT_FALSE(parse_assignment("a.b").has_value());
}

TEST(Source, AssignmentsMakeTheObjectsAroundThem) {
  Source source = must_read(R"({ "off": "off", "list": [ { "name": "x", "n": 1 } ] })");
  const auto set = [&](const char* text) {
    const auto done = source.assign(parse_assignment(text).value());
    EXPECT_TRUE(done.has_value()) << to_string(done.error());
  };
  set("new.inner.value=5");
  set("off.every=1d");
  set("list.x.n=2");
  EXPECT_EQ(source.root().dump(),
            R"({"off":{"every":"1d"},"list":[{"name":"x","n":2}],"new":{"inner":{"value":5}}})");
  for (const char* path :
       {"new", "new.inner", "new.inner.value", "off", "off.every", "list[0].n"}) {
    EXPECT_EQ(source.position(path).file, "--set") << path;
  }
  EXPECT_EQ(source.position("list[0].name").file, "f");
}

TEST(Path, FindsValuesByNameAndByIndex) {
  const Json root = Json::parse(
      R"({ "a": { "b": 1 }, "l": [ { "name": "x", "n": 1 }, { "name": "y", "n": 2 }, 7 ] })");
  const auto at = [&](const char* path) {
    const Json* value = find_value(root, path);
    return value ? value->dump() : "-";
  };
  EXPECT_EQ(at("a.b"), "1");
  EXPECT_EQ(at("l.y.n"), "2");
  EXPECT_EQ(at("l[1].n"), "2");
  EXPECT_EQ(at("l[2]"), "7");
  for (const char* path : {"", "a.c", "a.b.c", "l[3]", "l.z", "l[-1]", "a[0]", "l[1", "a.", ".a",
                           "a..b", "l[]", "l[99999999999999999999]"}) {
    EXPECT_EQ(at(path), "-") << path;
  }
}

}  // namespace
}  // namespace revenant::sim
