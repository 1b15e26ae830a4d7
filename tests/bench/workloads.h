// db_bench's workloads over one store: what the programs bench_revenant, bench_leveldb and
// bench_rocksdb run, each in a process of its own. The same keys in the same order for all of them.
//
//   fillseq | fillsync | fillrandom > overwrite > (background work ends) > readrandom > readmissing
//           |          |   > readseq > readreverse > seekrandom > deleterandom
//
// Each column is a database of its own. Keys are 16 decimal digits, values 100 bytes, both as
// LevelDB's db_bench makes them; random ones are uniform over `num`. Single-threaded callers.
//
// A Store is
//
//   static void run(std::function<void()> body);   calls it where the store can be used
//   Store(const std::string& directory, bool sync); opens a new database
//   void put(Bytes key, Bytes value); void remove(Bytes key); bool get(Bytes key);
//   uint64_t read_forward(uint64_t limit), read_backward(uint64_t limit);   entries seen
//   bool seek(Bytes key);                           by an iterator of its own; whether it is there
//   void settle();                                  returns when no background work is due
//
// A failed operation ends the program.
#pragma once

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/random.h"

namespace revenant::bench {

// The sizes that all stores are opened with: db_bench's defaults, LevelDB's levels.
inline constexpr uint64_t kMemtableBytes = 4 << 20;
inline constexpr uint64_t kBlockCacheBytes = 64 << 20;
inline constexpr int kBloomBitsPerKey = 10;
inline constexpr uint64_t kLevel1Bytes = 10 << 20;
inline constexpr uint64_t kFileBytes = 2 << 20;

inline constexpr size_t kKeySize = 16;
inline constexpr size_t kValueSize = 100;

// "0000000000000042" as db_bench writes it, without what snprintf would cost.
class Key {
 public:
  Bytes of(uint64_t number) {
    for (size_t i = kKeySize; i-- > 0; number /= 10)
      text_[i] = static_cast<char>('0' + number % 10);
    return {text_, kKeySize};
  }
  // Between two keys that may exist (LevelDB's readmissing).
  Bytes missing(uint64_t number) {
    of(number);
    text_[kKeySize] = '.';
    return {text_, kKeySize + 1};
  }

 private:
  char text_[kKeySize + 1];
};

// Bytes that half compress, from a pool that repeats after a megabyte.
class Values {
 public:
  Values() {
    Random random(301, "bench/values");
    while (pool_.size() < (1 << 20)) {
      Buffer piece(kValueSize / 2, '\0');
      for (char& c : piece) c = static_cast<char>(' ' + random.below(95));
      pool_ += piece + piece;
    }
  }
  Bytes next() {
    if (at_ + kValueSize > pool_.size()) at_ = 0;
    const Bytes value = Bytes(pool_).substr(at_, kValueSize);
    at_ += kValueSize;
    return value;
  }

 private:
  Buffer pool_;
  size_t at_ = 0;
};

// Bytes of the pages this process has changed in files so far, by whatever means: what goes to the
// device unless the file is removed before. The same measure for every store.
inline uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string name;
  for (uint64_t value; io >> name >> value;) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

template <typename Store>
class Workloads {
 public:
  Workloads(std::string directory, uint64_t num) : directory_(std::move(directory)), num_(num) {}

  nlohmann::json run() {
    fresh(false);
    fill("fillseq", num_, [](uint64_t i, Random&) { return i; });
    fresh(true);
    const uint64_t synced = std::max<uint64_t>(num_ / 1000, 1);
    fill("fillsync", synced, [this](uint64_t, Random& random) { return random.below(num_); });
    fresh(false);
    const auto any = [this](uint64_t, Random& random) { return random.below(num_); };
    fill("fillrandom", num_, any);
    fill("overwrite", num_, any);

    reads("readrandom", [&](uint64_t number) { return store_->get(key_.of(number)); });
    reads("readmissing", [&](uint64_t number) { return store_->get(key_.missing(number)); });
    walk("readseq", [&] { return store_->read_forward(num_); });
    walk("readreverse", [&] { return store_->read_backward(num_); });
    reads("seekrandom", [&](uint64_t number) { return store_->seek(key_.of(number)); });
    Random random(num_, "bench/deleterandom");
    measure("deleterandom", num_, [&] {
      for (uint64_t i = 0; i < num_; ++i) store_->remove(key_.of(random.below(num_)));
    });
    store_.reset();

    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return {{"rows", rows_}, {"peak_memory", usage.ru_maxrss * 1024}};
  }

 private:
  void fresh(bool sync) {
    store_.reset();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    store_ = std::make_unique<Store>(directory_, sync);
  }

  // The clock stops with the last put; what background work is left is timed apart, and its bytes
  // count in the write amplification.
  template <typename Choose>
  void fill(const char* name, uint64_t count, Choose choose) {
    Random random(num_, fmt::format("bench/{}", name));
    const uint64_t written_before = bytes_written();
    nlohmann::json& row = measure(name, count, [&] {
      for (uint64_t i = 0; i < count; ++i) store_->put(key_.of(choose(i, random)), values_.next());
    });
    const auto began = std::chrono::steady_clock::now();
    store_->settle();
    row["settle_seconds"] = seconds_since(began);
    row["write_amplification"] = static_cast<double>(bytes_written() - written_before) /
                                 static_cast<double>(count * (kKeySize + kValueSize));
  }

  template <typename Read>
  void reads(const char* name, Read read) {
    Random random(num_, fmt::format("bench/{}", name));
    uint64_t found = 0;
    nlohmann::json& row = measure(name, num_, [&] {
      for (uint64_t i = 0; i < num_; ++i) found += read(random.below(num_)) ? 1 : 0;
    });
    row["found"] = found;
  }

  template <typename Walk>
  void walk(const char* name, Walk walk_entries) {
    uint64_t found = 0;
    nlohmann::json& row = measure(name, 0, [&] { found = walk_entries(); });
    row["operations"] = row["found"] = found;
  }

  template <typename Body>
  nlohmann::json& measure(const char* name, uint64_t operations, Body body) {
    std::cerr << name << ' ' << std::flush;
    const auto began = std::chrono::steady_clock::now();
    body();
    const double seconds = seconds_since(began);
    rows_.push_back({{"name", name}, {"operations", operations}, {"seconds", seconds}});
    return rows_.back();
  }

  static double seconds_since(std::chrono::steady_clock::time_point began) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }

  const std::string directory_;
  const uint64_t num_;
  std::unique_ptr<Store> store_;
  Key key_;
  Values values_;
  nlohmann::json rows_ = nlohmann::json::array();
};

// `PROGRAM DIRECTORY NUM`: runs all workloads in DIRECTORY, which it empties, and prints JSON.
template <typename Store>
int main_of(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " DIRECTORY NUM   (`revenant bench engine` runs this)\n";
    return 2;
  }
  Store::run([&] {
    Workloads<Store> workloads(argv[1], std::strtoull(argv[2], nullptr, 10));
    std::cout << workloads.run() << '\n';
  });
  std::filesystem::remove_all(argv[1]);
  return 0;
}

}  // namespace revenant::bench
