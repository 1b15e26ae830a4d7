// A Db on files in memory, with verbs. Values read back as "-" (nothing there), "x" (a tombstone)
// or their bytes.
#pragma once

#include "tests/engine/lsm/node.h"
#include "tests/support/memory_file_system.h"

namespace revenant::lsm {

template <typename T>
T must(Result<T> result) {
  CHECK(result.has_value(), "{}", result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline std::string show(const std::optional<Cell>& cell) {
  if (!cell.has_value()) return "-";
  return cell->is_tombstone() ? "x" : cell->value;
}

inline WriteBatch batch(Bytes key, Bytes value, uint64_t version) {
  WriteBatch result;
  result.put(key, value, {version});
  return result;
}
inline WriteBatch tombstone(Bytes key, Instant deletion_time, uint64_t version) {
  WriteBatch result;
  result.remove(key, deletion_time, {version});
  return result;
}

class DbTest : public testing::Test {
 protected:
  DbTest() {
    options.memtable_size = kib(64);
    options.compaction.strategy = CompactionStrategy::kNone;
    node = std::make_unique<Node>(kernel, memory);
    open();
  }
  ~DbTest() override { kill(); }

  // Runs `body` in a task of the node to its end.
  void in_task(std::move_only_function<void()> body) {
    bool done = false;
    node->spawn([&] {
      body();
      done = true;
      kernel.stop();
    });
    kernel.run_until(kernel.now() + hours(1));
    ASSERT_TRUE(done) << "the task is stuck";
  }
  void run_for(Duration time) { kernel.run_until(kernel.now() + time); }

  void open() {
    in_task([&] { db = must(Db::open(node->environment(), options, "db")); });
  }
  void close() {
    in_task([&] { must(db->close()); });
    db.reset();
  }
  // The process dies; its files stay as they are.
  void kill() {
    node->kill();
    db.reset();
  }
  void reopen() {
    if (db != nullptr) close();
    node = std::make_unique<Node>(kernel, memory);
    open();
  }

  void put(Bytes key, Bytes value, uint64_t version = 0) {
    in_task([&] { must(db->write(batch(key, value, version))); });
  }
  void remove(Bytes key, uint64_t version = 0) {
    in_task([&] { must(db->write(tombstone(key, kernel.now(), version))); });
  }
  std::string get(Bytes key) {
    std::string result;
    in_task([&] { result = show(must(db->get(key))); });
    return result;
  }
  std::string scan(Bytes least, Bytes limit) {
    std::string result;
    in_task([&] {
      auto scan = must(db->scan(least, limit));
      for (; scan->valid(); scan->next()) {
        if (!result.empty()) result += ' ';
        result += fmt::format("{}={}", scan->key(), show(Cell(scan->cell())));
      }
      must(scan->status());
    });
    return result;
  }
  // Files, in use or not yet removed.
  int sstables() const {
    int count = 0;
    for (const std::string& path : memory.paths()) count += path.ends_with(".sst");
    return count;
  }
  void flush() {
    in_task([&] { must(db->flush()); });
  }
  void compact() {
    in_task([&] { must(db->compact()); });
  }
  void wait_idle() {
    in_task([&] { db->wait_idle(); });
  }

  tests::MemoryFileSystem memory;
  sim::Kernel kernel{1};
  LsmOptions options;
  std::unique_ptr<Node> node;
  std::unique_ptr<Db> db;
};

}  // namespace revenant::lsm
