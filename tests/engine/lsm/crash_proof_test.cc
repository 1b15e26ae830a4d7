// Crashes enumerated: after every operation of short histories that changes something on the disk,
// the images that a power loss there may leave (crash_images.h) are each brought back and judged;
// and so are those that a crash during such a recovery leaves.
//
//   history   open ─ write ─ write ─ flush ─ compact ─ write ─ … ─ close ─ open ─ write ─ …
//                         │ after each operation: image, image, image, …
//   image     open ─ verify ─ write ─ close ─ open ─ verify
//                │ after each operation of some of them: image, image, …
//
// Judged is that
//   - the database opens, and holds exactly what a prefix of the writes, in the order of their
//     arrival, left: so a batch is there whole or not at all, and no deleted key returns
//   - the prefix is no shorter than what was promised: acknowledged writes where a write waits for
//     its sync, all writes before a flush or an orderly end
//   - what was recovered is as durable as what a flush wrote
//   - no file is left that the database does not use
//   - the database takes writes, and has them after an orderly end
//
// REVENANT_CRASH_IMAGES=N tries at least N images (./dev validate crash: a million).
//
// Not covered: crashes of the process alone (the page cache survives; db_crash_test.cc), several
// disks, and images in which more than one power loss tears the same file in use.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <set>

#include "sim/disk/sim_disk.h"
#include "tests/engine/lsm/crash_images.h"
#include "tests/engine/lsm/db_fixture.h"
#include "tests/engine/lsm/life.h"

namespace revenant::lsm {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr uint64_t kImages = 3'000;  // the release build tries them all
#else
constexpr uint64_t kImages = 20'000;
#endif

// What every batch writes besides its data: its number. So a recovered state tells which it is.
constexpr std::string_view kLastBatch = "last batch";

// What a database must hold after a crash: one of these states, from `durable` on.
struct Promise {
  using State = std::map<std::string, std::string, std::less<>>;  // live keys
  std::deque<State> states{State{}};                              // each one batch further
  size_t acknowledged = 0, durable = 0;                           // batches, of these states
};

struct History {
  std::string name;
  LsmOptions options;
  int writers = 1;
  Duration delay_max;  // of each call on the files; more interleavings
};

std::vector<History> histories() {
  LsmOptions base;
  base.memtable_size = ByteSize{600};
  base.gc_grace = {};
  base.sstable.block_size = ByteSize{256};
  base.compaction.strategy = CompactionStrategy::kLeveled;
  base.compaction.level0_file_num_compaction_trigger = 2;
  base.compaction.max_bytes_for_level_base = ByteSize{1500};
  base.compaction.max_bytes_for_level_multiplier = 2;
  base.compaction.target_file_size_base = ByteSize{700};
  base.compaction.min_threshold = 2;
  base.compaction.min_sstable_size = kib(4);
  base.wal.sync = WalSync::kAlways;
  base.wal.sync_period = milliseconds(3);

  std::vector<History> result;
  result.push_back({.name = "synced", .options = base, .delay_max = {}});
  result.back().options.versions = Versions::kSequence;
  result.push_back({.name = "periodic", .options = base, .delay_max = microseconds(100)});
  result.back().options.wal.sync = WalSync::kPeriodic;
  result.back().options.compaction.strategy = CompactionStrategy::kSizeTiered;
  result.push_back(
      {.name = "group", .options = base, .writers = 3, .delay_max = microseconds(200)});
  result.back().options.wal.sync = WalSync::kGroup;
  result.push_back({.name = "manifests", .options = base, .delay_max = microseconds(50)});
  result.back().options.max_manifest_file_size = ByteSize{500};
  result.back().options.versions = Versions::kSequence;
  return result;
}

class Proof {
 public:
  explicit Proof(uint64_t images_per_operation, std::optional<SyncKind> left_out = std::nullopt)
      : images_per_operation_(images_per_operation), left_out_(left_out) {}

