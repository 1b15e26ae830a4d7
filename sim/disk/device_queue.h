// When an operation of a storage device will have finished: the device's one queue, as arithmetic.
//
//   submitted ──> slot free ──> admitted ──> channel free ──bytes/bandwidth──> ──latency──> finished
//                 └───────────────────── the slot is taken ────────────────────────────────┘
//                                            └─ the channel is taken ─┘
//
// Latencies overlap, as many as there are slots; bytes share one channel and move one operation
// after the other, first come first served. Reads, writes and syncs of everybody on the machine
// meet here. A lone operation takes latency + bytes / bandwidth; a full queue gives min(slots /
// time in slot, bandwidth, IOPS).
//
// A volume that is sold by the operation admits so many a second (`iops`), and up to `iops_burst`
// while it has credits: two token buckets (token_bucket.h). Its limit of throughput is the channel:
// a bucket that holds nothing. Operations above 256 KiB count as several (Amazon's rule for EBS on
// SSDs, from memory); a flush that moves nothing counts as one.
//
// Simplified: an operation's bytes move before its latency rather than after or within it, which
// lets the finish be computed at submission and never changes it afterwards. Nothing is reordered.
// A write that begins on
// the page where the last operation ended, or on the next one, needs no positioning and pays no
// latency; reads always pay. Addresses on the medium do not exist beyond that, nor do erase blocks,
// caches in the drive, zones or a bus between several drives.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "sim/disk/fault_options.h"
#include "sim/disk/latency.h"
#include "sim/disk/options.h"
#include "sim/disk/token_bucket.h"

namespace revenant::sim {

enum class DeviceOperationKind : uint8_t { kRead, kWrite, kSync };
enum class Flush : uint8_t { kNo, kYes };

struct DeviceOperation {
  DeviceOperationKind kind = DeviceOperationKind::kRead;
  uint64_t bytes = 0;
  // Where it begins; two operations lie side by side if file and page say so.
  uint64_t file = 0, first_page = 0;
  Flush flush = Flush::kNo;  // of a write: ends in a sync, as one operation
};

// What the device itself counted.
struct DeviceTotals {
  uint64_t reads = 0, writes = 0, syncs = 0;
  uint64_t bytes_read = 0, bytes_written = 0;
  friend bool operator==(const DeviceTotals&, const DeviceTotals&) = default;
};

class DeviceQueue {
 public:
  // Latencies are drawn from `random`.
  DeviceQueue(const DiskOptions& options, const Random& random);

  // Takes the operation in at `now`, which never goes back, and returns when it will have finished.
  Instant submit(const DeviceOperation& operation, Instant now);

  // Added to the latency of every operation submitted from now on: a device that limps.
  void set_lag(Duration lag) { lag_ = lag; }
  // Faults of operations submitted from now on (fault_options.h). A stall holds all that is not
  // under way until then; slownesses multiply and add up, and end by their handle.
  void stall_until(Instant then) { stalled_until_ = std::max(stalled_until_, then); }
  void begin_slowness(uint64_t handle, const FailSlow& slowness) {
    slownesses_.emplace_back(handle, slowness);
  }
  void end_slowness(uint64_t handle) {
    std::erase_if(slownesses_, [handle](const auto& entry) { return entry.first == handle; });
  }
  uint64_t operations_stalled() const { return operations_stalled_; }
  uint64_t operations_slowed() const { return operations_slowed_; }
  // No operation of less than a gibibyte takes any time.
  bool instant() const {
    return costs_nothing_ && lag_.ns == 0 && slownesses_.empty() && stalled_until_ == Instant{};
  }
  // Empties the queue, as after a power cycle. Totals and credits stay.
  void reset();
  const DeviceTotals& totals() const { return totals_; }

 private:
  struct Slowdown {
    double factor = 1;
    Duration more;
    Duration stretch(Duration d) const {
      return factor == 1 ? d : Duration{static_cast<int64_t>(static_cast<double>(d.ns) * factor)};
    }
  };
  Slowdown draw_slowdown();
  Instant take_slot(Instant now);
  Instant admit(const DeviceOperation& operation, Instant now);
  bool goes_on(const DeviceOperation& operation) const;
  Duration latency(const DeviceOperation& operation);
  void count(const DeviceOperation& operation);

  Duration read_latency_, write_latency_, sync_latency_, lag_;
  Latency latency_;
  Bandwidth read_bandwidth_, write_bandwidth_;
  TokenBucket sustained_, burst_;
  Random slow_random_;
  std::vector<std::pair<uint64_t, FailSlow>> slownesses_;  // by handle
  Instant stalled_until_;
  uint64_t operations_stalled_ = 0, operations_slowed_ = 0;
  size_t slots_;
  bool costs_nothing_;
  std::vector<Instant> busy_;  // when each taken slot falls free: a heap, earliest on top
  Instant channel_free_;
  uint64_t last_file_ = 0, last_page_ = 0;  // where the last write ended; file 0: it was no write
  DeviceTotals totals_;
};

}  // namespace revenant::sim
