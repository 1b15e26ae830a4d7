// Write amplification, by what caused it, of one Db under a stream of puts: what published models
// and measurements are held against.
//
// The disk takes no time and compactions are let finish after every put, as in the models: what a
// run writes does not depend on how fast anything is. Bytes are file bytes, as the engine asks for
// them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <string>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "engine/lsm/db.h"
#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"

namespace revenant::tests {

struct AmplificationRun {
  lsm::LsmOptions options;
  uint64_t keys = 1'000'000;   // loaded first, each once, in key order
  uint64_t puts = 10'000'000;  // then so many of keys drawn at random
  uint64_t item_bytes = 1000;  // key of 16 bytes and value
  double zipf_theta = 0;       // 0: every key alike
  uint64_t seed = 1;
};

// Bytes written per byte of keys and values put, by cause as env::to_string names it.
using BytesByCause = std::map<std::string, double>;

struct Amplification {
  BytesByCause load, puts;
  uint64_t compactions = 0;
  double space = 0;  // payload in the tree at the end, over that of the live items
};
inline double total(const BytesByCause& amplification) {
  double sum = 0;
  for (const auto& [cause, bytes] : amplification) sum += bytes;
  return sum;
}

class KernelClock final : public env::Clock {
 public:
  explicit KernelClock(const sim::Kernel& kernel) : kernel_(kernel) {}
  Instant now() const override { return kernel_.now(); }
  Instant monotonic() const override { return kernel_.now(); }

 private:
  const sim::Kernel& kernel_;
};

inline std::map<std::string, uint64_t> written(const sim::SimDisk& disk) {
  std::map<std::string, uint64_t> result;
  for (const auto& [cause, row] : disk.ledger().rows())
    result[to_string(cause)] += row.file_bytes_written;
  return result;
}

inline BytesByCause per_byte(const std::map<std::string, uint64_t>& before,
                             const std::map<std::string, uint64_t>& after, uint64_t user_bytes) {
  BytesByCause result;
  for (const auto& [cause, bytes] : after) {
    const auto found = before.find(cause);
    const uint64_t grown = bytes - (found == before.end() ? 0 : found->second);
    if (grown > 0) result[cause] = static_cast<double>(grown) / static_cast<double>(user_bytes);
  }
  return result;
}

// Ends with a CHECK if a ledger of bytes does not close.
inline Amplification measure_amplification(const AmplificationRun& run) {
  sim::Kernel kernel(run.seed);
  sim::DiskOptions disk_options;
  disk_options.profile = sim::DiskProfile::kIdeal;
  disk_options.apply_profile();
  sim::SimDisk disk(kernel, NodeId{}, disk_options);
  KernelClock clock(kernel);
  const sim::GroupId group = kernel.new_group(NodeId{});
  sim::GroupTasks tasks(kernel, group);
  const auto files = disk.mount();
  env::EventSink events;
  Amplification result;
  bool done = false;

  kernel.spawn(group, "amplification", [&] {
    auto opened = lsm::Db::open({clock, *files, tasks, events}, run.options, "db");
    CHECK(opened.has_value(), "{}", opened.error());
    lsm::Db& db = **opened;
    const Buffer value(run.item_bytes - 16, 'v');
    uint64_t version = 0;
    const auto put = [&](uint64_t key) {
      lsm::WriteBatch batch;
      batch.put(fmt::format("{:016}", key), value, Version{++version});
      CHECK(db.write(std::move(batch)).has_value());
      db.wait_idle();
    };
    const auto begin = written(disk);
    for (uint64_t key = 0; key < run.keys; ++key) put(key);
    const auto loaded = written(disk);
    Random random(run.seed, "amplification");
    std::optional<Zipf> zipf;
    if (run.zipf_theta > 0) zipf.emplace(run.keys, run.zipf_theta);
    // Popular keys lie anywhere: x -> ax + c is a permutation modulo a power of two for odd a and c,
    // and where that leads beyond the keys, its next step is taken.
    const auto scatter = [&](uint64_t rank) {
      const uint64_t size = std::bit_ceil(run.keys);
      do {
        rank = (rank * 0x9e3779b97f4a7c15u + 0x7f4a7c15u) & (size - 1);
      } while (rank >= run.keys);
      return rank;
    };
    for (uint64_t i = 0; i < run.puts; ++i) {
      put(zipf.has_value() ? scatter((*zipf)(random)) : random.below(run.keys));
    }
    const auto end = written(disk);
    result.load = per_byte(begin, loaded, run.keys * run.item_bytes);
    result.puts = per_byte(loaded, end, std::max<uint64_t>(run.puts, 1) * run.item_bytes);
    result.compactions = db.metrics().compactions;
    result.space =
        static_cast<double>(db.physical_bytes()) / static_cast<double>(run.keys * run.item_bytes);
    CHECK(db.close().has_value());
    done = true;
    kernel.stop();
  });
  kernel.run_until(Instant{} + days(1));
  CHECK(done);
  const auto closes = disk.verify();
  CHECK(closes.has_value(), "{}", closes.error());
  disk.kill_process();
  kernel.kill(group);
  return result;
}

}  // namespace revenant::tests
