// The same database on the simulated disk in virtual time, and on real files with jobs on a real
// worker thread.
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "tests/engine/lsm/model.h"

namespace revenant::lsm {
namespace {

class DbEnvironment : public testing::TestWithParam<Seam> {
 protected:
  DbEnvironment() {
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
            const std::string expected = model.at(key);
            const int changes = model.changes[key];
            const std::string got = show(must(db.get(key)));
            if (model.changes[key] == changes) {
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
    for (const auto& [key, cell] : model.cells) expected.emplace(key, show(cell));
    ASSERT_EQ(found, expected);
  }

  std::unique_ptr<Machine> machine = make_machine(GetParam());
  Model model;
  LsmOptions options;
};

TEST_P(DbEnvironment, HoldsWhatWasWrittenThroughFlushesCompactionsAndReopens) {
  uint64_t compactions = 0;
  for (int life = 0; life < 3; ++life) {
    machine->boot();
    machine->run([&] {
      const env::Environment machines = machine->environment();
      const env::Environment e{machines.clock, machines.files, machines.tasks, model};
      auto db = must(Db::open(e, options, "db"));
      verify(*db);
      work(e, *db);
      if (life == 1) must(db->compact());
      db->wait_idle();
      verify(*db);
      compactions += db->metrics().compactions;
      must(db->close());
    });
    machine->kill();
  }
  EXPECT_GT(compactions, 5u);
  EXPECT_GT(model.purges, 0);
}

INSTANTIATE_TEST_SUITE_P(, DbEnvironment,
                         testing::Values(Seam::kSimulated, Seam::kPosix, Seam::kPosixMapped),
                         seam_name);

}  // namespace
}  // namespace revenant::lsm
