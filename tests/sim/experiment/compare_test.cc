#include "sim/experiment/compare.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/sim/experiment/fixture.h"

namespace revenant::sim {
namespace {

// Figures of a run by its point's settings and its seed.
using Figures =
    std::function<std::vector<std::pair<std::string, double>>(const GridPoint&, uint64_t seed)>;

class CompareTest : public ResultsTest {
 protected:
  ResultsStore results_of(const SweepPlan& plan, const Figures& figures) {
    auto store = ResultsStore::create(file(), plan).value();
    for (int64_t run = 0; run < plan.run_count(); ++run) put(store, run, figures);
    return store;
  }
  static void put(ResultsStore& store, int64_t run, const Figures& figures) {
    const RunKey key = run_key(store.plan(), run);
    const GridPoint point = store.plan().points()[static_cast<size_t>(key.point)];
    RunOutcome outcome = made_up_run(point, key.seed);
    outcome.metrics = figures(point, key.seed);
    ASSERT_TRUE(store.put(run, outcome).has_value());
  }
  static std::string refusal(ResultsStore& store, const CompareRequest& request) {
    const auto result = compare(store, request);
    return result.has_value() ? "" : result.error().message;
  }
};

const Figures kByIndexAndSeed = [](const GridPoint& point, uint64_t seed) {
  return std::vector<std::pair<std::string, double>>{
      {"figure", 100.0 * static_cast<double>(point.index) + static_cast<double>(seed * seed)}};
};

TEST_F(CompareTest, GroupsAreTheValuesOfThePath) {
  auto results = results_of(plan_of({{"storage.gc_grace", {"1d", "10d"}}}, 3), kByIndexAndSeed);
  const auto comparison =
      compare(results, {.by = "storage.gc_grace", .metrics = {"figure"}}).value();
  ASSERT_EQ(comparison.metrics.size(), 1u);
  const auto& groups = comparison.metrics[0].groups;
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].by, "1d");
  EXPECT_TRUE(groups[0].x.is_null());
  EXPECT_DOUBLE_EQ(groups[0].mean.mean, (1 + 4 + 9) / 3.0);
  EXPECT_FALSE(groups[0].difference.has_value());
  EXPECT_EQ(groups[1].mean.n, 3);
  EXPECT_DOUBLE_EQ(groups[1].difference->mean, 100);
  EXPECT_DOUBLE_EQ(groups[1].difference->deviation, 0) << "what the seeds share is gone";
  EXPECT_TRUE(stats::excludes_zero(*groups[1].difference));
}

TEST_F(CompareTest, EachXIsComparedWithinItself) {
  // x varies fastest in the plan, but comes first in the groups.
  auto results = results_of(plan_of({{"by", {"ONE", "ALL"}}, {"x", {1, 2}}}, 2), kByIndexAndSeed);
  const auto comparison = compare(results, {.x = "x", .by = "by", .metrics = {"figure"}}).value();
  std::string text;
  for (const auto& group : comparison.metrics[0].groups) {
    text += fmt::format("{} {} {} {}\n", spell(group.x), spell(group.by), group.mean.mean,
                        group.difference ? group.difference->mean : NAN);
  }
  EXPECT_EQ(text,
            "1 ONE 2.5 nan\n"
            "1 ALL 202.5 200\n"
            "2 ONE 102.5 nan\n"
            "2 ALL 302.5 200\n");
}

TEST_F(CompareTest, PooledPathsAreAveragedWithinEachSeed) {
  const SweepPlan plan = plan_of({{"by", {"a", "b"}}, {"other", {1, 2, 3}}}, 4);
  auto results = results_of(plan, kByIndexAndSeed);
  const auto comparison = compare(results, {.by = "by", .metrics = {"figure"}}).value();
  EXPECT_EQ(comparison.pooled, std::vector<std::string>{"other"});
  const auto& first = comparison.metrics[0].groups[0];
  EXPECT_EQ(first.mean.n, 4) << "seeds, not runs";
  EXPECT_DOUBLE_EQ(first.mean.mean, 100 + (1 + 4 + 9 + 16) / 4.0);

  const auto one =
      compare(results, {.by = "by", .metrics = {"figure"}, .where = {{"other", "3"}}}).value();
  EXPECT_TRUE(one.pooled.empty());
  EXPECT_DOUBLE_EQ(one.metrics[0].groups[0].mean.mean, 200 + (1 + 4 + 9 + 16) / 4.0);
  EXPECT_EQ(one.planned, 8);
}

