// What a power loss may leave, as properties over many seeds. Files hold bytes that tell where they
// stand, never zero, so that every byte found afterwards is either the one written there or a zero.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "tests/sim/disk/bare_machine.h"

namespace revenant::sim {
namespace {

std::string stretch(uint64_t begin, uint64_t end) {
  static const std::string all = content(256 * 1024);
  CHECK(end <= all.size(), "end={}", end);
  return all.substr(begin, end - begin);
}

constexpr uint64_t kSeeds = 200;

// One process that does `body`, a power loss `after` that, and what the next process then finds.
struct Aftermath {
  CrashReport report;
  std::map<std::string, std::string> files;
};
template <typename Body>
Aftermath crash(uint64_t seed, Body body, Duration after = nanoseconds(0),
                const DiskOptions& options = round_figures()) {
  BareMachine machine(options, seed);
  machine.run([&] { body(machine); });
  machine.pass(after);
  Aftermath aftermath{.report = machine.lose_power(), .files = {}};
  EXPECT_EQ(machine.verify(), "closes");
  machine.start();
  machine.run([&] {
    for (const auto& name : machine.names()) aftermath.files[name] = machine.read(name);
  });
  return aftermath;
}

TEST(PowerLoss, synced_files_survive_whole) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto found = crash(seed, [](BareMachine& m) {
      auto file = m.write("f", stretch(0, 10'000));
      (void)file->sync(kWal);
      m.sync_directory("");
    });
    EXPECT_EQ(found.files.at("f"), stretch(0, 10'000));
    EXPECT_EQ(found.report, CrashReport{});
  }
}

// A synced part, then appends of 700 bytes each up to 40,000.
constexpr uint64_t kSynced = 9'000, kAppend = 700, kSize = kSynced + 45 * kAppend;
void append_to_synced(BareMachine& m) {
  auto file = m.write("f", stretch(0, kSynced));
  (void)file->sync(kWal);
  m.sync_directory("");
  for (uint64_t at = kSynced; at < kSize; at += kAppend) {
    (void)file->append(stretch(at, at + kAppend), kWal);
  }
}

TEST(PowerLoss, unsynced_bytes_survive_or_are_zero_and_lengths_are_of_the_past) {
  CrashReport all;
  uint64_t zeros_within = 0;
  std::set<uint64_t> lengths;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto found = crash(seed, append_to_synced);
    all += found.report;
    const std::string& f = found.files.at("f");
    lengths.insert(f.size());
    ASSERT_GE(f.size(), kSynced);
    ASSERT_EQ((f.size() - kSynced) % kAppend, 0u) << "the file never was that long";
    ASSERT_EQ(f.substr(0, kSynced), stretch(0, kSynced)) << "synced bytes";

    // Each sector's unsynced bytes are all there or all zero, and a page's fate is what the report
    // says: count again.
    CrashReport again;
    for (uint64_t page = kSynced / kPageSize; page * kPageSize < f.size(); ++page) {
      uint64_t kept = 0, lost = 0;
      const uint64_t end = std::min<uint64_t>(f.size(), (page + 1) * kPageSize);
      for (uint64_t sector = page * kPageSize; sector < end; sector += kSectorSize) {
        const uint64_t from = std::max(kSynced, sector);
        const uint64_t to = std::min(end, sector + kSectorSize);
        if (from >= to) continue;
        const std::string bytes = f.substr(from, to - from);
        const bool survived = bytes == stretch(from, to);
        ASSERT_TRUE(survived || bytes == std::string(to - from, '\0')) << "torn within a sector";
        ++(survived ? kept : lost);
      }
      if (kept + lost == 0) continue;
      ++(lost == 0 ? again.pages_kept : kept == 0 ? again.pages_lost : again.pages_torn);
      zeros_within += lost;
    }
    again.files_shortened = f.size() < kSize ? 1 : 0;
    ASSERT_EQ(again, found.report);
  }
  EXPECT_GT(zeros_within, 0u);
  EXPECT_GT(all.pages_kept, kSeeds / 2);
  EXPECT_GT(all.pages_lost, kSeeds / 2);
  EXPECT_GT(all.pages_torn, kSeeds / 2);
  EXPECT_GT(all.files_shortened, kSeeds / 2);
  EXPECT_LT(all.files_shortened, kSeeds);
  EXPECT_TRUE(lengths.contains(kSynced));
  EXPECT_TRUE(lengths.contains(kSize));
  EXPECT_GT(lengths.size(), 20u);
}

TEST(PowerLoss, written_back_pages_keep_their_content_but_not_their_length) {
  std::set<uint64_t> lengths;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const DiskOptions& options : {round_figures(), profile(DiskProfile::kIdeal)}) {
      const auto found = crash(seed, append_to_synced, seconds(31), options);
      const std::string& f = found.files.at("f");
      lengths.insert(f.size());
      ASSERT_EQ(f, stretch(0, f.size()));
      EXPECT_EQ(found.report.pages_lost + found.report.pages_torn + found.report.pages_kept, 0u);
    }
  }
  EXPECT_TRUE(lengths.contains(kSynced));
  EXPECT_GT(lengths.size(), 20u);
}

TEST(PowerLoss, pages_on_their_way_to_the_device_are_not_safe) {
  CrashReport all;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    BareMachine machine(round_figures(), seed);
    machine.spawn([&] {
      auto file = machine.write("f", stretch(0, 50 * kPageSize));
      machine.sync_directory("");
      (void)file->sync(kWal);
    });
    machine.pass(microseconds(60));  // 30 for the directory; the write needs 20 + 50 + 30
    all += machine.lose_power();
    EXPECT_EQ(machine.verify(), "closes");
    machine.start();
    machine.run([&] {
      // The queue was emptied with the power.
      const Instant begin = machine.kernel.now();
      EXPECT_TRUE(machine.write("g", "x")->sync(kWal).has_value());
      EXPECT_EQ(machine.kernel.now() - begin, microseconds(20 + 1 + 30));
    });
  }
  EXPECT_GT(all.pages_lost, 0u);
  EXPECT_GT(all.pages_torn, 0u);
  EXPECT_GT(all.files_shortened, 0u);
}

