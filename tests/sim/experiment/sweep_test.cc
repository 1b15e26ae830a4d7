#include "sim/experiment/sweep.h"

#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "engine/base/check.h"
#include "tests/sim/experiment/fixture.h"

namespace revenant::sim {
namespace {

class SweepTest : public ResultsTest {
 protected:
  int run_sweep(const SweepPlan& plan, const RunOne& run, SweepOptions options) {
    out_.str("");
    err_.str("");
    if (options.file.empty()) options.file = file();
    return sweep(plan, run, options, out_, err_);
  }

  // The sweep in a process of its own, as a user starts it; its stderr goes to the file "stderr".
  pid_t start(const SweepPlan& plan, const RunOne& run, const SweepOptions& options) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    std::ofstream err(file("stderr"));
    std::ostringstream out;
    const int code = sweep(plan, run, options, out, err);
    err.flush();
    ::_exit(code);
  }
  static int wait_for(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void wait_until_stored(const std::string& path, size_t runs) {
    for (int i = 0; i < 20'000; ++i) {
      auto database = SqlDatabase::open(path);
      if (database.has_value()) {
        auto rows = database->prepare("SELECT count(*) FROM run");
        if (rows.has_value() && rows->step().has_value() &&
            static_cast<size_t>(rows->integer(0)) >= runs)
          return;
      }
      ::usleep(1000);
    }
    FAIL() << path << " never had " << runs << " runs";
  }
  std::string undisturbed(const SweepPlan& plan) {
    const std::string path = file("undisturbed.sqlite");
    run_sweep(plan, made_up_run, {.file = path, .workers = 1});
    return content(path);
  }

  std::ostringstream out_, err_;
};

RunOutcome slow_run(const GridPoint& point, uint64_t seed) {
  ::usleep(10'000);
  return made_up_run(point, seed);
}

TEST_F(SweepTest, TheResultsDoNotTellHowManyWorkersMadeThem) {
  const SweepPlan plan = small_plan(5);
  const std::string expected = undisturbed(plan);
  for (int64_t workers : {2, 7, 40}) {
    const std::string path = file(fmt::format("{}.sqlite", workers));
    // Runs of unequal length, so that they end in another order than they began.
    const auto uneven = [](const GridPoint& point, uint64_t seed) {
      ::usleep(static_cast<useconds_t>(Random(seed, spell(point)).below(8000)));
      return made_up_run(point, seed);
    };
    EXPECT_EQ(run_sweep(plan, uneven, {.file = path, .workers = workers}), 1);
    EXPECT_EQ(content(path), expected) << workers << " workers";
  }
}

TEST_F(SweepTest, TheTableShowsVerdictsMeansAndTheCommandsOfFailures) {
  const SweepPlan plan = plan_of({{"storage.gc_grace", {"1d", "20d"}}}, 3);
  const auto run = [](const GridPoint& point, uint64_t seed) {
    RunOutcome outcome = made_up_run(point, seed);
    const bool held = point.index == 0 || seed != 2;
    outcome.verdict = held ? "held" : "violated";
    outcome.exit_code = held ? 0 : 1;
    outcome.metrics = {
        {"resurrected_keys", static_cast<double>(10 * point.index + static_cast<int64_t>(seed))}};
    return outcome;
  };
  EXPECT_EQ(
      run_sweep(plan, run,
                {.file = file(), .workers = 2, .metrics = {"resurrected_keys", "unmeasured"}}),
      1);
  EXPECT_EQ(out_.str(),
            "lagging_replica\n"
            "Does the key return?\n"
            "\n"
            "storage.gc_grace  runs  verdicts            resurrected_keys\n"
            "1d                   3  3 held                     2 ± 2.484\n"
            "20d                  3  2 held, 1 violated        12 ± 2.484\n"
            "\n"
            "1 of 6 runs did not hold. To see it again:\n"
            "  revenant run scenarios/lagging_replica.json --seed 2 --set storage.gc_grace=20d\n"
            "\n"
            "6 runs in " +
                file() +
                "\n"
                "compare: revenant compare " +
                file() + " --by storage.gc_grace\n");
  EXPECT_EQ(err_.str(), "") << "no progress where stderr is no terminal";
}

TEST_F(SweepTest, AWorkerThatDiesIsAFindingAndTheSweepGoesOn) {
  const SweepPlan plan = plan_of({{"storage.gc_grace", {"1d"}}}, 6);
  const auto run = [](const GridPoint& point, uint64_t seed) {
    if (seed == 2) {
      ::signal(SIGSEGV, SIG_DFL);  // not the sanitizer's
      ::raise(SIGSEGV);
    }
    if (seed == 3) CHECK(seed == 4, "seed={}", seed);
    if (seed == 4) throw std::runtime_error("no such luck");
    if (seed == 5) ::_exit(0);
    return made_up_run(point, seed);
  };
  EXPECT_EQ(run_sweep(plan, run, {.file = file(), .workers = 3}), 4);
  EXPECT_EQ(
      select(
          file(),
          "SELECT seed || ' ' || status || ' ' || exit_code FROM run WHERE seed BETWEEN 2 AND 5"),
      (std::vector<std::string>{"2 crashed 139", "3 crashed 4", "4 crashed 4", "5 crashed 4"}));
  EXPECT_EQ(select(file(), "SELECT count(*) FROM run WHERE status = 'done'"),
            std::vector<std::string>{"2"});
  EXPECT_EQ(select(file(), "SELECT message FROM run WHERE seed IN (2, 4)"),
            (std::vector<std::string>{"signal 11 (Segmentation fault)\n",
                                      "exit code 4\nuncaught exception: no such luck\n"}));
  EXPECT_NE(select(file(), "SELECT message FROM run WHERE seed = 3")[0].find("seed=3"),
            std::string::npos);
  EXPECT_NE(
      err_.str().find(
          "worker died: signal 11 (Segmentation fault)\n"
          "  revenant run scenarios/lagging_replica.json --seed 2 --set storage.gc_grace=1d\n"),
      std::string::npos)
      << err_.str();

  // Again, with the cause gone: only the dead are made.
  EXPECT_NE(run_sweep(plan, made_up_run, {.file = file(), .resume = Resume::kYes, .workers = 3}),
            4);
  EXPECT_EQ(content(file()), undisturbed(plan));
}

TEST_F(SweepTest, TheWorstRunDecidesTheExitCode) {
  EXPECT_EQ(worst_exit_code({}), 0);
  EXPECT_EQ(worst_exit_code({0, 0}), 0);
  EXPECT_EQ(worst_exit_code({0, 3}), 3);
  EXPECT_EQ(worst_exit_code({3, 1, 0}), 1);
  EXPECT_EQ(worst_exit_code({1, 2, 3}), 2);
  EXPECT_EQ(worst_exit_code({1, 4, 2}), 4);
  EXPECT_EQ(worst_exit_code({139, 2}), 4);
}

TEST_F(SweepTest, LargeOutcomesAndMuchStderrPassThePipes) {
  const SweepPlan plan = plan_of({}, 3);
  const auto run = [](const GridPoint& point, uint64_t seed) {
    RunOutcome outcome = made_up_run(point, seed);
    outcome.timeseries_csv.assign(500'000, static_cast<char>('a' + seed));
    for (int i = 0; i < 3000; ++i) fmt::print(stderr, "{:099}\n", i);
    if (seed == 3) throw std::runtime_error("the end of a long story");
    return outcome;
  };
  EXPECT_EQ(run_sweep(plan, run, {.file = file(), .workers = 2}), 4);
  auto store = ResultsStore::open(file()).value();
  EXPECT_EQ(store.document(1, "timeseries.csv").value(), std::string(500'000, 'c'));
  const std::string message = select(file(), "SELECT message FROM run WHERE seed = 3")[0];
  EXPECT_LE(message.size(), 5000u);
  EXPECT_TRUE(message.ends_with("the end of a long story\n"));
}

TEST_F(SweepTest, AnExistingFileIsAnErrorOfItsUser) {
  const SweepPlan plan = small_plan(1);
  run_sweep(plan, made_up_run, {});
  const std::string before = content(file());
  EXPECT_EQ(run_sweep(plan, made_up_run, {}), 2);
  EXPECT_EQ(err_.str(), "revenant sweep: " + file() +
                            " exists: --resume goes on with it, --out names another file\n");
  EXPECT_EQ(content(file()), before);
}

TEST_F(SweepTest, ResumingACompleteSweepOnlyReports) {
  const SweepPlan plan = small_plan(1);
  run_sweep(plan, made_up_run, {});
  const std::string table = out_.str(), before = content(file());
  const auto never = [](const GridPoint&, uint64_t) -> RunOutcome {
    throw std::runtime_error("made again");
  };
  EXPECT_EQ(run_sweep(plan, never, {.file = "", .resume = Resume::kYes}), 1);
  EXPECT_EQ(content(file()), before);
  EXPECT_NE(out_.str().find("6 runs in " + file() + ", 0 of them made now\n"), std::string::npos);
}

TEST_F(SweepTest, CtrlCKeepsWhatEndedAndSaysHowToGoOn) {
  const SweepPlan plan = small_plan(10);
  const std::string expected = undisturbed(plan);
  const pid_t child = start(plan, slow_run, {.file = file(), .workers = 3});
  wait_until_stored(file(), 5);
  ::kill(child, SIGINT);
  EXPECT_EQ(wait_for(child), 130);
  const auto stored = select(file(), "SELECT count(*) FROM run")[0];
  EXPECT_GE(std::stoi(stored), 5);
  ASSERT_LT(std::stoi(stored), 60);
  std::string line;
  std::ifstream err(file("stderr"));
  std::getline(err, line);
  EXPECT_EQ(
      line,
      fmt::format(
          "interrupted: {} of 60 runs are in {}; the same command with --resume makes the rest",
          stored, file()));
  run_sweep(plan, made_up_run, {.file = file(), .resume = Resume::kYes, .workers = 2});
  EXPECT_EQ(content(file()), expected);
}

TEST_F(SweepTest, AKilledSweepLosesNoFinishedRunAndIsResumed) {
  const SweepPlan plan = small_plan(10);
  const std::string expected = undisturbed(plan);
  Random random(11, "when to kill");
  int kills = 0;
  size_t stored = 0;
  for (;;) {
    const pid_t child =
        start(plan, slow_run, {.file = file(), .resume = Resume::kYes, .workers = 3});
    wait_until_stored(file(), std::min<size_t>(60, stored + random.below(12)));
    ::usleep(static_cast<useconds_t>(random.below(10'000)));
    ::kill(child, SIGKILL);
    const int code = wait_for(child);
    const auto now = static_cast<size_t>(std::stoi(select(file(), "SELECT count(*) FROM run")[0]));
    EXPECT_GE(now, stored) << "a finished run is gone";
    stored = now;
    if (code != -SIGKILL) break;
    ++kills;
    ASSERT_LT(kills, 100);
  }
  EXPECT_GE(kills, 2) << "the sweep was never interrupted";
  EXPECT_EQ(content(file()), expected);
}

}  // namespace
}  // namespace revenant::sim
