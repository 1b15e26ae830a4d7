// Each durability contract, by what it may and may not leave after a power loss, over many seeds.
// Bytes tell where they stand and are never zero.
#include <gtest/gtest.h>

#include <set>

#include "tests/sim/disk/bare_machine.h"

namespace revenant::sim {
namespace {

constexpr uint64_t kContractSeeds = 60;

// Writes back at once what is not synced: half of a page is reason enough.
DiskOptions contract(Durability durability) {
  DiskOptions options = round_figures();
  options.durability = durability;
  options.dirty_max = kib(8);
  return options;
}

struct Found {
  std::string content;  // of "f", as the next process reads it
  CrashReport report;
};
// What is left of "f", whose name is durable, when power fails `after` the body.
template <typename Body>
Found power_loss(Durability durability, uint64_t seed, Body body, Duration after) {
  BareMachine machine(contract(durability), seed);
  std::unique_ptr<env::AppendFile> file;
  machine.run([&] {
    file = machine.create("f");
    machine.sync_directory("");
    body(machine, *file);
  });
  machine.pass(after);
  Found found{.content = {}, .report = machine.lose_power()};
  file.reset();
  EXPECT_EQ(machine.verify(), "closes");
  machine.start();
  machine.run([&] { found.content = machine.read("f"); });
  return found;
}

// In how many of the seeds something of the first 12,288 bytes is not there.
template <typename Body>
uint64_t losses(Durability durability, Body body, Duration after) {
  uint64_t count = 0;
  for (uint64_t seed = 1; seed <= kContractSeeds; ++seed) {
    const std::string found = power_loss(durability, seed, body, after).content;
    count += found == content(12'288) ? 0 : 1;
  }
  return count;
}

constexpr auto kAppends = [](BareMachine&, env::AppendFile& f) {
  EXPECT_TRUE(f.append(content(12'288), kWal).has_value());
};
constexpr auto kAppendsAndSyncs = [](BareMachine&, env::AppendFile& f) {
  EXPECT_TRUE(f.append(content(12'288), kWal).has_value());
  EXPECT_TRUE(f.sync(kWal).has_value());
};
constexpr auto kAppendsAndSyncsAnother = [](BareMachine& m, env::AppendFile& f) {
  EXPECT_TRUE(f.append(content(12'288), kWal).has_value());
  auto other = m.write("g", "x");
  EXPECT_TRUE(other->sync(kWal).has_value());
  auto later = m.write("h", "x");
  EXPECT_TRUE(later->sync(kWal).has_value());
};

// Only lengths are at stake where content is safe: a file is empty or whole.
template <typename Body>
uint64_t pages_lost(Durability durability, Body body, Duration after) {
  uint64_t count = 0;
  for (uint64_t seed = 1; seed <= kContractSeeds; ++seed) {
    const CrashReport report = power_loss(durability, seed, body, after).report;
    count += report.pages_lost + report.pages_torn;
  }
  return count;
}

TEST(Durability, what_is_synced_survives_every_contract_but_a_lying_one) {
  for (const Durability durability :
       {Durability::kHonest, Durability::kVolatileCache, Durability::kFsyncErrorDropsPages,
        Durability::kReordered, Durability::kPrefixOnlyAppend}) {
    EXPECT_EQ(losses(durability, kAppendsAndSyncs, nanoseconds(0)), 0u) << enum_name(durability);
  }
  EXPECT_GT(losses(Durability::kLyingFsync, kAppendsAndSyncs, nanoseconds(0)), kContractSeeds / 2);
}

TEST(Durability, an_honest_drive_keeps_pages_that_were_written_back_unsynced) {
  EXPECT_EQ(pages_lost(Durability::kHonest, kAppends, milliseconds(10)), 0u);
}

TEST(Durability, a_volatile_cache_loses_them_until_a_later_flush_or_until_time_has_passed) {
  EXPECT_GT(pages_lost(Durability::kVolatileCache, kAppends, milliseconds(10)), kContractSeeds / 2);
  EXPECT_EQ(pages_lost(Durability::kVolatileCache, kAppendsAndSyncsAnother, milliseconds(10)), 0u);
  EXPECT_EQ(pages_lost(Durability::kVolatileCache, kAppends, seconds(2)), 0u);
}

TEST(Durability, a_lying_drive_is_right_once_its_cache_has_gone_to_the_platter) {
  EXPECT_GT(losses(Durability::kLyingFsync, kAppendsAndSyncs, milliseconds(990)),
            kContractSeeds / 2);
  EXPECT_EQ(losses(Durability::kLyingFsync, kAppendsAndSyncs, milliseconds(1'001)), 0u);
}

TEST(Durability, a_lying_drive_loses_names_too) {
  uint64_t vanished = 0;
  for (uint64_t seed = 1; seed <= kContractSeeds; ++seed) {
    BareMachine machine(contract(Durability::kLyingFsync), seed);
    machine.run([&] {
      machine.write("f", "x");
      machine.sync_directory("");
    });
    vanished += machine.lose_power().entries_vanished;
    machine.start();
  }
  EXPECT_GT(vanished, kContractSeeds / 4);
}

TEST(Durability, reordered_knows_no_barrier_but_the_files_own) {
  EXPECT_GT(pages_lost(Durability::kReordered, kAppends, hours(1)), kContractSeeds / 2);
  EXPECT_GT(pages_lost(Durability::kReordered, kAppendsAndSyncsAnother, hours(1)),
            kContractSeeds / 2);
  uint64_t vanished = 0;
  for (uint64_t seed = 1; seed <= kContractSeeds; ++seed) {
    BareMachine machine(contract(Durability::kReordered), seed);
    machine.run([&] { machine.write("f", "x"); });
    machine.pass(hours(1));
    vanished += machine.lose_power().entries_vanished;
    machine.start();
  }
  EXPECT_GT(vanished, kContractSeeds / 4);
}

TEST(Durability, with_prefix_only_append_an_unsynced_end_is_cut_where_an_append_ended) {
  constexpr uint64_t kEach = 700;
  std::set<uint64_t> lengths;
  for (uint64_t seed = 1; seed <= kContractSeeds; ++seed) {
    const auto found = power_loss(
        Durability::kPrefixOnlyAppend, seed,
        [](BareMachine&, env::AppendFile& f) {
          for (uint64_t at = 0; at < 20 * kEach; at += kEach)
            EXPECT_TRUE(f.append(Bytes(content(at + kEach)).substr(at), kWal).has_value());
        },
        nanoseconds(0));
    EXPECT_EQ(found.content, content(found.content.size()));
    EXPECT_EQ(found.content.size() % kEach, 0u);
    EXPECT_EQ(found.report.pages_lost + found.report.pages_torn, 0u);
    lengths.insert(found.content.size());
  }
  EXPECT_GT(lengths.size(), 5u);
}

// --- a sync that fails ---

struct Retried {
  bool first_failed = false, second_succeeded = false;
  std::string cached, cold;
};
Retried sync_twice(Durability durability, const DiskFault& fault) {
  DiskOptions options = round_figures();
  options.durability = durability;
  BareMachine machine(options);
  Retried seen;
  machine.run([&] {
    auto file = machine.write("f", content(10'000));
    machine.sync_directory("");
    const uint64_t handle = machine.disk.begin_fault(fault);
    const auto first = file->sync(kWal);
    seen.first_failed = !first.has_value() && first.error().code == ErrorCode::kIo;
    machine.disk.end_fault(handle);
    seen.second_succeeded = file->sync(kWal).has_value();
    seen.cached = machine.read("f");
  });
  EXPECT_EQ(machine.verify(), "closes");
  machine.lose_power();
  machine.start();
  machine.run([&] { seen.cold = machine.read("f"); });
  return seen;
}

TEST(Durability, after_a_failed_write_an_honest_kernel_writes_again_at_the_next_sync) {
  const Retried seen = sync_twice(Durability::kHonest, WriteErrors{});
  EXPECT_TRUE(seen.first_failed);
  EXPECT_TRUE(seen.second_succeeded);
  EXPECT_EQ(seen.cached, content(10'000));
  EXPECT_EQ(seen.cold, content(10'000));
}

TEST(Durability, after_a_failed_fsync_the_next_one_succeeds_and_the_pages_are_lost) {
  for (const DiskFault& fault : {DiskFault(WriteErrors{}), DiskFault(SyncErrors{})}) {
    const Retried seen = sync_twice(Durability::kFsyncErrorDropsPages, fault);
    EXPECT_TRUE(seen.first_failed);
    EXPECT_TRUE(seen.second_succeeded);
    EXPECT_EQ(seen.cached, content(10'000));
    EXPECT_EQ(seen.cold, std::string(10'000, '\0'));
  }
}

}  // namespace
}  // namespace revenant::sim