TEST(PowerLoss, unsynced_creations_vanish_or_stay) {
  CrashReport all;
  std::set<size_t> survivors;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto found = crash(seed, [](BareMachine& m) {
      for (const char* name : {"a", "b", "c"}) (void)m.write(name, stretch(0, 100))->sync(kWal);
    });
    for (const auto& [name, bytes] : found.files) EXPECT_EQ(bytes, stretch(0, 100));
    EXPECT_EQ(found.files.size(), found.report.entries_kept);
    EXPECT_EQ(3 - found.files.size(), found.report.entries_vanished);
    survivors.insert(found.files.size());
    all += found.report;
  }
  EXPECT_EQ(survivors, (std::set<size_t>{0, 1, 2, 3}));  // each by a coin of its own
}

TEST(PowerLoss, an_unsynced_removal_may_be_undone_with_the_durable_bytes) {
  CrashReport all;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto found = crash(seed, [](BareMachine& m) {
      auto file = m.write("f", stretch(0, 5000));
      (void)file->sync(kWal);
      m.sync_directory("");
      (void)file->append(stretch(5000, 9000), kWal);
      file.reset();
      (void)m.files->remove("f");
    });
    all += found.report;
    EXPECT_EQ(found.files.contains("f"), found.report.unlinks_undone == 1);
    if (found.files.contains("f")) {
      EXPECT_EQ(found.files.at("f"), stretch(0, 5000));
    }
  }
  EXPECT_GT(all.unlinks_undone, kSeeds / 3);
  EXPECT_GT(all.unlinks_kept, kSeeds / 3);
}

TEST(PowerLoss, an_unsynced_rename_shows_either_name_and_never_both_or_none) {
  CrashReport all;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto found = crash(seed, [](BareMachine& m) {
      (void)m.write("CURRENT", "old")->sync(kManifest);
      (void)m.write("CURRENT.new", "new")->sync(kManifest);
      m.sync_directory("");
      (void)m.files->rename("CURRENT.new", "CURRENT");
    });
    all += found.report;
    using Files = std::map<std::string, std::string>;
    if (found.report.renames_kept == 1) {
      EXPECT_EQ(found.files, (Files{{"CURRENT", "new"}}));
    } else {
      EXPECT_EQ(found.files, (Files{{"CURRENT", "old"}, {"CURRENT.new", "new"}}));
    }
  }
  EXPECT_GT(all.renames_kept, kSeeds / 3);
  EXPECT_GT(all.renames_undone, kSeeds / 3);
}

TEST(PowerLoss, a_file_created_and_renamed_unsynced_shows_at_most_one_name) {
  std::set<std::string> seen;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto found = crash(seed, [](BareMachine& m) {
      (void)m.write("tmp", "bytes")->sync(kManifest);
      (void)m.files->rename("tmp", "final");
    });
    ASSERT_LE(found.files.size(), 1u);
    seen.insert(found.files.empty() ? "none" : found.files.begin()->first);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"none", "tmp", "final"}));
}

TEST(PowerLoss, a_synced_directory_keeps_what_was_done_before_the_sync) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto found = crash(seed, [](BareMachine& m) {
      (void)m.write("a", "a")->sync(kWal);
      (void)m.write("b", "b")->sync(kWal);
      (void)m.write("c", "c")->sync(kWal);
      (void)m.files->remove("a");
      (void)m.files->rename("b", "d");
      m.sync_directory("");
      (void)m.files->remove("c");
    });
    EXPECT_EQ(found.files.at("d"), "b");
    EXPECT_FALSE(found.files.contains("a"));
    EXPECT_FALSE(found.files.contains("b"));
  }
}

