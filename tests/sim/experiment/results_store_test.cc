#include "sim/experiment/results_store.h"

#include <algorithm>
#include <fstream>
#include <numeric>

#include "tests/sim/experiment/fixture.h"

namespace revenant::sim {
namespace {

class ResultsStoreTest : public ResultsTest {
 protected:
  void put(ResultsStore& store, int64_t run) {
    const RunKey key = run_key(store.plan(), run);
    const auto point = store.plan().points()[static_cast<size_t>(key.point)];
    const auto result = store.put(run, made_up_run(point, key.seed));
    ASSERT_TRUE(result.has_value()) << result.error().message;
  }
  static std::string refusal(const Result<ResultsStore>& result) {
    return result.has_value() ? "" : result.error().message;
  }
};

TEST_F(ResultsStoreTest, WhatWasPutIsRead) {
  {
    auto store = ResultsStore::create(file(), small_plan()).value();
    put(store, 5);
    ASSERT_TRUE(store.put_crash(6, 139, "signal 11").has_value());
  }
  auto store = ResultsStore::open(file()).value();
  EXPECT_EQ(store.plan().scenario_text, small_plan().scenario_text);
  EXPECT_EQ(store.plan().sweep, small_plan().sweep);
  EXPECT_EQ(store.plan().seeds, small_plan().seeds);
  const auto runs = store.runs().value();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].key.number, 5);
  EXPECT_EQ(runs[0].key.point, 1);
  EXPECT_EQ(runs[0].key.seed, 2u);
  EXPECT_FALSE(runs[0].crashed);
  EXPECT_TRUE(runs[1].crashed);
  EXPECT_EQ(runs[1].exit_code, 139);
  EXPECT_EQ(store.done_runs().value(), std::set<int64_t>{5});
  EXPECT_EQ(store.metric("constant").value(), (std::map<int64_t, double>{{5, 7.0}}));
  EXPECT_TRUE(store.metric("not_a_number").value().empty());
  EXPECT_EQ(store.document(5, "timeseries.csv").value(), "time_s,live_keys\n0,2\n");
  EXPECT_EQ(store.document(6, "timeseries.csv").error().code, ErrorCode::kNotFound);
}

TEST_F(ResultsStoreTest, TheOrderOfArrivalLeavesNoTrace) {
  const SweepPlan plan = small_plan();
  std::vector<int64_t> order(static_cast<size_t>(plan.run_count()));
  std::iota(order.begin(), order.end(), 0);
  {
    auto store = ResultsStore::create(file("in_order.sqlite"), plan).value();
    for (int64_t run : order) put(store, run);
  }
  Random random(3, "order");
  random.shuffle(order);
  {
    auto store = ResultsStore::create(file("shuffled.sqlite"), plan).value();
    for (int64_t run : order) put(store, run);
  }
  EXPECT_EQ(content(file("in_order.sqlite")), content(file("shuffled.sqlite")));
}

TEST_F(ResultsStoreTest, TheViewHasAColumnForEachPathAndMetric) {
  {
    auto store = ResultsStore::create(file(), small_plan()).value();
    EXPECT_TRUE(select(file(), "SELECT run FROM runs").empty()) << "it is there from the start";
    for (int64_t run : {7, 4, 6, 5}) put(store, run);
  }
  EXPECT_EQ(select(file(),
                   "SELECT run || seed || \"storage.gc_grace\" || \"replication.read\" FROM runs"),
            (std::vector<std::string>{"411d2", "521d2", "631d2", "741d2"}));
  EXPECT_EQ(select(file(), "SELECT typeof(\"replication.read\") FROM runs LIMIT 1"),
            std::vector<std::string>{"integer"});
  EXPECT_EQ(select(file(), "SELECT constant FROM runs WHERE seed = 2"),
            std::vector<std::string>{"7.0"});
  EXPECT_EQ(select(file(), "SELECT even_seeds_only IS NULL FROM runs"),
            (std::vector<std::string>{"1", "0", "1", "0"}));
}

TEST_F(ResultsStoreTest, NamesThatSqlWouldReadAreOnlyNames) {
  SweepPlan plan = plan_of({{"faults[0].\"x'", {"a'b\"c"}}}, 1);
  auto store = ResultsStore::create(file(), plan).value();
  RunOutcome outcome = made_up_run(plan.points()[0], 1);
  outcome.metrics = {{"p99\" '; DROP TABLE run", 1}};
  ASSERT_TRUE(store.put(0, outcome).has_value());
  EXPECT_EQ(select(file(), "SELECT \"faults[0].\"\"x'\" FROM runs"),
            std::vector<std::string>{"a'b\"c"});
}

