// A node on the simulator's kernel for tests of the Db: tasks in virtual time, files that take
// time, a clock, and an observer that remembers what it was told.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "engine/lsm/db.h"
#include "sim/kernel/kernel.h"

namespace revenant::lsm {

// Each call suspends its task for a random time, so that whatever can interleave does.
class SlowFiles final : public env::FileSystem {
 public:
  SlowFiles(env::FileSystem& files, env::Tasks& tasks, Random random)
      : files_(files), tasks_(tasks), random_(std::move(random)) {}

  Duration delay_max = microseconds(0);  // 0: never suspends

  Result<std::unique_ptr<env::AppendFile>> create(const std::string& path) override {
    delay();
    ASSIGN_OR_RETURN(auto file, files_.create(path));
    return std::make_unique<Append>(*this, std::move(file));
  }
  Result<std::unique_ptr<env::ReadFile>> open(const std::string& path) override {
    delay();
    ASSIGN_OR_RETURN(auto file, files_.open(path));
    return std::make_unique<Read>(*this, std::move(file));
  }
  Result<void> remove(const std::string& path) override {
    delay();
    return files_.remove(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    delay();
    return files_.rename(from, to);
  }
  bool exists(const std::string& path) override { return files_.exists(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return files_.list(directory);
  }
  Result<void> make_directory(const std::string& directory) override {
    return files_.make_directory(directory);
  }
  Result<void> sync_directory(const std::string& directory, env::Cause cause) override {
    delay();
    return files_.sync_directory(directory, cause);
  }

 private:
  struct Append final : env::AppendFile {
    Append(SlowFiles& o, std::unique_ptr<env::AppendFile> f) : owner(o), file(std::move(f)) {}
    Result<void> append(Bytes data, env::Cause cause) override {
      owner.delay();
      return file->append(data, cause);
    }
    Result<void> sync(env::Cause cause) override {
      owner.delay();
      return file->sync(cause);
    }
    uint64_t size() const override { return file->size(); }
    SlowFiles& owner;
    std::unique_ptr<env::AppendFile> file;
  };
  struct Read final : env::ReadFile {
    Read(SlowFiles& o, std::unique_ptr<env::ReadFile> f) : owner(o), file(std::move(f)) {}
    Result<void> read(uint64_t offset, uint64_t size, Buffer& out, env::Cause cause) override {
      owner.delay();
      return file->read(offset, size, out, cause);
    }
    uint64_t size() const override { return file->size(); }
    SlowFiles& owner;
    std::unique_ptr<env::ReadFile> file;
  };

  void delay() {
    if (delay_max.ns > 0) tasks_.sleep({random_.between(0, delay_max.ns)});
  }

  env::FileSystem& files_;
  env::Tasks& tasks_;
  Random random_;
};

class TestClock final : public env::Clock {
 public:
  explicit TestClock(const sim::Kernel& kernel) : kernel_(kernel) {}
  Instant now() const override { return kernel_.now(); }
  Instant monotonic() const override { return kernel_.now(); }

 private:
  const sim::Kernel& kernel_;
};

struct Observer final : env::EventSink {
  void applied(Bytes, const CellView&, env::ApplySource source) override { ++applied_by[source]; }
  void purged(Bytes key, Version version) override { purges.emplace_back(Buffer(key), version); }
  void flushed(FileNumber, uint64_t, uint64_t) override { ++flushes; }
  void compacted(const env::CompactionEvent& event) override { compactions.push_back(event); }
  void stalled(env::StallCause cause, Duration time) override { stalls.emplace_back(cause, time); }

  std::map<env::ApplySource, int> applied_by;
  std::vector<std::pair<Buffer, Version>> purges;
  int flushes = 0;
  std::vector<env::CompactionEvent> compactions;
  std::vector<std::pair<env::StallCause, Duration>> stalls;
};

// One life of a node over files that outlive it.
class Node {
 public:
  Node(sim::Kernel& kernel, env::FileSystem& under, Random random = Random(1, "files"))
      : kernel_(kernel),
        group_(kernel.new_group(NodeId{0})),
        tasks_(kernel, group_),
        clock_(kernel),
        files(under, tasks_, std::move(random)) {}

  env::Environment environment() { return {clock_, files, tasks_, observer}; }
  void spawn(std::move_only_function<void()> body) { tasks_.spawn("test", std::move(body)); }
  void kill() { kernel_.kill(group_); }
  env::Tasks& tasks() { return tasks_; }

 private:
  sim::Kernel& kernel_;
  sim::GroupId group_;
  sim::GroupTasks tasks_;
  TestClock clock_;

 public:
  SlowFiles files;
  Observer observer;
};

}  // namespace revenant::lsm
