// The disk as one process after another sees it: what takes time, what the cache holds, what a kill
// leaves. Times are worked out by hand from round_figures(): a page moves in 1 us, a read takes
// 100 us, a write 20 us, a sync 30 us besides; four slots.
#include "sim/disk/sim_disk.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/base/checksum.h"
#include "tests/sim/disk/bare_machine.h"

namespace revenant::sim {
namespace {

std::string pages(uint64_t n, char fill = 'x') { return std::string(n * kPageSize, fill); }

// A machine whose disk holds "f" of so many pages, synced, and nothing in the cache.
struct ColdDisk : BareMachine {
  explicit ColdDisk(uint64_t page_count, DiskOptions options = round_figures())
      : BareMachine(options) {
    run([&] {
      auto file = write("f", pages(page_count));
      EXPECT_TRUE(file->sync(kWal).has_value());
      sync_directory("");
    });
    lose_power();
    start();
  }
};

TEST(SimDisk, an_append_takes_no_time_and_a_sync_does) {
  BareMachine machine(round_figures());
  std::unique_ptr<env::AppendFile> file;
  EXPECT_EQ(machine.run([&] { file = machine.write("f", pages(1)); }), nanoseconds(0));
  EXPECT_EQ(machine.run([&] { (void)file->sync(kWal); }), microseconds(20 + 1 + 30));
  // The page is on the platter and no longer dirty.
  EXPECT_EQ(machine.run([&] { (void)file->sync(kWal); }), nanoseconds(0));
  // The log goes on where it ended: no positioning.
  EXPECT_EQ(machine.run([&] { (void)file->append("record", kWal); }), nanoseconds(0));
  EXPECT_EQ(machine.run([&] { (void)file->sync(kWal); }), microseconds(1 + 30));
  EXPECT_EQ(machine.run([&] { (void)file->append("record", kWal); }), nanoseconds(0));
  EXPECT_EQ(machine.run([&] { (void)file->sync(kWal); }), microseconds(1 + 30));
  // The last page was dirtied, and written, twice.
  EXPECT_EQ(machine.row(kWal).pages_written, 3u);
}

TEST(SimDisk, a_large_sync_moves_in_operations_of_a_mebibyte) {
  DiskOptions options = round_figures();
  options.page_cache = options.dirty_max = gib(1);
  BareMachine machine(options);
  // 256 pages after positioning, 256 that go on, and 88 with the flush.
  EXPECT_EQ(machine.run([&] {
    auto file = machine.write("f", pages(600));
    (void)file->sync(kWal);
  }),
            microseconds(20 + 256 + 256 + 88 + 30));
  EXPECT_EQ(machine.disk.device_totals().writes, 3u);
  EXPECT_EQ(machine.disk.device_totals().syncs, 1u);
}

TEST(SimDisk, a_directory_sync_takes_a_flush_once) {
  BareMachine machine(round_figures());
  machine.run([&] { machine.create("f"); });
  EXPECT_EQ(machine.run([&] { machine.sync_directory(""); }), microseconds(30));
  EXPECT_EQ(machine.run([&] { machine.sync_directory(""); }), nanoseconds(0));
}

TEST(SimDisk, cached_pages_cost_no_time) {
  ColdDisk machine(10);
  EXPECT_EQ(machine.run([&] { EXPECT_EQ(machine.read("f"), pages(10)); }),
            microseconds(100 + 10));  // one run of ten pages
  EXPECT_EQ(machine.run([&] { EXPECT_EQ(machine.read("f"), pages(10)); }), nanoseconds(0));
  EXPECT_EQ(machine.row(kClientRead).device_bytes_read, 10 * kPageSize);
  EXPECT_EQ(machine.row(kClientRead).file_bytes_read, 20 * kPageSize);
}

TEST(SimDisk, missing_pages_are_read_in_runs) {
  ColdDisk machine(10);
  machine.run([&] {
    auto file = *machine.files->open("f");
    machine.read(*file, 4 * kPageSize, 2 * kPageSize);
  });
  // Pages 0-3 and 6-9 are two operations whose latencies overlap: bytes 0-4 and 4-8 us.
  EXPECT_EQ(machine.run([&] { machine.read("f"); }), microseconds(8 + 100));
  EXPECT_EQ(machine.disk.device_totals().reads, 3u);
}

TEST(SimDisk, two_readers_at_once_overlap) {
  ColdDisk machine(10);
  std::vector<Duration> took(2);
  const Instant begin = machine.kernel.now();
  for (size_t i = 0; i < 2; ++i) {
    machine.spawn([&, i] {
      auto file = *machine.files->open("f");
      machine.read(*file, i * 5 * kPageSize, kPageSize);
      took[i] = machine.kernel.now() - begin;
    });
  }
  machine.pass(seconds(1));
  EXPECT_EQ(took[0], microseconds(101));
  EXPECT_EQ(took[1], microseconds(102));  // its page moves second
}

TEST(SimDisk, a_page_on_its_way_is_read_once_for_two_readers) {
  ColdDisk machine(1);
  std::vector<Duration> took(2);
  const Instant begin = machine.kernel.now();
  for (size_t i = 0; i < 2; ++i) {
    machine.spawn([&, i] {
      machine.kernel.sleep(microseconds(40 * static_cast<int64_t>(i)));
      EXPECT_EQ(machine.read("f"), pages(1));
      took[i] = machine.kernel.now() - begin;
    });
  }
  machine.pass(seconds(1));
  EXPECT_EQ(took[0], microseconds(101));
  EXPECT_EQ(took[1], microseconds(101));
  EXPECT_EQ(machine.disk.device_totals().reads, 1u);
}

TEST(SimDisk, a_read_waits_behind_a_flush) {
  ColdDisk machine(1);
  Duration took;
  const Instant begin = machine.kernel.now();
  machine.spawn([&] {
    auto file = machine.write("table", pages(200), kFlush);
    (void)file->sync(kFlush);
  });
  machine.spawn([&] {
    machine.read("f");
    took = machine.kernel.now() - begin;
  });
  machine.pass(seconds(1));
  EXPECT_EQ(took, microseconds(200 + 1 + 100));
}

TEST(SimDisk, read_ahead_serves_the_reads_that_follow) {
  DiskOptions options = round_figures();
  options.read_ahead = kib(32);  // 8 pages
  ColdDisk machine(20, options);
  std::vector<int64_t> took;
  machine.run([&] {
    auto file = *machine.files->open("f");
    for (uint64_t i = 0; i < 12; ++i) {
      const Instant begin = machine.kernel.now();
      machine.read(*file, i * kPageSize, kPageSize);
      took.push_back((machine.kernel.now() - begin).ns / 1000);
    }
  });
  // The first read follows none; the second misses with 1 + 8 pages; the eleventh likewise.
  EXPECT_EQ(took, (std::vector<int64_t>{101, 109, 0, 0, 0, 0, 0, 0, 0, 0, 109, 0}));
}

TEST(SimDisk, the_least_recently_used_pages_leave_the_cache) {
  DiskOptions options = round_figures();
  options.page_cache = kib(16);  // 4 pages
  ColdDisk machine(6, options);
  std::vector<bool> hits;
  machine.run([&] {
    auto file = *machine.files->open("f");
    for (const uint64_t i : {0, 1, 2, 3, 0, 4, 0, 1, 2}) {
      const Instant begin = machine.kernel.now();
      machine.read(*file, i * kPageSize, kPageSize);
      hits.push_back(machine.kernel.now() == begin);
    }
  });
  //                                  0  1  2  3  0  4  0  1  2
  EXPECT_EQ(hits, (std::vector<bool>{0, 0, 0, 0, 1, 0, 1, 0, 0}));
}

TEST(SimDisk, writers_wait_at_the_dirty_limit) {
  DiskOptions options = round_figures();
  options.dirty_max = kib(64);  // 16 pages
  BareMachine machine(options);
  const Duration took = machine.run([&] {
    auto file = machine.create("f");
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(file->append(pages(1), kFlush).has_value());
  });
  // At the eighth page write-back takes those eight, and the writer stops at sixteen. From then on
  // each operation moves the pages of the round before: every page but those of the last rounds
  // passes the channel at 1 us.
  EXPECT_GE(took, microseconds(20 + 1000 - 32));
  EXPECT_LE(took, microseconds(20 + 1000));
  EXPECT_LE(machine.row(kFlush).pages_dirtied - machine.row(kFlush).pages_written, 16u);
  EXPECT_EQ(machine.verify(), "closes");
}

TEST(SimDisk, write_back_begins_at_half_the_limit) {
  DiskOptions options = round_figures();
  options.dirty_max = kib(64);
  BareMachine machine(options);
  machine.run([&] { machine.write("f", pages(7)); });
  machine.pass(seconds(1));
  EXPECT_EQ(machine.row(kWal).pages_written, 0u);
  machine.run([&] { machine.write("g", pages(1)); });
  machine.pass(seconds(1));
  EXPECT_EQ(machine.row(kWal).pages_written, 7u);  // "f" is older; then there is room enough
}

TEST(SimDisk, dirty_pages_are_written_back_at_an_age) {
  BareMachine machine(round_figures());
  machine.run([&] { machine.write("f", pages(3)); });
  machine.pass(seconds(29));
  machine.run([&] { machine.write("g", pages(1)); });
  EXPECT_EQ(machine.row(kWal).pages_written, 0u);
  machine.pass(seconds(2));
  EXPECT_EQ(machine.row(kWal).pages_written, 3u);
  machine.pass(seconds(30));
  EXPECT_EQ(machine.row(kWal).pages_written, 4u);
  const uint64_t events = machine.kernel.event_count();
  machine.pass(days(1));
  EXPECT_LE(machine.kernel.event_count(), events + 1);  // an idle disk is idle
}

TEST(SimDisk, written_back_pages_need_a_flush_to_keep_their_length) {
  BareMachine machine(round_figures());
  std::unique_ptr<env::AppendFile> file;
  machine.run([&] { file = machine.write("f", pages(3)); });
  machine.pass(seconds(31));
  EXPECT_EQ(machine.run([&] { (void)file->sync(kWal); }), microseconds(30));
}

TEST(SimDisk, a_page_is_charged_to_who_dirtied_it_first) {
  BareMachine machine(round_figures());
  machine.run([&] {
    auto file = machine.create("f");
    (void)file->append("a", kWal);
    (void)file->append("b", kManifest);
    (void)file->sync(kManifest);
    (void)file->append("c", kManifest);
    (void)file->append("d", kWal);
    (void)file->sync(kWal);
  });
  EXPECT_EQ(machine.row(kWal).device_bytes_written, kPageSize);
  EXPECT_EQ(machine.row(kManifest).device_bytes_written, kPageSize);
  EXPECT_EQ(machine.row(kWal).file_bytes_written, 2u);
  EXPECT_EQ(machine.row(kWal).syncs, 1u);
  EXPECT_EQ(machine.verify(), "closes");
}

TEST(SimDisk, a_removed_files_dirty_pages_are_never_written) {
  BareMachine machine(round_figures());
  machine.run([&] {
    auto file = machine.write("f", pages(5));
    EXPECT_EQ(machine.disk.used_bytes(), 5 * kPageSize);
    (void)machine.files->remove("f");
    EXPECT_EQ(machine.disk.used_bytes(), 0u);
    EXPECT_EQ(machine.row(kWal).pages_dropped, 0u);  // still open
    file.reset();
    EXPECT_EQ(machine.row(kWal).pages_dropped, 5u);
  });
  machine.pass(minutes(5));
  EXPECT_EQ(machine.disk.device_totals().writes, 0u);
  EXPECT_EQ(machine.verify(), "closes");
}

TEST(SimDisk, a_file_may_be_removed_while_its_pages_are_on_their_way) {
  BareMachine machine(round_figures());
  machine.spawn([&] {
    auto file = machine.write("f", pages(5));
    (void)file->sync(kWal);
  });
  machine.spawn([&] { (void)machine.files->remove("f"); });
  machine.spawn([&] { machine.write("f", pages(2, 'y')); });
  machine.pass(minutes(5));
  machine.run([&] { EXPECT_EQ(machine.read("f"), pages(2, 'y')); });
  EXPECT_EQ(machine.verify(), "closes");
}

TEST(SimDisk, syncs_of_one_file_share_their_operations) {
  BareMachine machine(round_figures());
  std::vector<Duration> took;
  std::unique_ptr<env::AppendFile> file;
  machine.run([&] { file = machine.write("f", pages(2)); });
  const Instant begin = machine.kernel.now();
  for (int i = 0; i < 3; ++i) {
    machine.spawn([&] {
      (void)file->sync(kWal);
      took.push_back(machine.kernel.now() - begin);
    });
  }
  machine.pass(seconds(1));
  EXPECT_EQ(took, (std::vector<Duration>(3, microseconds(20 + 2 + 30))));
  EXPECT_EQ(machine.disk.device_totals().syncs, 1u);
}

TEST(SimDisk, a_sync_covers_what_was_appended_before_it_whatever_comes_after) {
  BareMachine machine(round_figures());
  std::unique_ptr<env::AppendFile> file;
  std::vector<Duration> took;
  const Instant begin = machine.kernel.now();
  machine.run([&] {
    file = machine.write("f", "first");
    machine.spawn([&] {
      (void)file->sync(kWal);
      took.push_back(machine.kernel.now() - begin);
    });
    machine.spawn([&] {
      (void)file->append("second", kWal);
      (void)file->sync(kWal);  // its bytes are not among those on their way
      took.push_back(machine.kernel.now() - begin);
    });
  });
  machine.pass(seconds(1));
  EXPECT_EQ(took, (std::vector<Duration>{microseconds(51), microseconds(51 + 31)}));
}

TEST(SimDisk, lag_slows_every_operation_until_it_is_lifted) {
  ColdDisk machine(3);
  machine.disk.set_lag(milliseconds(10));
  const auto read_page = [&](uint64_t i) {
    return machine.run([&] {
      auto file = *machine.files->open("f");
      machine.read(*file, i * kPageSize, kPageSize);
    });
  };
  EXPECT_EQ(read_page(0), microseconds(10'101));
  EXPECT_EQ(read_page(0), nanoseconds(0));  // the cache does not lag
  machine.disk.set_lag(nanoseconds(0));
  EXPECT_EQ(read_page(1), microseconds(101));
}

TEST(SimDisk, a_process_kill_loses_nothing) {
  BareMachine machine(round_figures());
  machine.run([&] {
    ASSERT_TRUE(machine.files->make_directory("db").has_value());
    machine.write("db/a", "never synced");
    machine.write("db/b", pages(3));
    (void)machine.files->rename("db/b", "db/c");
  });
  machine.kill();
  machine.start();
  machine.run([&] {
    EXPECT_EQ(machine.read("db/a"), "never synced");
    EXPECT_EQ(machine.read("db/b"), "<not found>");
    EXPECT_EQ(machine.read("db/c"), pages(3));
  });
  EXPECT_EQ(machine.verify(), "closes");
}

TEST(SimDisk, an_operation_goes_on_after_its_task_was_killed) {
  BareMachine machine(round_figures());
  machine.spawn([&] {
    auto file = machine.write("f", pages(200));
    machine.sync_directory("");
    (void)file->sync(kWal);
    ADD_FAILURE() << "killed before";
  });
  machine.pass(microseconds(100));
  machine.kill();
  machine.start();
  // The flush holds the channel until 30 + 200 us; this read's page moves then.
  machine.run([&] { EXPECT_TRUE(machine.write("other", "x")->sync(kWal).has_value()); });
  EXPECT_EQ(machine.kernel.now(), Instant{} + microseconds(30 + 200 + 1 + 20 + 30));
  const CrashReport report = machine.lose_power();
  machine.start();
  machine.run([&] { EXPECT_EQ(machine.read("f"), pages(200)); });  // the sync reached its end
  EXPECT_EQ(report.pages_kept + report.pages_lost + report.pages_torn, 0u);
  EXPECT_EQ(machine.verify(), "closes");
}

TEST(SimDisk, tasks_killed_at_every_wait_leave_the_disk_usable) {
  for (int64_t at = 0; at < 400; at += 7) {
    DiskOptions options = round_figures();
    options.dirty_max = kib(32);
    options.page_cache = kib(32);
    BareMachine machine(options);
    for (int i = 0; i < 4; ++i) {
      machine.spawn([&, i] {
        const std::string name = fmt::format("f{}", i);
        auto file = machine.create(name);
        for (int n = 0; n < 50; ++n) {
          (void)file->append(pages(1), kFlush);
          if (n % 9 == i) (void)file->sync(kFlush);
          machine.read(name);
          if (n % 5 == 0) machine.sync_directory("");
        }
      });
    }
    machine.pass(microseconds(at));
    machine.kill();
    machine.start();
    machine.run([&] {
      for (const auto& name : machine.names()) {
        EXPECT_EQ(machine.read(name).size() % kPageSize, 0u);
      }
      EXPECT_TRUE(machine.write("new", pages(20))->sync(kWal).has_value());
    });
    machine.pass(minutes(2));
    EXPECT_EQ(machine.verify(), "closes");
    EXPECT_EQ(machine.disk.ledger().total().pages_dirtied,
              machine.disk.ledger().total().pages_written);
  }
}

TEST(SimDisk, calls_of_a_dead_process_fail_at_once) {
  BareMachine machine(round_figures());
  std::unique_ptr<env::AppendFile> file;
  std::unique_ptr<env::ReadFile> reader;
  machine.run([&] {
    file = machine.write("f", pages(1));
    reader = *machine.files->open("f");
  });
  auto files = std::move(machine.files);
  machine.kill();
  machine.start();
  const auto code = [](const auto& result) {
    return result.has_value() ? "ok" : std::string(to_string(result.error().code));
  };
  // Outside of any task: nothing can suspend here.
  Buffer out;
  EXPECT_EQ(code(file->append("x", kWal)), "I/O error");
  EXPECT_EQ(code(file->sync(kWal)), "I/O error");
  EXPECT_EQ(code(reader->read(0, 1, out, kWal)), "I/O error");
  EXPECT_EQ(code(files->create("g")), "I/O error");
  EXPECT_EQ(code(files->open("f")), "I/O error");
  EXPECT_EQ(code(files->remove("f")), "I/O error");
  EXPECT_EQ(code(files->rename("f", "g")), "I/O error");
  EXPECT_EQ(code(files->list("")), "I/O error");
  EXPECT_EQ(code(files->make_directory("d")), "I/O error");
  EXPECT_EQ(code(files->sync_directory("", kManifest)), "I/O error");
  EXPECT_FALSE(files->exists("f"));
  machine.run([&] { EXPECT_EQ(machine.read("f"), pages(1)); });
}

TEST(SimDisk, the_ideal_profile_takes_no_time_and_makes_no_event) {
  BareMachine machine;
  const uint64_t begin = machine.kernel.event_count();
  const Duration took = machine.run([&] {
    auto file = machine.create("f");
    for (int i = 0; i < 1000; ++i) {
      (void)file->append(pages(1), kWal);
      (void)file->sync(kWal);
    }
    machine.sync_directory("");
    machine.read("f");
  });
  EXPECT_EQ(took, nanoseconds(0));
  EXPECT_EQ(machine.kernel.event_count(), begin + 1);  // the task's start
  EXPECT_EQ(machine.row(kWal).pages_written, 1000u);
}

// A random life with kills and power losses: everything a run can show of it is equal for equal
// seeds, and the ledger closes at any moment.
std::string live(uint64_t seed, const DiskOptions& options) {
  BareMachine machine(options, seed);
  Random random = machine.kernel.stream("test");
  std::string story;
  for (int life = 0; life < 6; ++life) {
    for (int t = 0; t < 3; ++t) {
      machine.spawn([&machine, life, t, r = random.fork(fmt::format("{}/{}", life, t))]() mutable {
        for (int f = 0; f < 4; ++f) {
          const std::string name = fmt::format("{}-{}-{}", life, t, f);
          auto file = machine.create(name);
          for (int i = 0; i < 30; ++i) {
            (void)file->append(std::string(1 + r.below(9000), 'a'), f % 2 ? kWal : kFlush);
            if (r.below(8) == 0) (void)file->sync(kWal);
            if (r.below(8) == 0) machine.read(name);
            if (r.below(20) == 0) machine.sync_directory("");
            if (r.below(4) == 0) machine.kernel.sleep(microseconds(r.between(1, 20'000)));
          }
          if (r.below(3) == 0) (void)machine.files->remove(name);
          if (r.below(3) == 0) (void)machine.files->rename(name, name + "r");
        }
      });
    }
    machine.pass(milliseconds(random.between(1, 300)));
    EXPECT_EQ(machine.verify(), "closes");
    if (random.below(2) == 0) {
      machine.kill();
    } else {
      const CrashReport c = machine.lose_power();
      story += fmt::format("{} {} {} {} {};", c.pages_kept, c.pages_lost, c.pages_torn,
                           c.entries_vanished, c.unlinks_undone);
    }
    EXPECT_EQ(machine.verify(), "closes");
    machine.start();
    machine.run([&] {
      for (const auto& name : machine.names()) story += name + machine.read(name);
    });
  }
  return story + machine.kernel.fingerprint().hex();
}

TEST(SimDisk, equal_seeds_live_equal_lives_and_ledgers_close) {
  DiskOptions tight = profile(DiskProfile::kNvmeEnterprise);
  tight.page_cache = kib(256);
  tight.dirty_max = kib(64);
  tight.write_back_after = milliseconds(20);
  for (const DiskOptions& options : {tight, profile(DiskProfile::kIdeal), round_figures()}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      const std::string story = live(seed, options);
      EXPECT_EQ(hash64(story), hash64(live(seed, options)));
      EXPECT_NE(hash64(story), hash64(live(seed + 100, options)));
    }
  }
}

}  // namespace
}  // namespace revenant::sim