TEST_F(CompareTest, ASeedCountsOnlyWhereItWasMeasuredEverywhere) {
  const SweepPlan plan = plan_of({{"by", {"a", "b"}}, {"other", {1, 2}}}, 4);
  const Figures gaps = [](const GridPoint& point, uint64_t seed) {
    auto figures = kByIndexAndSeed(point, seed);
    if (point.index == 1 && seed == 2) figures[0].second = std::nan("");
    if (point.index == 2 && seed == 3) figures.clear();
    return figures;
  };
  auto store = ResultsStore::create(file(), plan).value();
  for (int64_t run = 0; run < plan.run_count() - 1; ++run) put(store, run, gaps);
  ASSERT_TRUE(store.put_crash(plan.run_count() - 1, 139, "signal 11").has_value());
  const auto comparison = compare(store, {.by = "by", .metrics = {"figure"}}).value();
  const auto& groups = comparison.metrics[0].groups;
  EXPECT_EQ(groups[0].mean.n, 3) << "without seed 2";
  EXPECT_EQ(groups[1].mean.n, 2) << "without seeds 3 and 4";
  EXPECT_EQ(groups[1].difference->n, 1) << "seed 1 alone is in both";
  EXPECT_EQ(comparison.crashed, 1);
  EXPECT_EQ(comparison.verdicts[1].held.n, 8) << "a crash is a run that did not hold";
}

// Each interval again, from the runs themselves and in the plainest way.
TEST_F(CompareTest, AgreesWithANaiveComputation) {
  Random random(5, "compare");
  for (int round = 0; round < 8; ++round) {
    const SweepPlan plan =
        plan_of({{"p", {"1", "2", "3"}}, {"q", {"x", "y"}}}, 2 + random.below(6));
    std::map<std::pair<int64_t, uint64_t>, double> truth;
    for (const GridPoint& point : plan.points()) {
      for (uint64_t seed : plan.seeds) {
        if (random.below(10) != 0) truth[{point.index, seed}] = random.normal(10, 4);
      }
    }
    std::filesystem::remove(file());
    auto results = results_of(plan, [&](const GridPoint& point, uint64_t seed) {
      std::vector<std::pair<std::string, double>> figures = {{"always", 1.0}};
      if (const auto value = truth.find({point.index, seed}); value != truth.end())
        figures.emplace_back("f", value->second);
      return figures;
    });
    const auto comparison = compare(results, {.by = "p", .metrics = {"f"}}).value();
    for (int64_t p = 0; p < 3; ++p) {
      std::vector<double> own, differences;
      for (uint64_t seed : plan.seeds) {
        const auto mean = [&](int64_t group) -> std::optional<double> {
          const auto a = truth.find({2 * group, seed}), b = truth.find({2 * group + 1, seed});
          if (a == truth.end() || b == truth.end()) return std::nullopt;
          return (a->second + b->second) / 2;
        };
        if (mean(p)) own.push_back(*mean(p));
        if (mean(p) && mean(0)) differences.push_back(*mean(p) - *mean(0));
      }
      const auto check = [](const stats::MeanEstimate& found, const std::vector<double>& sample) {
        ASSERT_EQ(found.n, static_cast<int64_t>(sample.size()));
        if (sample.size() < 2) return;
        double sum = 0, squares = 0;
        for (double v : sample) sum += v;
        const double mean = sum / static_cast<double>(sample.size());
        for (double v : sample) squares += (v - mean) * (v - mean);
        EXPECT_NEAR(found.mean, mean, 1e-12);
        EXPECT_NEAR(found.deviation, std::sqrt(squares / static_cast<double>(sample.size() - 1)),
                    1e-12);
        EXPECT_NEAR(found.interval.low + found.interval.high, 2 * mean, 1e-10);
      };
      check(comparison.metrics[0].groups[static_cast<size_t>(p)].mean, own);
      if (p > 0)
        check(*comparison.metrics[0].groups[static_cast<size_t>(p)].difference, differences);
    }
  }
}