  // One history, to its end or to the first image that is not brought back right.
  void run(const History& history, uint64_t seed) {
    history_ = &history;
    seen_.clear();
    random_.emplace(seed, history.name);
    Promise promise;
    Life life(kernels_[kDepth], seed, {});
    set_up(life);
    Random script = random_->fork("script");
    const std::string where = fmt::format("{}, seed {}", history.name, seed);
    life.run([&] { write_history(life, promise, script); },
             [&](const std::string& operation) {
               ++operations;
               return try_images(life.disk, promise, kDepth, where, operation);
             });
  }

  uint64_t operations = 0, images = 0, images_in_recovery = 0;
  std::optional<std::string> problem;

 private:
  // Crashes one after the other without an orderly start between them: in the history, and in the
  // recovery after it.
  static constexpr int kDepth = 2;
  // One image of so many has its own recovery crashed.
  static constexpr uint64_t kRecoveriesCrashed = 100;

  void set_up(Life& life) const {
    life.points.left_out = left_out_;
    life.node.files.delay_max = history_->delay_max;
  }
  void write_history(Life& life, Promise& promise, Random& r) {
    open(life);
    int writing = history_->writers;
    for (int writer = 0; writer < history_->writers; ++writer) {
      life.node.spawn([&, mine = r.fork(fmt::format("writer {}", writer))]() mutable {
        for (int i = 0; i < 24 / history_->writers; ++i) {
          write(life, promise, mine);
          if (mine.below(3) == 0)
            life.node.tasks().sleep(microseconds(static_cast<int64_t>(mine.below(2000))));
          if (mine.below(10) == 0) flush(life, promise);
        }
        --writing;
      });
    }
    while (writing > 0) life.node.tasks().sleep(microseconds(100));
    must(life.db->compact());
    for (int i = 0; i < 3; ++i) write(life, promise, r);
    close(life, promise);
    open(life);
    for (int i = 0; i < 6; ++i) write(life, promise, r);
    life.db->wait_idle();
    life.node.tasks().sleep(milliseconds(1));
  }

  void open(Life& life) {
    life.db = must(Db::open(life.node.environment(), history_->options, "db"));
  }
  void close(Life& life, Promise& promise) {
    must(life.db->close());
    promise.durable = promise.states.size() - 1;  // no write was under way
    life.db.reset();
  }
  void flush(Life& life, Promise& promise) {
    const size_t before = promise.acknowledged;
    must(life.db->flush());
    promise.durable = std::max(promise.durable, before);
  }
  void write(Life& life, Promise& promise, Random& r) {
    const uint64_t id = ++last_id_;
    WriteBatch batch;
    Promise::State state = promise.states.back();
    const auto put = [&](const std::string& key, const std::string& value) {
      batch.put(key, value, {id});
      state[key] = value;
    };
    for (auto n = r.below(4); n > 0; --n) {
      const std::string key = fmt::format("k{}", n * 3 + r.below(3));
      if (r.below(3) == 0) {
        batch.remove(key, life.kernel.now(), {id});
        state.erase(key);
      } else {
        put(key, fmt::format("{}:{}", id, std::string(r.below(120), 'v')));
      }
    }
    if (r.below(6) == 0) {
      // Several keys, in the order of their bytes: k10 comes before k3.
      const std::string start = fmt::format("k{}", 3 + r.below(9)), end = "k9~";
      batch.remove_range(start, end, life.kernel.now(), {id});
      state.erase(state.lower_bound(start), state.lower_bound(end));
    }
    put(std::string(kLastBatch), fmt::format("{}", id));
    promise.states.push_back(std::move(state));
    const size_t mine = promise.states.size() - 1;
    must(life.db->write(std::move(batch)));
    promise.acknowledged = std::max(promise.acknowledged, mine);
    if (history_->options.wal.sync != WalSync::kPeriodic)
      promise.durable = std::max(promise.durable, mine);
  }

