// Random operations of several tasks on slow files, against a map of winning cells that follows the
// Db's notices of what it applied and purged. Wherever a key did not change during a read, the read
// must return exactly what the map holds: a tombstone that is purged too early, a value that comes
// back, a notice too much or too few all show.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/base/random.h"
#include "tests/engine/lsm/any_options.h"
#include "tests/engine/lsm/db_fixture.h"
#include "tests/engine/lsm/model.h"

namespace revenant::lsm {
namespace {

struct FuzzCase {
  CompactionStrategy strategy;
  Versions versions;
};

class DbFuzz : public testing::TestWithParam<FuzzCase> {
 protected:
  struct Totals {
    int purges = 0, abandoned = 0, deepest = 0;
  };

  static LsmOptions draw_options(const FuzzCase& c, Random& random) {
    LsmOptions options = any_options(random, milliseconds(1));
    options.versions = c.versions;
    options.gc_grace =
        random.chance({500'000'000}) ? Duration{0} : milliseconds(random.between(1, 50));
    // Each of these two alone keeps what the other would.
    options.purge_guards.log = random.chance({500'000'000});
    options.wal.sync = random.chance({500'000'000}) ? WalSync::kAlways : WalSync::kPeriodic;
    options.wal.sync_period = milliseconds(5);
    options.compaction.strategy = c.strategy;
    options.compaction.compaction_window_size = milliseconds(1);
    return options;
  }

  void run(uint64_t seed) {
    Random random(seed, "fuzz");
    sim::Kernel kernel(seed);
    tests::MemoryFileSystem memory;
    Model model;
    const LsmOptions options = draw_options(GetParam(), random);
    const int keys = static_cast<int>(random.between(5, 120));
    uint64_t base = 1000;  // versions lie around it, many of them equal

    for (int life = 0; life < 4; ++life) {
      Node node(kernel, memory, random.fork(fmt::format("files {}", life)));
      std::unique_ptr<Db> db;
      int running = 0;
      const auto key_of = [&](Random& r) {
        return fmt::format("k{:03}", r.below(static_cast<uint64_t>(keys)));
      };

      const auto write = [&](Random& r) {
        WriteBatch batch;
        for (auto n = r.between(1, 3); n > 0; --n) {
          const Version version{base + r.below(40)};
          const std::string key = key_of(r);
          if (r.chance({400'000'000})) {
            batch.remove(key, kernel.now(), version);
          } else {
            batch.put(key, std::string(r.below(60), static_cast<char>('a' + r.below(3))), version);
          }
        }
        base += r.below(3);
        must(db->write(std::move(batch)));
      };
      const auto read = [&](Random& r) {
        const std::string key = key_of(r);
        const std::string before = model.at(key);
        const int changes = model.changes[key];
        const std::string got = show(must(db->get(key)));
        if (model.changes[key] == changes) {
          ASSERT_EQ(got, before) << key << " seed " << seed;
        }
      };
      const auto scan = [&](Random& r) {
        std::string least = key_of(r), limit = key_of(r);
        if (r.chance({300'000'000})) least.clear();
        if (r.chance({300'000'000})) limit.clear();
        std::vector<std::string> expected, got;
        for (const auto& [key, cell] : model.cells) {
          if (key >= least && (limit.empty() || key < limit))
            expected.push_back(key + "=" + show(cell));
        }
        auto it = must(db->scan(least, limit));
        for (; it->valid(); it->next())
          got.push_back(fmt::format("{}={}", it->key(), show(Cell(it->cell()))));
        must(it->status());
        ASSERT_EQ(got, expected) << "seed " << seed;
      };

      node.spawn([&] {
        env::Environment environment = node.environment();
        db = must(Db::open({environment.clock, environment.files, environment.tasks, model},
                           options, "db"));
        node.files.delay_max = microseconds(random.between(0, 300));
        for (int task = 0; task < 5; ++task) {
          ++running;
          node.spawn(
              [&, task, r = random.fork(fmt::format("life {} task {}", life, task))]() mutable {
                for (int i = 0; i < 150; ++i) {
                  if (task == 4) {
                    if (i % 10 == 0)
                      r.chance({500'000'000}) ? must(db->flush()) : must(db->compact());
                    scan(r);
                  } else if (r.chance({600'000'000})) {
                    write(r);
                  } else {
                    read(r);
                  }
                  if (r.chance({100'000'000})) node.tasks().sleep(microseconds(r.between(0, 2000)));
                }
                if (--running == 0) kernel.stop();
              });
        }
      });
      kernel.run_until(kernel.now() + hours(1));
      ASSERT_EQ(running, 0) << "stuck; seed " << seed;

      bool closed = false;
      node.spawn([&] {
        db->wait_idle();
        for (int key = 0; key < keys; ++key) {
          const std::string name = fmt::format("k{:03}", key);
          ASSERT_EQ(show(must(db->get(name))), model.at(name)) << name << " seed " << seed;
        }
        if (life % 2 == 0) must(db->close());
        closed = true;
        kernel.stop();
      });
      kernel.run_until(kernel.now() + hours(1));
      ASSERT_TRUE(closed) << "stuck; seed " << seed;
      node.kill();
      db.reset();
      if (HasFailure()) return;
    }
    totals.purges += model.purges;
    totals.abandoned += model.abandoned;
    totals.deepest = std::max(totals.deepest, model.deepest);
  }

  Totals totals;
};

TEST_P(DbFuzz, ReadsAgreeWithTheModel) {
  for (uint64_t seed = 9; seed <= 20 && !HasFailure(); ++seed) run(seed);
  // The runs must have met what they are here for.
  EXPECT_GT(totals.purges, 100);
  if (GetParam().versions == Versions::kTimestamp) {
    EXPECT_GT(totals.abandoned, 0);
  }
  if (GetParam().strategy == CompactionStrategy::kLeveled) {
    EXPECT_GE(totals.deepest, 3);
  }
}

std::vector<FuzzCase> all_cases() {
  std::vector<FuzzCase> cases;
  for (const auto& strategy : enum_names(CompactionStrategy{})) {
    if (strategy.value == CompactionStrategy::kNone) continue;
    for (const Versions versions : {Versions::kTimestamp, Versions::kSequence})
      cases.push_back({strategy.value, versions});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, DbFuzz, testing::ValuesIn(all_cases()), [](const auto& test) {
  std::string name(enum_name(test.param.strategy));
  std::erase(name, '_');
  return name + (test.param.versions == Versions::kTimestamp ? "Timestamps" : "Sequences");
});

}  // namespace
}  // namespace revenant::lsm
