// The same database on the simulated disk in virtual time, and on real files with jobs on a real
// worker thread.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>

#include "engine/env/posix/posix_clock.h"
#include "engine/env/posix/posix_file_system.h"
#include "engine/env/posix/posix_tasks.h"
#include "sim/disk/sim_disk.h"
#include "tests/engine/lsm/model.h"

namespace revenant::lsm {
namespace {

class Machine {
 public:
  virtual ~Machine() = default;
  // One life of a process: runs `main` as a task to its end.
  virtual void run(std::function<void(env::Environment)> main) = 0;
  Model model;
};

class SimulatedMachine final : public Machine {
 public:
  void run(std::function<void(env::Environment)> main) override {
    auto files = disk_.mount();
    Node node(kernel_, *files);
    bool ended = false;
    node.spawn([&] {
      env::Environment e = node.environment();
      main({e.clock, e.files, e.tasks, model});
      ended = true;
      kernel_.stop();
    });
    kernel_.run_until(kernel_.now() + days(1));
    ASSERT_TRUE(ended);
    disk_.kill_process();
    node.kill();
  }

 private:
  sim::Kernel kernel_{1};
  sim::SimDisk disk_{kernel_, NodeId{0}, sim::DiskOptions{}};
};

class RealMachine final : public Machine {
 public:
  RealMachine() {
    std::string pattern = testing::TempDir() + "revenant_lsm_XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }
  ~RealMachine() override { std::filesystem::remove_all(root_); }

  void run(std::function<void(env::Environment)> main) override {
    auto files = must(env::open_posix_file_system(root_));
    env::PosixTasks tasks;
    tasks.run([&] { main({clock_, *files, tasks, model}); });
  }

 private:
  std::string root_;
  env::PosixClock clock_;
};

class DbEnvironment : public testing::TestWithParam<const char*> {
 protected:
  DbEnvironment() {
    if (std::string_view(GetParam()) == "real") {
      machine = std::make_unique<RealMachine>();
    } else {
      machine = std::make_unique<SimulatedMachine>();
    }
    options.memtable_size = kib(16);
    options.gc_grace = {};
    options.compaction.strategy = CompactionStrategy::kLeveled;
    options.compaction.max_bytes_for_level_base = kib(64);
    options.compaction.target_file_size_base = kib(16);
    options.compaction.max_bytes_for_level_multiplier = 3;
  }

  // Several tasks that write and read at once; what was read must be what was there.
  void work(env::Environment e, Db& db) {
    int running = 4;
    env::Event ended(e.tasks);
    for (int task = 0; task < 4; ++task) {
      e.tasks.spawn("work", [&, task] {
        Random random(static_cast<uint64_t>(task), "work");
        for (int i = 0; i < 1000; ++i) {
          const std::string key = fmt::format("k{:04}", random.below(2000));
          if (random.chance({600'000'000})) {
            const Version version{1 + random.below(100'000)};
            WriteBatch batch;
            if (random.chance({300'000'000})) {
              batch.remove(key, e.clock.now(), version);
            } else {
              batch.put(key, std::string(random.below(100), 'v'), version);
            }
            must(db.write(std::move(batch)));
          } else {
            const std::string expected = machine->model.at(key);
            const int changes = machine->model.changes[key];
            const std::string got = show(must(db.get(key)));
            if (machine->model.changes[key] == changes) {
              ASSERT_EQ(got, expected) << key;
            }
          }
          // Let the others and the jobs' results in.
          if (i % 50 == 0) e.tasks.sleep(microseconds(10));
        }
        if (--running == 0) ended.set();
      });
    }
    ended.wait("all tasks");
  }
  void verify(Db& db) {
    std::map<std::string, std::string> found, expected;
    auto scan = must(db.scan("", ""));
    for (; scan->valid(); scan->next()) found.emplace(scan->key(), show(Cell(scan->cell())));
    must(scan->status());
    for (const auto& [key, cell] : machine->model.cells) expected.emplace(key, show(cell));
    ASSERT_EQ(found, expected);
  }

  std::unique_ptr<Machine> machine;
  LsmOptions options;
};

TEST_P(DbEnvironment, HoldsWhatWasWrittenThroughFlushesCompactionsAndReopens) {
  uint64_t compactions = 0;
  for (int life = 0; life < 3; ++life) {
    machine->run([&](env::Environment e) {
      auto db = must(Db::open(e, options, "db"));
      verify(*db);
      work(e, *db);
      if (life == 1) must(db->compact());
      db->wait_idle();
      verify(*db);
      compactions += db->metrics().compactions;
      must(db->close());
    });
  }
  EXPECT_GT(compactions, 5u);
  EXPECT_GT(machine->model.purges, 0);
}

INSTANTIATE_TEST_SUITE_P(All, DbEnvironment, testing::Values("simulated", "real"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace revenant::lsm
