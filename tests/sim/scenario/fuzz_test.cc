// Damaged scenarios: whatever the text, there is a scenario or an error with its line, and never a
// crash.
#include "engine/base/random.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/summary.h"
#include "tests/sim/scenario/fixture.h"

namespace revenant::sim {
namespace {

constexpr std::string_view kPieces[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "\"",
                                        "\\",
                                        "//",
                                        "/*",
                                        "*/",
                                        "\n",
                                        "null",
                                        "true",
                                        "-1",
                                        "1e999",
                                        "1e-9",
                                        "99999999999999999999",
                                        "0",
                                        "\"off\"",
                                        "\"all\"",
                                        "\"\"",
                                        "\"1d\"",
                                        "\"-5s\"",
                                        "{}",
                                        "[]",
                                        "\"name\":",
                                        "\"when\":",
                                        "\"seed\":",
                                        "\"\\u0000\"",
                                        "\"\\ud800\"",
                                        "\xff",
                                        "\xe2\x80\xa6",
                                        "[[[[[[[[[[",
                                        "\"storage.gc_grace\":",
                                        "\"faults[0].for\":"};

std::string damaged(std::string text, Random& random) {
  for (uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
    const uint64_t at = random.below(text.size() + 1);
    const uint64_t length = random.below(12);
    const uint64_t kind = random.below(4);
    if (kind == 0) {
      text.erase(at, length);
    } else if (kind == 1) {
      text.insert(at, kPieces[random.below(std::size(kPieces))]);
    } else if (kind == 2) {
      text.replace(at, std::min<size_t>(length, text.size() - at),
                   kPieces[random.below(std::size(kPieces))]);
    } else {
      const uint64_t from = random.below(text.size());
      text.insert(at, text.substr(from, random.below(60)));
    }
    if (text.empty()) text = "{";
  }
  return text;
}

void expect_one_line_each(const std::vector<ScenarioError>& errors, const std::string& text) {
  ASSERT_FALSE(errors.empty());
  const auto lines = 1 + std::ranges::count(text, '\n');
  for (const ScenarioError& error : errors) {
    EXPECT_EQ(to_string(error).find('\n'), std::string::npos) << to_string(error);
    EXPECT_FALSE(error.message.empty());
    if (error.file == "--set") continue;
    EXPECT_GE(error.line, 1);
    EXPECT_LE(error.line, lines) << to_string(error);
  }
}

TEST(Fuzz, DamagedTextGivesErrorsOrAScenarioThatRoundTrips) {
  Random random(1, "fuzz");
  std::vector<std::string> bases = {kExample};
  for (const std::string& name : kShipped) bases.push_back(shipped(name));
  int scenarios = 0, not_json = 0, wrong = 0;
  for (int i = 0; i < 1500; ++i) {
    const uint64_t base = random.below(bases.size());
    const std::string text = damaged(bases[base], random);
    const auto result = parse(text);
    if (result) {
      ++scenarios;
      const Json printed = to_json(*result);
      ASSERT_EQ(printed, to_json(must_parse(printed.dump()))) << text;
      EXPECT_FALSE(summary(*result).empty());
    } else {
      ++(result.error()[0].message.starts_with("not JSON") ? not_json : wrong);
      expect_one_line_each(result.error(), text);
    }
  }
  // Each outcome has been seen often enough to mean something.
  EXPECT_GT(scenarios, 100);
  EXPECT_GT(not_json, 100);
  EXPECT_GT(wrong, 100);
}

TEST(Fuzz, AnyAssignmentIsTakenOrRefused) {
  Random random(2, "fuzz");
  const std::vector<std::string> paths = {
      "storage.gc_grace",         "workload[0].rate", "workload.readers.mix.read",
      "faults[0].crash.node",     "sweep.seed",       "expect.stale_reads.min",
      "replication.repair.every", "operations",       "cluster"};
  const Source source = Source::read(kExample, "s.json").value();
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t path = random.below(paths.size());
    std::string text = random.below(2) == 0 ? damaged(paths[path], random) : paths[path];
    text += "=";
    text += kPieces[random.below(std::size(kPieces))];
    const auto assignment = parse_assignment(text);
    if (!assignment) continue;
    const auto result = resolve(source, known(), {&*assignment, 1});
    if (!result) expect_one_line_each(result.error(), kExample);
    taken += result.has_value();
  }
  EXPECT_GT(taken, 10);
}

TEST(Fuzz, EverySettingRefusesEveryWrongShape) {
  // Each leaf of a resolved scenario in turn becomes something it cannot be; only the wrong place
  // is complained of.
  const Json resolved = to_json(must_parse(kExample));
  const auto flat = resolved.flatten();
  int changed = 0;
  for (const auto& [pointer, value] : flat.items()) {
    if (!value.is_primitive()) continue;
    Json copy = resolved;
    copy[Json::json_pointer(pointer)] = Json::array({Json::object({{"no", "value"}})});
    EXPECT_NE(errors_of(copy.dump(1)), "") << pointer;
    ++changed;
  }
  EXPECT_GT(changed, 100);
}

}  // namespace
}  // namespace revenant::sim
