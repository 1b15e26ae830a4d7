#include "sim/cli/bench_db.h"

#include <fmt/ostream.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "engine/base/check.h"
#include "engine/lsm/db.h"
#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"
#include "sim/record/key.h"
#include "sim/world/node_clock.h"

namespace revenant::sim {
namespace {

// Runs `body` as the one task of a fresh machine with an open database.
void with_database(const std::function<void(lsm::Db&)>& body) {
  Kernel kernel(1);
  DiskOptions disk_options;
  disk_options.profile = DiskProfile::kIdeal;
  disk_options.apply_profile();
  SimDisk disk(kernel, NodeId{}, disk_options);
  NodeClock clock(kernel);
  const GroupId group = kernel.new_group(NodeId{});
  GroupTasks tasks(kernel, group);
  const auto files = disk.mount();
  env::EventSink events;
  kernel.spawn(group, "bench", [&] {
    lsm::LsmOptions options;
    options.block_cache_size = mib(256);
    auto db = lsm::Db::open({clock, *files, tasks, events}, options, "db");
    CHECK(db.has_value());
    body(**db);
    CHECK((*db)->close().has_value());
    kernel.stop();
  });
  kernel.run_until(Instant{} + days(1));
  disk.kill_process();
  kernel.kill(group);
}

class Stopwatch {
 public:
  double ns_per(uint64_t operations) const {
    const auto elapsed = std::chrono::steady_clock::now() - began_;
    return std::chrono::duration<double, std::nano>(elapsed).count() /
           static_cast<double>(operations);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace

void bench_db(std::ostream& out, const BenchDbOptions& options) {
  const uint64_t n = options.keys;
  std::map<std::string, std::vector<double>> figures;
  for (int round = 0; round < options.rounds; ++round) {
    std::vector<uint64_t> order(n);
    for (uint64_t i = 0; i < n; ++i) order[i] = i;
    Random random(1, "bench/db");
    random.shuffle(order);
    with_database([&](lsm::Db& db) {
      const Buffer value(100, 'v');
      uint64_t version = 1;
      Stopwatch put;
      for (const uint64_t key : order) {
        lsm::WriteBatch batch;
        batch.put(key_name(key), value, Version{version++});
        CHECK(db.write(std::move(batch)).has_value());
      }
      figures["1 put, random order"].push_back(put.ns_per(n));
      CHECK(db.flush().has_value());
      db.wait_idle();
      random.shuffle(order);
      for (const bool warm : {false, true}) {
        Stopwatch get;
        for (const uint64_t key : order) {
          const auto cell = db.get(key_name(key));
          CHECK(cell.has_value() && cell->has_value());
        }
        figures[warm ? "3 get, blocks cached" : "2 get, first touch"].push_back(get.ns_per(n));
      }
      Stopwatch absent;
      for (const uint64_t key : order) CHECK(!db.get(key_name(n + key))->has_value());
      figures["4 get, no such key"].push_back(absent.ns_per(n));
      Stopwatch scan;
      auto cursor = db.scan({}, {});
      CHECK(cursor.has_value());
      uint64_t seen = 0;
      for (; (*cursor)->valid(); (*cursor)->next()) ++seen;
      CHECK(seen == n);
      figures["5 scan, per cell"].push_back(scan.ns_per(n));
    });
  }
  fmt::print(out, "db: one Db, {} keys of {} B with values of 100 B, disk without cost\n", n,
             kKeySize);
  for (auto& [name, ns] : figures) {
    std::ranges::sort(ns);
    fmt::print(out, "  {:<24} best {:>8.0f} ns   median {:>8.0f} ns\n", name.substr(2), ns.front(),
               ns[ns.size() / 2]);
  }
}

}  // namespace revenant::sim