TEST(PowerLoss, old_changes_of_a_directory_are_durable_without_a_sync) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const auto found =
        crash(seed, [](BareMachine& m) { (void)m.write("f", "bytes")->sync(kWal); }, seconds(31));
    EXPECT_EQ(found.files.at("f"), "bytes");
  }
}

TEST(PowerLoss, directories_do_not_mix_their_syncs) {
  bool vanished = false;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    BareMachine machine(round_figures(), seed);
    machine.run([&] {
      (void)machine.files->make_directory("db");
      (void)machine.files->make_directory("hints");
      (void)machine.write("db/a", "a")->sync(kWal);
      (void)machine.write("hints/b", "b")->sync(kWal);
      machine.sync_directory("db");
    });
    machine.lose_power();
    machine.start();
    machine.run([&] {
      EXPECT_EQ(machine.read("db/a"), "a");
      vanished |= !machine.files->exists("hints/b");
    });
  }
  EXPECT_TRUE(vanished);
}

TEST(PowerLoss, the_aftermath_is_durable_itself) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    BareMachine machine(round_figures(), seed);
    machine.run([&] { append_to_synced(machine); });
    machine.lose_power();
    machine.start();
    std::string first;
    machine.run([&] { first = machine.read("f"); });
    EXPECT_EQ(machine.lose_power(), CrashReport{});
    machine.start();
    machine.run([&] { EXPECT_EQ(machine.read("f"), first); });
  }
}

TEST(PowerLoss, many_unsynced_lengths_are_remembered_thinned_out) {
  std::set<uint64_t> lengths;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const auto found = crash(seed, [](BareMachine& m) {
      auto file = m.create("f");
      m.sync_directory("");
      for (int i = 0; i < 10'000; ++i) (void)file->append("123", kWal);
    });
    EXPECT_EQ(found.files.at("f").size() % 3, 0u);
    lengths.insert(found.files.at("f").size());
  }
  EXPECT_TRUE(lengths.contains(0));
  EXPECT_TRUE(lengths.contains(30'000));
  EXPECT_GT(lengths.size(), 20u);
}

// Random processes that remember what they made durable; whatever fates are drawn, that is found.
TEST(PowerLoss, promises_hold_in_random_lives) {
  CrashReport all;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    DiskOptions options = round_figures();
    options.dirty_max = kib(128);
    options.page_cache = kib(256);
    options.write_back_after = milliseconds(3);
    BareMachine machine(options, seed);
    struct File {
      uint64_t size = 0, promised = 0;
      bool entry_promised = false, removed = false;
    };
    std::map<std::string, File> model;
    for (int task = 0; task < 3; ++task) {
      machine.spawn([&, task, r = machine.kernel.stream(fmt::format("{}", task))]() mutable {
        for (int f = 0; f < 10; ++f) {
          const std::string name = fmt::format("{}-{}", task, f);
          auto handle = machine.create(name);
          File& file = model[name];
          for (int i = 0; i < 20; ++i) {
            const uint64_t size = 1 + r.below(8000);
            (void)handle->append(stretch(file.size, file.size + size), kWal);
            file.size += size;
            if (r.below(5) == 0) {
              const uint64_t target = file.size;
              (void)handle->sync(kWal);
              file.promised = target;
            }
            if (r.below(9) == 0) {
              machine.sync_directory("");
              file.entry_promised = true;
            }
            if (r.below(5) == 0) machine.kernel.sleep(microseconds(r.between(1, 900)));
          }
          if (r.below(3) == 0) {
            file.removed = true;
            (void)machine.files->remove(name);
          }
        }
      });
    }
    machine.pass(microseconds(machine.kernel.stream("when").between(1, 20'000)));
    all += machine.lose_power();
    EXPECT_EQ(machine.verify(), "closes");
    machine.start();
    machine.run([&] {
      for (const auto& [name, file] : model) {
        if (!machine.files->exists(name)) {
          ASSERT_TRUE(file.removed || !file.entry_promised) << name;
          continue;
        }
        const std::string found = machine.read(name);
        ASSERT_LE(found.size(), file.size);
        ASSERT_GE(found.size(), file.promised);
        ASSERT_EQ(found.substr(0, file.promised), stretch(0, file.promised));
        const std::string written = stretch(0, found.size());
        for (uint64_t i = file.promised; i < found.size(); ++i) {
          if (found[i] != written[i] && found[i] != 0) FAIL() << name << " at " << i;
        }
      }
    });
  }
  EXPECT_GT(all.pages_kept, 0u);
  EXPECT_GT(all.pages_lost, 0u);
  EXPECT_GT(all.pages_torn, 0u);
  EXPECT_GT(all.entries_vanished, 0u);
  EXPECT_GT(all.unlinks_undone, 0u);
}

}  // namespace
}  // namespace revenant::sim