  // False after a problem.
  bool try_images(sim::SimDisk& disk, const Promise& promise, int depth, const std::string& where,
                  const std::string& operation) {
    CrashImages::enumerate(
        disk, depth == kDepth ? images_per_operation_ : images_per_operation_ / 4, *random_,
        [&](const sim::DiskContents& contents, const auto& fates) {
          const uint64_t promised = promise.durable << 32 | promise.states.size();
          if (!seen_.insert(CrashImages::hash_of(contents) ^ promised * 0x9e3779b97f4a7c15).second)
            return true;
          ++images;
          if (depth < kDepth) ++images_in_recovery;
          const auto here = [&] {
            return fmt::format("{}, crash after {}, lost: {}", where, operation, fates.lost());
          };
          const bool crashed_again = depth > 1 && images % kRecoveriesCrashed == 0;
          if (auto wrong = bring_back(contents, promise, crashed_again ? depth - 1 : 0, here))
            problem = fmt::format("{}: {}", here(), *wrong);
          return !problem.has_value();
        });
    return !problem.has_value();
  }

  // What is wrong with the database recovered from an image, if something is.
  template <typename Where>
  std::optional<std::string> bring_back(const sim::DiskContents& contents, Promise promise,
                                        int depth, Where where) {
    std::optional<std::string> wrong;
    Life life(kernels_[static_cast<size_t>(depth)], images, contents);
    set_up(life);
    std::function<bool(const std::string&)> at_operation;
    if (depth > 0) {
      const std::string here = where();
      at_operation = [this, here, depth, &life, &promise](const std::string& operation) {
        return try_images(life.disk, promise, depth, here, operation);
      };
    }
    life.run(
        [&] {
          wrong = verify(life, promise);
          if (wrong.has_value()) return;
          Random r(images, "after recovery");
          write(life, promise, r);
          close(life, promise);
          wrong = verify(life, promise);
          if (wrong.has_value()) wrong = "after an orderly end, " + *wrong;
        },
        at_operation);
    return wrong;
  }

  // Opens the database and leaves as promised what it found.
  std::optional<std::string> verify(Life& life, Promise& promise) {
    auto opened = Db::open(life.node.environment(), history_->options, "db");
    if (!opened.has_value()) return fmt::format("it does not open: {}", opened.error());
    life.db = std::move(*opened);
    Promise::State found;
    auto scan = life.db->scan("", "");
    if (!scan.has_value()) return fmt::format("it cannot be read: {}", scan.error());
    for (; (*scan)->valid(); (*scan)->next()) {
      const CellView cell = (*scan)->cell();
      if (!cell.is_tombstone()) found.emplace((*scan)->key(), cell.value);
    }
    if (auto status = (*scan)->status(); !status.has_value())
      return fmt::format("it cannot be read: {}", status.error());
    scan->reset();

    const auto batch_of = [](const Promise::State& state) {
      const auto last = state.find(kLastBatch);
      return last == state.end() ? std::string("none") : last->second;
    };
    size_t prefix = promise.states.size();
    while (prefix > 0 && batch_of(promise.states[prefix - 1]) != batch_of(found)) --prefix;
    if (prefix == 0) return fmt::format("batch {} is no state it ever had", batch_of(found));
    --prefix;
    if (prefix < promise.durable) {
      return fmt::format("batch {} of {} is the last, and {} was promised", batch_of(found),
                         batch_of(promise.states.back()),
                         batch_of(promise.states[promise.durable]));
    }
    if (found != promise.states[prefix]) {
      return fmt::format("after batch {} it holds {} instead of {}", batch_of(found), show(found),
                         show(promise.states[prefix]));
    }
    promise.states = {std::move(found)};
    promise.acknowledged = promise.durable = 0;

    // Compactions that were due, and the removal of their inputs, file by file.
    life.db->wait_idle();
    life.node.tasks().sleep(milliseconds(50));
    std::map<FileKind, uint64_t> files;
    for (const std::string& name : must(life.node.environment().files.list("db"))) {
      if (const auto parsed = parse_file_name(name)) ++files[parsed->kind];
    }
    uint64_t sstables = 0;
    for (const LevelMetrics& level : life.db->metrics().levels) sstables += level.sstables;
    if (files[FileKind::kSstable] != sstables) {
      return fmt::format("{} SSTables of {} are orphans", files[FileKind::kSstable] - sstables,
                         files[FileKind::kSstable]);
    }
    if (files[FileKind::kManifest] != 1 || files[FileKind::kTemporary] != 0 ||
        files[FileKind::kWal] != 0) {
      return fmt::format("left over: {} manifests, {} temporary files, {} segments",
                         files[FileKind::kManifest] - 1, files[FileKind::kTemporary],
                         files[FileKind::kWal]);
    }
    return std::nullopt;
  }

