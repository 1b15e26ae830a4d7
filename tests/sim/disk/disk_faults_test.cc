// Each fault against a case worked out by hand: a page moves in 1 us, a read takes 100 us, a write
// 20 us, a sync 30 us besides. Bytes tell where they stand and are never zero.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "engine/lsm/file_names.h"
#include "sim/disk/device_queue.h"
#include "tests/sim/disk/bare_machine.h"

namespace revenant::sim {
namespace {

constexpr Probability percent(int64_t n) { return {n * 10'000'000}; }

// A machine whose cache holds nothing: every read goes to the device.
DiskOptions no_cache() {
  DiskOptions options = round_figures();
  options.page_cache = ByteSize{0};
  return options;
}

class FaultyDisk : public BareMachine {
 public:
  explicit FaultyDisk(const DiskOptions& options = no_cache(), uint64_t seed = 1)
      : BareMachine(options, seed) {}

  // A file with these bytes, synced, name and all.
  void put(const std::string& path, Bytes bytes) {
    run([&] {
      auto file = write(path, bytes);
      EXPECT_TRUE(file->sync(kWal).has_value());
      sync_directory("");
    });
    (void)found(path);  // what the cache has no room for leaves it at the next read
  }
  // "ok", or the code of the error.
  std::string outcome_of_read(const std::string& path, uint64_t offset, uint64_t size) {
    std::string outcome;
    run([&] {
      Buffer out;
      const auto done = (*files->open(path))->read(offset, size, out, kClientRead);
      outcome = done.has_value() ? "ok" : to_string(done.error().code);
    });
    return outcome;
  }
  std::string found(const std::string& path) {
    std::string bytes;
    run([&] { bytes = read(path); });
    return bytes;
  }
};

TEST(FileKind, is_told_by_the_engines_names) {
  using enum lsm::FileKind;
  const auto kind = [](lsm::FileKind k) { return file_kind_of(lsm::path_of("db", {k, {7}})); };
  EXPECT_EQ(kind(kSstable), FileKind::kSstable);
  EXPECT_EQ(kind(kWal), FileKind::kWal);
  EXPECT_EQ(kind(kManifest), FileKind::kManifest);
  EXPECT_EQ(kind(kTemporary), FileKind::kManifest);
  EXPECT_EQ(file_kind_of(lsm::current_path("db")), FileKind::kManifest);
  EXPECT_EQ(file_kind_of("hints/2-000001.log"), FileKind::kHints);
}

// --- reads ---

TEST(ReadErrors, strike_only_the_bytes_concerned_and_take_the_devices_time) {
  FaultyDisk machine;
  machine.put("1.sst", content(12'288));
  ReadErrors fault;
  fault.strikes.from = {4096};
  fault.strikes.to = ByteSize{8192};
  const uint64_t handle = machine.disk.begin_fault(fault);
  EXPECT_EQ(machine.outcome_of_read("1.sst", 0, 4096), "ok");
  EXPECT_EQ(machine.outcome_of_read("1.sst", 8192, 4096), "ok");
  const Instant before = machine.kernel.now();
  EXPECT_EQ(machine.outcome_of_read("1.sst", 5000, 10), "I/O error");
  EXPECT_EQ(machine.kernel.now() - before, microseconds(101));
  EXPECT_EQ(machine.outcome_of_read("1.sst", 0, 12'288), "I/O error");
  EXPECT_EQ(machine.disk.fault_counts().read_errors, 2u);
  machine.disk.end_fault(handle);
  EXPECT_EQ(machine.found("1.sst"), content(12'288));
  EXPECT_EQ(machine.verify(), "closes");
}

TEST(ReadErrors, leave_other_kinds_of_files_and_cached_pages_alone) {
  FaultyDisk machine(round_figures());
  machine.put("1.wal", content(4096));
  machine.put("1.sst", content(4096));
  ReadErrors fault;
  fault.strikes.files = FileKind::kWal;
  machine.disk.begin_fault(fault);
  EXPECT_EQ(machine.outcome_of_read("1.wal", 0, 4096), "ok");  // it was never evicted
  machine.lose_power();
  machine.start();
  EXPECT_EQ(machine.outcome_of_read("1.sst", 0, 4096), "ok");
  EXPECT_EQ(machine.outcome_of_read("1.wal", 0, 4096), "I/O error");
}

TEST(ReadErrors, that_pass_come_by_their_chance) {
  FaultyDisk machine;
  machine.put("1.sst", content(4096));
  ReadErrors fault;
  fault.strikes.chance = percent(30);
  machine.disk.begin_fault(fault);
  int failed = 0;
  for (int i = 0; i < 4'000; ++i)
    failed += machine.outcome_of_read("1.sst", 0, 4096) == "I/O error" ? 1 : 0;
  EXPECT_NEAR(failed, 1'200, 90);  // 3 sigma
  EXPECT_EQ(machine.disk.fault_counts().read_errors, static_cast<uint64_t>(failed));
}

TEST(ReadErrors, that_stick_hold_their_pages_until_the_fault_ends) {
  FaultyDisk machine;
  machine.put("1.sst", content(200 * 4096));
  ReadErrors fault;
  fault.sticky = true;
  fault.strikes.chance = percent(10);
  const uint64_t handle = machine.disk.begin_fault(fault);
  std::set<uint64_t> bad;
  for (uint64_t page = 0; page < 200; ++page) {
    if (machine.outcome_of_read("1.sst", page * 4096, 4096) == "I/O error") bad.insert(page);
  }
  EXPECT_GT(bad.size(), 8u);
  EXPECT_LT(bad.size(), 35u);
  for (uint64_t page : bad)
    EXPECT_EQ(machine.outcome_of_read("1.sst", page * 4096, 4096), "I/O error");
  machine.disk.end_fault(handle);
  EXPECT_EQ(machine.found("1.sst"), content(200 * 4096));
}

// --- writes and syncs ---

TEST(WriteErrors, of_write_back_are_told_by_the_next_sync_once) {
  DiskOptions options = round_figures();
  options.write_back_after = milliseconds(1);
  FaultyDisk machine(options);
  std::unique_ptr<env::AppendFile> file;
  machine.run([&] { file = machine.write("1.wal", content(5'000)); });
  const uint64_t handle = machine.disk.begin_fault(WriteErrors{});
  machine.pass(milliseconds(100));
  EXPECT_EQ(machine.disk.fault_counts().write_errors, 1u);  // stuck: write-back leaves it alone
  machine.disk.end_fault(handle);
  machine.run([&] {
    const auto told = file->sync(kWal);
    ASSERT_FALSE(told.has_value());
    EXPECT_EQ(told.error().code, ErrorCode::kIo);
    EXPECT_TRUE(file->append("more", kWal).has_value());
    EXPECT_TRUE(file->sync(kWal).has_value());
    machine.sync_directory("");
  });
  EXPECT_EQ(machine.verify(), "closes");
  file.reset();
  machine.lose_power();
  machine.start();
  EXPECT_EQ(machine.found("1.wal"), content(5'000) + "more");
}

TEST(WriteErrors, reach_every_sync_that_waits) {
  FaultyDisk machine(round_figures());
  machine.disk.begin_fault(WriteErrors{});
  std::unique_ptr<env::AppendFile> file;
  int failed = 0;
  machine.run([&] { file = machine.write("1.wal", content(5'000)); });
  for (int i = 0; i < 3; ++i)
    machine.spawn([&] { failed += file->sync(kWal).has_value() ? 0 : 1; });
  machine.pass(milliseconds(1));
  EXPECT_EQ(failed, 3);
}

TEST(WriteErrors, do_not_stop_writers_at_the_dirty_limit) {
  DiskOptions options = round_figures();
  options.dirty_max = kib(64);
  FaultyDisk machine(options);
  WriteErrors fault;
  fault.strikes.files = FileKind::kWal;
  machine.disk.begin_fault(fault);
  machine.run([&] {
    auto file = machine.create("1.wal");
    auto other = machine.create("2.sst");
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(file->append(content(4096), kWal).has_value());
      EXPECT_TRUE(other->append(content(4096), kFlush).has_value());
    }
    EXPECT_FALSE(file->sync(kWal).has_value());
    EXPECT_TRUE(other->sync(kFlush).has_value());
  });
  EXPECT_EQ(machine.verify(), "closes");
}

TEST(SyncErrors, of_a_directory_leave_its_names_unsynced) {
  uint64_t vanished = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    FaultyDisk machine(round_figures(), seed);
    machine.run([&] {
      machine.write("f", "x");
      SyncErrors fault;
      fault.files = FileKind::kDirectory;
      const uint64_t handle = machine.disk.begin_fault(fault);
      const auto synced = machine.files->sync_directory("", kManifest);
      ASSERT_FALSE(synced.has_value());
      EXPECT_EQ(synced.error().code, ErrorCode::kIo);
      machine.disk.end_fault(handle);
    });
    EXPECT_EQ(machine.disk.fault_counts().sync_errors, 1u);
    vanished += machine.lose_power().entries_vanished;
    machine.start();
  }
  EXPECT_GT(vanished, 8u);
  EXPECT_LT(vanished, 32u);
}

// --- what reaches the platter ---

uint64_t bits_that_differ(const std::string& a, const std::string& b) {
  EXPECT_EQ(a.size(), b.size());
  uint64_t bits = 0;
  for (size_t i = 0; i < a.size(); ++i)
    bits += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(a[i] ^ b[i])));
  return bits;
}

TEST(BitRot, shows_once_the_page_has_left_the_cache) {
  FaultyDisk machine(round_figures());
  machine.put("1.sst", content(40'000));
  machine.put("1.wal", content(40'000));
  machine.disk.begin_fault(BitRot{.files = FileKind::kSstable, .from = {}, .to = {}, .bits = 1});
  EXPECT_EQ(machine.found("1.sst"), content(40'000));
  machine.lose_power();
  machine.start();
  EXPECT_EQ(bits_that_differ(machine.found("1.sst"), content(40'000)), 1u);
  EXPECT_EQ(machine.found("1.wal"), content(40'000));
  EXPECT_EQ(machine.disk.fault_counts().bits_flipped, 1u);
}

TEST(BitRot, keeps_to_its_range_and_spreads_evenly_over_it) {
  FaultyDisk machine;
  machine.put("1.sst", content(40'000));
  machine.disk.begin_fault(
      BitRot{.files = FileKind::kAny, .from = {10'000}, .to = ByteSize{20'000}, .bits = 400});
  const std::string found = machine.found("1.sst"), right = content(40'000);
  EXPECT_EQ(found.substr(0, 10'000), right.substr(0, 10'000));
  EXPECT_EQ(found.substr(20'000), right.substr(20'000));
  // 400 of 80,000 bits, one of them twice now and then; half of them in either half.
  EXPECT_NEAR(static_cast<double>(bits_that_differ(found, right)), 399, 6);
  EXPECT_NEAR(
      static_cast<double>(bits_that_differ(found.substr(0, 15'000), right.substr(0, 15'000))), 200,
      40);
}

TEST(TornWrites, leave_a_prefix_of_whole_sectors) {
  std::set<size_t> lengths;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    FaultyDisk machine(no_cache(), seed);
    machine.disk.begin_fault(TornWrites{});
    machine.put("1.sst", content(10'000));
    const std::string found = machine.found("1.sst");
    const size_t whole = found.find('\0');
    ASSERT_NE(whole, found.npos);
    EXPECT_EQ(found, content(whole) + std::string(10'000 - whole, '\0'));
    EXPECT_EQ(whole % kSectorSize, 0u);
    EXPECT_GE(whole, kSectorSize);
    lengths.insert(whole);
    EXPECT_EQ(machine.disk.fault_counts().torn_writes, 1u);
  }
  EXPECT_GT(lengths.size(), 8u);
}

TEST(LostWrites, are_acknowledged_and_show_what_was_there_before) {
  FaultyDisk machine(round_figures());
  std::unique_ptr<env::AppendFile> file;
  machine.run([&] {
    file = machine.write("1.wal", content(1'000));
    EXPECT_TRUE(file->sync(kWal).has_value());
    machine.sync_directory("");
    const uint64_t handle = machine.disk.begin_fault(LostWrites{});
    EXPECT_TRUE(file->append("lost", kWal).has_value());
    EXPECT_TRUE(file->sync(kWal).has_value());
    machine.disk.end_fault(handle);
    EXPECT_EQ(machine.read("1.wal"), content(1'000) + "lost");
  });
  EXPECT_EQ(machine.disk.fault_counts().lost_writes, 1u);
  file.reset();
  machine.lose_power();
  machine.start();
  EXPECT_EQ(machine.found("1.wal"), content(1'000) + std::string(4, '\0'));
}

TEST(LostWrites, are_mended_when_the_page_is_written_again) {
  FaultyDisk machine(round_figures());
  std::unique_ptr<env::AppendFile> file;
  machine.run([&] {
    file = machine.write("1.wal", content(1'000));
    const uint64_t handle = machine.disk.begin_fault(LostWrites{});
    EXPECT_TRUE(file->sync(kWal).has_value());
    machine.disk.end_fault(handle);
    EXPECT_TRUE(file->append("more", kWal).has_value());
    EXPECT_TRUE(file->sync(kWal).has_value());
    machine.sync_directory("");
  });
  file.reset();
  machine.lose_power();
  machine.start();
  EXPECT_EQ(machine.found("1.wal"), content(1'000) + "more");
}

TEST(MisdirectedWrites, spoil_a_page_of_another_file_and_miss_their_own) {
  FaultyDisk machine;
  machine.put("1.sst", content(3 * 4096));
  machine.disk.begin_fault(MisdirectedWrites{});
  const std::string stray(4096, 'x');
  machine.put("2.sst", stray);
  EXPECT_EQ(machine.found("2.sst"), std::string(4096, '\0'));
  const std::string spoiled = machine.found("1.sst"), right = content(3 * 4096);
  int pages = 0;
  for (size_t at = 0; at < spoiled.size(); at += 4096) {
    const bool hit = spoiled.substr(at, 4096) == stray;
    pages += hit ? 1 : 0;
    EXPECT_TRUE(hit || spoiled.substr(at, 4096) == right.substr(at, 4096));
  }
  EXPECT_EQ(pages, 1);
  EXPECT_EQ(machine.disk.fault_counts().misdirected_writes, 1u);
}

// --- room ---

TEST(FullDisk, leaves_what_is_free_and_takes_it_away_at_its_rate) {
  FaultyDisk machine(round_figures());
  machine.put("f", content(5'000));
  std::unique_ptr<env::AppendFile> file;
  const uint64_t handle =
      machine.disk.begin_fault(FullDisk{.free = {10'000}, .shrinks = Bandwidth{1'000}});
  machine.run([&] {
    file = machine.create("g");
    EXPECT_TRUE(file->append(content(4'000), kWal).has_value());
  });
  machine.pass(seconds(5));  // 5,000 of the 6,000 left are gone
  machine.run([&] {
    const auto refused = file->append(content(1'001), kWal);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(file->size(), 5'000u);
  });
  machine.disk.end_fault(handle);
  machine.run([&] { EXPECT_TRUE(file->append(content(1'001), kWal).has_value()); });
  EXPECT_EQ(machine.disk.fault_counts().appends_refused, 1u);
}

// --- speed ---

DeviceOperation read_page() {
  return {.kind = DeviceOperationKind::kRead, .bytes = kPageSize, .file = 1, .first_page = 0};
}
DeviceQueue round_queue() { return {round_figures(), Random(1, "latency")}; }

TEST(Stall, holds_what_comes_and_not_what_is_under_way) {
  DeviceQueue queue = round_queue();
  EXPECT_EQ(queue.submit(read_page(), us(0)), us(101));
  queue.stall_until(us(1'050));
  EXPECT_EQ(queue.submit(read_page(), us(50)), us(1'050 + 101));
  EXPECT_EQ(queue.submit(read_page(), us(2'000)), us(2'101));
  EXPECT_EQ(queue.operations_stalled(), 1u);
}

TEST(FailSlow, multiplies_latency_and_transfer) {
  DeviceQueue queue = round_queue();
  queue.begin_slowness(
      1, {.factor = 10, .delay = {}, .multiples = 1, .jitter = {}, .chance = kAlways});
  EXPECT_EQ(queue.submit(read_page(), us(0)), us(1'010));
  EXPECT_EQ(queue.submit(read_page(), us(0)), us(1'020));  // the channel was taken for 10 us
  queue.end_slowness(1);
  EXPECT_EQ(queue.submit(read_page(), us(5'000)), us(5'101));
  EXPECT_EQ(queue.operations_slowed(), 2u);
}

TEST(FailSlow, of_several_the_greatest_factor_counts_and_every_delay) {
  DeviceQueue queue = round_queue();
  queue.begin_slowness(
      1, {.factor = 10, .delay = us(5) - us(0), .multiples = 1, .jitter = {}, .chance = kAlways});
  queue.begin_slowness(
      2, {.factor = 3, .delay = us(7) - us(0), .multiples = 1, .jitter = {}, .chance = kAlways});
  EXPECT_EQ(queue.submit(read_page(), us(0)), us(1'010 + 12));
}

// FAST'18: SSDs throttled in multiples of 250 us up to 3 ms.
TEST(FailSlow, adds_multiples_of_its_delay) {
  DeviceQueue queue = round_queue();
  queue.begin_slowness(
      1,
      {.factor = 1, .delay = microseconds(250), .multiples = 12, .jitter = {}, .chance = kAlways});
  std::map<int64_t, int> seen;
  for (int64_t i = 0; i < 12'000; ++i) {
    const Instant now = us(10'000 * i);
    const Duration more = queue.submit(read_page(), now) - now - microseconds(101);
    EXPECT_EQ(more.ns % 250'000, 0);
    ++seen[more.ns / 250'000];
  }
  EXPECT_EQ(seen.begin()->first, 1);
  EXPECT_EQ(seen.rbegin()->first, 12);
  for (const auto& [times, count] : seen) EXPECT_NEAR(count, 1'000, 100);
}

TEST(FailSlow, jitters_exponentially_and_by_chance) {
  DeviceQueue queue = round_queue();
  queue.begin_slowness(
      1,
      {.factor = 1, .delay = {}, .multiples = 1, .jitter = milliseconds(1), .chance = percent(20)});
  std::vector<double> jitter;
  for (int64_t i = 0; i < 50'000; ++i) {
    const Instant now = us(100'000 * i);
    const Duration more = queue.submit(read_page(), now) - now - microseconds(101);
    if (more.ns > 0) jitter.push_back(static_cast<double>(more.ns) / 1e6);
  }
  EXPECT_NEAR(static_cast<double>(jitter.size()), 10'000, 300);
  std::ranges::sort(jitter);
  EXPECT_NEAR(jitter[jitter.size() / 2], 0.693, 0.03);
  EXPECT_NEAR(jitter[jitter.size() * 99 / 100], 4.605, 0.25);
}

// A fault that concerns nothing here changes nothing: it draws from no stream that is used.
TEST(DiskFaults, a_fault_that_is_off_or_elsewhere_leaves_the_run_as_it_was) {
  const auto fingerprint = [](bool armed) {
    DiskOptions options = round_figures();
    options.latency = LatencyDistribution::kExponential;
    FaultyDisk machine(options);
    if (armed) {
      ReadErrors fault;
      fault.strikes.files = FileKind::kHints;
      fault.strikes.chance = percent(50);
      machine.disk.begin_fault(fault);
    }
    machine.put("1.sst", content(40'000));
    machine.lose_power();
    machine.start();
    (void)machine.found("1.sst");
    return fmt::format("{}", machine.kernel.now() - Instant{});
  };
  EXPECT_EQ(fingerprint(true), fingerprint(false));
}

}  // namespace
}  // namespace revenant::sim