TEST_F(CompareTest, UnknownNamesAreMetWithTheNearest) {
  auto results = results_of(small_plan(2), kByIndexAndSeed);
  EXPECT_EQ(refusal(results, {.by = "storage.gc_grase"}),
            "the swept path \"storage.gc_grase\" is not in the results (did you mean "
            "\"storage.gc_grace\"?); "
            "they have storage.gc_grace, replication.read");
  EXPECT_EQ(
      refusal(results, {.by = "replication.read", .metrics = {"figur"}}),
      "the metric \"figur\" is not in the results (did you mean \"figure\"?); they have figure");
  EXPECT_EQ(refusal(results, {.by = "replication.read", .where = {{"storage.gc_grace", "11d"}}}),
            "storage.gc_grace = \"11d\" is not in the results (did you mean \"1d\"?); they have "
            "1d, 10d, 20d");
  EXPECT_EQ(refusal(results, {}), "name the path to compare with --by or --x");
  EXPECT_EQ(refusal(results, {.x = "replication.read", .by = "replication.read"}),
            "--x and --by are both replication.read");

  std::ostringstream out, err;
  EXPECT_EQ(compare_file(file(), {.by = "gc_grace"}, CompareFormat::kText, out, err), 2);
  EXPECT_EQ(compare_file(file("absent"), {.by = "gc_grace"}, CompareFormat::kText, out, err), 2);
  EXPECT_EQ(out.str(), "");
}

TEST_F(CompareTest, WithoutMetricsThoseThatDifferAreShown) {
  auto results =
      results_of(plan_of({{"by", {"a", "b"}}}, 3), [](const GridPoint& point, uint64_t seed) {
        return std::vector<std::pair<std::string, double>>{
            {"differs", static_cast<double>(point.index) + 0.1 * static_cast<double>(seed)},
            {"same", static_cast<double>(seed)}};
      });
  const auto comparison = compare(results, {.by = "by"}).value();
  ASSERT_EQ(comparison.metrics.size(), 1u);
  EXPECT_EQ(comparison.metrics[0].name, "differs");
  EXPECT_EQ(comparison.metrics_left_out, 1);
}

TEST_F(CompareTest, TheTextSaysWhatItRestsOn) {
  const SweepPlan plan =
      plan_of({{"storage.gc_grace", {"1d", "20d"}}, {"replication.read", {"ONE", "ALL"}}}, 3);
  auto store = ResultsStore::create(file(), plan).value();
  for (int64_t run = 0; run < plan.run_count() - 1; ++run) put(store, run, kByIndexAndSeed);
  const auto comparison = compare(store, {.by = "storage.gc_grace", .metrics = {"figure"}}).value();
  EXPECT_EQ(to_text(comparison),
            "lagging_replica\n"
            "Does the key return?\n"
            "\n"
            "runs that held every check and expectation\n"
            "  storage.gc_grace  runs  held  95 % interval\n"
            "  1d                   6  50 %   19 % .. 81 %\n"
            "  20d                  5  80 %   38 % .. 96 %\n"
            "\n"
            "figure\n"
            "  storage.gc_grace  seeds   mean   95 % interval  less 1d  95 % interval\n"
            "  1d                    3  54.67  44.63 .. 64.71\n"
            "  20d                   2  252.5  233.4 .. 271.6      200     200 .. 200  *\n"
            "\n"
            "* excludes zero. Differences are paired by seed; intervals are Student's t.\n"
            "A seed's number is its mean over the values of replication.read; --where "
            "replication.read=… picks one.\n"
            "1 of 12 runs are not made yet (sweep --resume).\n");
}

// What analysis/plots reads is made here, from figures that look like a cluster's, and kept beside
// the plots' tests: neither side can change the form alone. UPDATE_GOLDEN=1 writes the files again.
class PlotDataTest : public CompareTest {
 protected:
  void expect_golden(const std::string& name, const CompareRequest& request) {
    std::ostringstream out, err;
    ASSERT_EQ(compare_file(file(), request, CompareFormat::kJson, out, err), 0) << err.str();
    const std::string path = REVENANT_SOURCE_DIR "/tests/analysis/plots/data/" + name;
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << out.str();
    std::stringstream golden;
    golden << std::ifstream(path).rdbuf();
    // By value: the last digit of a quantile may differ between C libraries.
    expect_near(nlohmann::json::parse(golden.str()), nlohmann::json::parse(out.str()), name);
  }
  static void expect_near(const nlohmann::json& golden, const nlohmann::json& found,
                          const std::string& at) {
    if (golden.is_number() && found.is_number()) {
      EXPECT_NEAR(golden.get<double>(), found.get<double>(),
                  1e-9 * (1 + std::abs(golden.get<double>())))
          << at;
    } else if (golden.is_structured()) {
      ASSERT_EQ(golden.size(), found.size()) << at;
      ASSERT_EQ(golden.type(), found.type()) << at;
      for (const auto& [key, value] : golden.items()) {
        ASSERT_TRUE(golden.is_array() || found.contains(key)) << at << "/" << key;
        expect_near(value, golden.is_array() ? found[std::stoul(key)] : found[key], at + "/" + key);
      }
    } else {
      EXPECT_EQ(golden, found) << at;
    }
  }
};