  static std::string show(const Promise::State& state) {
    std::string result;
    for (const auto& [key, value] : state)
      result += fmt::format(" {}={}", key, value.substr(0, value.find(':')));
    return "{" + result + " }";
  }

  std::array<sim::Kernel, kDepth + 1> kernels_{sim::Kernel{1}, sim::Kernel{2}, sim::Kernel{3}};
  const uint64_t images_per_operation_;
  const std::optional<SyncKind> left_out_;
  const History* history_ = nullptr;
  std::optional<Random> random_;
  std::set<uint64_t> seen_;  // images with what was promised of them, of this history
  uint64_t last_id_ = 0;
};

TEST(CrashProof, EveryImageOfEveryCrashIsBroughtBackAsAPrefixWithAllThatWasPromised) {
  const char* const wanted = std::getenv("REVENANT_CRASH_IMAGES");
  const uint64_t images = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : kImages;
  Proof proof(images > kImages ? 60 : 16);
  for (uint64_t seed = 1; proof.images < images && !proof.problem.has_value(); ++seed) {
    for (const History& history : histories()) {
      proof.run(history, seed);
      ASSERT_FALSE(proof.problem.has_value()) << *proof.problem;
    }
  }
  fmt::print("found: {} crash images after {} operations, {} of them in recovery, none wrong\n",
             proof.images, proof.operations, proof.images_in_recovery);
  EXPECT_GE(proof.images, images);
  EXPECT_GT(proof.images_in_recovery, proof.images / 20);
}

class CrashProofControl : public testing::TestWithParam<SyncKind> {};

// The proof sees what it claims to see: without any one of the protocol's syncs it fails.
TEST_P(CrashProofControl, FailsWithoutASyncThatIsNeeded) {
  Proof proof(16, GetParam());
  for (uint64_t seed = 1; seed <= 3 && !proof.problem.has_value(); ++seed) {
    for (const History& history : histories()) {
      if (!proof.problem.has_value()) proof.run(history, seed);
    }
  }
  EXPECT_TRUE(proof.problem.has_value())
      << to_string(GetParam()) << ": " << proof.images << " images, and none needed it";
  fmt::print("without the {}: {}\n", to_string(GetParam()), proof.problem.value_or("nothing"));
}

INSTANTIATE_TEST_SUITE_P(
    All, CrashProofControl,
    testing::Values(SyncKind::kWal, SyncKind::kSstableOfFlush, SyncKind::kSstableOfCompaction,
                    SyncKind::kManifest, SyncKind::kTemporary, SyncKind::kDirectoryOfWal,
                    SyncKind::kDirectoryOfFlush, SyncKind::kDirectoryOfCompaction,
                    SyncKind::kDirectoryBeforeCurrent, SyncKind::kDirectoryAfterCurrent),
    [](const auto& test) {
      std::string name;
      for (const char c : to_string(test.param))
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
      return name;
    });

}  // namespace
}  // namespace revenant::lsm
