// A Db on a machine, with verbs. Values read back as "-" (nothing there), "x" (a tombstone)
// or their bytes.
#pragma once

#include "tests/engine/lsm/machine.h"

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

class DbVerbs : public testing::Test {
 protected:
  explicit DbVerbs(std::unique_ptr<Machine> machine) : machine_(std::move(machine)) {
    options.memtable_size = kib(64);
    options.compaction.strategy = CompactionStrategy::kNone;
    machine_->boot();
    open();
  }
  ~DbVerbs() override { kill(); }

  // Runs `body` in a task of the node to its end.
  void in_task(std::move_only_function<void()> body) { machine_->run(std::move(body)); }
  void wait_until(const std::function<bool()>& condition) { machine_->wait_until(condition); }

  void open() {
    in_task([&] { db = must(Db::open(machine_->environment(), options, "db")); });
  }
  void close() {
    in_task([&] { must(db->close()); });
    db.reset();
  }
  // The process dies; its files stay as they are.
  void kill() {
    machine_->kill();
    db.reset();
  }
  void reopen() {
    if (db != nullptr) close();
    machine_->kill();
    machine_->boot();
    open();
  }

  void put(Bytes key, Bytes value, uint64_t version = 0) {
    in_task([&] { must(db->write(batch(key, value, version))); });
  }
  void remove(Bytes key, uint64_t version = 0) {
    in_task([&] { must(db->write(tombstone(key, machine_->environment().clock.now(), version))); });
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
  // Files in use or not yet removed. In a task.
  int files_ending(std::string_view suffix) {
    int count = 0;
    for (const std::string& name : must(machine_->environment().files.list("db")))
      count += name.ends_with(suffix);
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

  LsmOptions options;
  std::unique_ptr<Db> db;

 private:
  std::unique_ptr<Machine> machine_;

 protected:
  Machine& machine() { return *machine_; }
};

// Step by step in virtual time, with a hand on the files.
class DbTest : public DbVerbs {
 protected:
  DbTest() : DbVerbs(std::make_unique<MemoryMachine>()) {}

  void run_for(Duration time) { kernel.run_until(kernel.now() + time); }
  Node& node() { return memory_machine_.node(); }

 private:
  MemoryMachine& memory_machine_ = static_cast<MemoryMachine&>(machine());

 protected:
  tests::MemoryFileSystem& memory = memory_machine_.memory;
  sim::Kernel& kernel = memory_machine_.kernel;
};

}  // namespace revenant::lsm