TEST_F(PlotDataTest, ResurrectedKeysAgainstGrace) {
  SweepPlan plan = plan_of({{"storage.gc_grace", {"10d", "1d", "20d", "12h", "5d"}},
                            {"replication.repair", {"off", {{"every", "7d"}}}}},
                           20);
  results_of(plan, [](const GridPoint& point, uint64_t seed) {
    Random shared(seed, "seed");
    Random own(seed, spell(point));
    constexpr double kDays[] = {10, 1, 20, 0.5, 5};
    const double days = kDays[point.index / 2];
    const bool repaired = point.index % 2 == 1 && days > 7;
    const double level = days > 12 || repaired ? 0 : 60 * (1 - days / 16);
    return std::vector<std::pair<std::string, double>>{
        {"resurrected_keys", std::max(0.0, std::round(level * (1 + 0.3 * shared.normal(0, 1)) +
                                                      (level > 0 ? own.normal(0, 4) : 0)))},
        {"keys_at_risk", 60 + static_cast<double>(shared.below(20))}};
  });
  expect_golden("resurrection.json", {.x = "storage.gc_grace",
                                      .metrics = {"resurrected_keys", "keys_at_risk"},
                                      .where = {{"replication.repair", "off"}}});
  expect_golden(
      "resurrection_by_repair.json",
      {.x = "storage.gc_grace", .by = "replication.repair", .metrics = {"resurrected_keys"}});
}

TEST_F(PlotDataTest, AmplificationByStrategy) {
  results_of(plan_of({{"storage.compaction.strategy", {"size_tiered", "leveled", "none"}}}, 12),
             [](const GridPoint& point, uint64_t seed) {
               Random random(seed, spell(point));
               constexpr double kWrite[] = {4.1, 9.6, 1.9}, kRead[] = {3.2, 1.4, 14.5},
                                kSpace[] = {1.75, 1.12, 3.4};
               const auto i = static_cast<size_t>(point.index);
               return std::vector<std::pair<std::string, double>>{
                   {"write_amplification", kWrite[i] * (1 + 0.06 * random.normal(0, 1))},
                   {"read_amplification", kRead[i] * (1 + 0.08 * random.normal(0, 1))},
                   {"space_amplification_mean", kSpace[i] * (1 + 0.05 * random.normal(0, 1))}};
             });
  expect_golden("amplification.json", {.x = "storage.compaction.strategy",
                                       .metrics = {"write_amplification", "read_amplification",
                                                   "space_amplification_mean"}});
}

TEST_F(PlotDataTest, StalenessAndLatencyByQuorum) {
  results_of(plan_of({{"replication.read", {"ONE", "QUORUM", "ALL"}},
                      {"replication.write", {"ONE", "QUORUM", "ALL"}}},
                     16),
             [](const GridPoint& point, uint64_t seed) {
               Random random(seed, spell(point));
               const double read = 1 + static_cast<double>(point.index / 3),
                            write = 1 + static_cast<double>(point.index % 3);
               const double stale =
                   read + write > 3 ? 0 : 0.08 / (read * write) * (1 + 0.25 * random.normal(0, 1));
               const double read_latency = 1.1 * read * read * (1 + 0.1 * random.normal(0, 1));
               const double write_latency = 1.4 * write * write * (1 + 0.1 * random.normal(0, 1));
               return std::vector<std::pair<std::string, double>>{
                   {"stale_read_rate", stale},
                   {"read_latency_p99_ms", read_latency},
                   {"write_latency_p99_ms", write_latency}};
             });
  expect_golden("quorum.json",
                {.x = "replication.read",
                 .by = "replication.write",
                 .metrics = {"stale_read_rate", "read_latency_p99_ms", "write_latency_p99_ms"}});
}

}  // namespace
}  // namespace revenant::sim
