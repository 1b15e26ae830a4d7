// What a simulated disk costs. Profiles carry published figures (sources beside each in
// profiles.cc).
#pragma once

#include <array>

#include "engine/base/settings.h"

namespace revenant::sim {

enum class DiskProfile : uint8_t { kIdeal, kNvme, kHdd };
constexpr auto enum_names(DiskProfile) {
  return std::array{
      EnumName<DiskProfile>{DiskProfile::kIdeal, "ideal",
                            "no operation takes time; durability rules still hold"},
      EnumName<DiskProfile>{DiskProfile::kNvme, "nvme",
                            "a data-centre NVMe drive with power-loss protection"},
      EnumName<DiskProfile>{DiskProfile::kHdd, "hdd", "a 7,200 rpm SATA drive"},
  };
}

struct DiskOptions {
  DiskProfile profile = DiskProfile::kNvme;
  Duration read_latency, write_latency, sync_latency;
  Bandwidth read_bandwidth, write_bandwidth;
  int64_t queue_depth = 1;
  ByteSize capacity{0};
  ByteSize page_cache = mib(64);
  ByteSize dirty_max = mib(16);
  Duration write_back_after = seconds(30);
  ByteSize read_ahead{0};

  DiskOptions() { apply_profile(); }
  // Sets everything but `profile` to the profile's figures. The parser calls it before it reads the
  // other fields.
  void apply_profile();

  template <typename V>
  void describe(V& v) {
    v.field("profile", profile, "Figures that the other settings start from.");
    v.field("read_latency", read_latency, "Of one read operation, besides moving its bytes.");
    v.field("write_latency", write_latency,
            "Of one write operation that does not go on where the last one ended, besides moving "
            "its bytes.");
    v.field("sync_latency", sync_latency, "Of the flush that ends a sync.");
    v.field("read_bandwidth", read_bandwidth,
            "Of the one channel that all operations of the device share, while it reads.");
    v.field("write_bandwidth", write_bandwidth, "Likewise, while it writes.");
    v.field("queue_depth", queue_depth, between<int64_t>(1, 4096),
            "Operations whose latencies overlap.");
    v.field("capacity", capacity,
            "Bytes that all files may have together; an append beyond them takes what fits and "
            "fails. 0: no limit.");
    v.field("page_cache", page_cache, "Memory for clean and dirty pages of 4 KiB.");
    v.field("dirty_max", dirty_max,
            "Dirty bytes from which writers wait for write-back, which begins at half of it.");
    v.field("write_back_after", write_back_after,
            "Age at which a dirty page is written back. Linux: dirty_expire_centisecs, 30 s.");
    v.field("read_ahead", read_ahead,
            "Bytes read beyond a request that misses the cache and goes on where the one before it "
            "ended.");
  }
};

}  // namespace revenant::sim