TEST_F(ResultsStoreTest, AnExistingFileIsNeverOverwritten) {
  std::ofstream(file("notes.txt")) << "mine";
  EXPECT_EQ(refusal(ResultsStore::create(file("notes.txt"), small_plan())),
            file("notes.txt") + " exists: --resume goes on with it, --out names another file");
  EXPECT_EQ(refusal(ResultsStore::resume(file("notes.txt"), small_plan())),
            file("notes.txt") + ": file is not a database");
  std::string kept;
  std::ifstream(file("notes.txt")) >> kept;
  EXPECT_EQ(kept, "mine");
}

TEST_F(ResultsStoreTest, ADatabaseOfSomethingElseIsRefused) {
  std::ofstream(file("other.sqlite")).close();
  ASSERT_TRUE(
      SqlDatabase::open(file("other.sqlite")).value().run("CREATE TABLE run (a)").has_value());
  const std::string message = file("other.sqlite") + " is not a results file of `revenant sweep`";
  EXPECT_EQ(refusal(ResultsStore::open(file("other.sqlite"))), message);
  EXPECT_EQ(refusal(ResultsStore::resume(file("other.sqlite"), small_plan())), message);
  ASSERT_TRUE(ResultsStore::create(file(), small_plan()).has_value());
  ASSERT_TRUE(SqlDatabase::open(file()).value().run("PRAGMA user_version = 99").has_value());
  EXPECT_EQ(refusal(ResultsStore::open(file())),
            file() + " has results of version 99; this program reads version 1");
  EXPECT_EQ(ResultsStore::open(file("absent.sqlite")).error().code, ErrorCode::kNotFound);
}

TEST_F(ResultsStoreTest, ResumeNamesWhatDiffers) {
  const SweepPlan plan = small_plan();
  ASSERT_TRUE(ResultsStore::create(file(), plan).has_value());
  EXPECT_EQ(refusal(ResultsStore::resume(file(), plan)), "");
  const auto refused = [&](auto change) {
    SweepPlan other = plan;
    change(other);
    return refusal(ResultsStore::resume(file(), other)).substr(file().size());
  };
  EXPECT_EQ(refused([](SweepPlan& p) { p.scenario_text = "{\n  \"name\": \"other\"\n}\n"; }),
            " was made from another text of the scenario: line 2 differs");
  EXPECT_EQ(refused([](SweepPlan& p) { p.build = "0.2.0"; }),
            " was made by build 0.1.0 test, this is build 0.2.0");
  EXPECT_EQ(refused([](SweepPlan& p) { p.sweep.pop_back(); }),
            " has another grid: it sweeps storage.gc_grace, replication.read, now it is "
            "storage.gc_grace");
  EXPECT_EQ(refused([](SweepPlan& p) { p.sweep[1].second = {"ONE"}; }),
            " has another grid: it has replication.read = [\"ONE\",2], now it is [\"ONE\"]");
  EXPECT_EQ(refused([](SweepPlan& p) { p.seeds.push_back(9); }),
            " has another grid: it has 4 seeds 1..4, now it is 5 seeds 1..9");
}

TEST_F(ResultsStoreTest, ResumeStartsAFileThatIsMissingOrStillEmpty) {
  EXPECT_TRUE(ResultsStore::resume(file("missing.sqlite"), small_plan()).has_value());
  std::ofstream(file("empty.sqlite")).close();
  auto store = ResultsStore::resume(file("empty.sqlite"), small_plan()).value();
  put(store, 0);
  EXPECT_EQ(store.done_runs().value().size(), 1u);
}

TEST_F(ResultsStoreTest, ACrashedRunCanBeMadeAgain) {
  auto store = ResultsStore::create(file(), small_plan()).value();
  ASSERT_TRUE(store.put_crash(3, 137, "signal 9").has_value());
  ASSERT_TRUE(store.put_crash(3, 137, "signal 9").has_value());
  put(store, 3);
  EXPECT_FALSE(store.runs().value()[0].crashed);
  EXPECT_EQ(store.runs().value().size(), 1u);
}

TEST_F(ResultsStoreTest, ADoneRunStaysAsItIs) {
  auto store = ResultsStore::create(file(), small_plan()).value();
  put(store, 3);
  const std::string before = content(file());
  RunOutcome again = made_up_run(store.plan().points()[0], 4);
  again.verdict = "other";
  EXPECT_FALSE(store.put(3, again).has_value());
  EXPECT_FALSE(store.put_crash(3, 4, "").has_value());
  EXPECT_EQ(content(file()), before);
}

TEST_F(ResultsStoreTest, ASecondWriterIsRefusedAndAReaderIsNot) {
  auto first = ResultsStore::create(file(), small_plan()).value();
  EXPECT_EQ(refusal(ResultsStore::resume(file(), small_plan())),
            file() + ": another sweep is writing to it");
  EXPECT_TRUE(ResultsStore::open(file()).has_value());
  put(first, 0);
}

}  // namespace
}  // namespace revenant::sim
