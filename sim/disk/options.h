// What a simulated disk costs. Profiles carry published figures (sources beside each in
// profiles.cc).
#pragma once

#include <array>

#include "engine/base/settings.h"

namespace revenant::sim {

enum class DiskProfile : uint8_t {
  kIdeal,
  kNvmeEnterprise,
  kNvmeConsumer,
  kOptane,
  kSataSsd,
  kHdd7200,
  kEbsGp2,
  kEbsGp3,
};
constexpr auto enum_names(DiskProfile) {
  return std::array{
      EnumName<DiskProfile>{DiskProfile::kIdeal, "ideal",
                            "no operation takes time; durability rules still hold"},
      EnumName<DiskProfile>{DiskProfile::kNvmeEnterprise, "nvme_enterprise",
                            "a data-centre NVMe drive with power-loss protection"},
      EnumName<DiskProfile>{DiskProfile::kNvmeConsumer, "nvme_consumer",
                            "an NVMe drive whose flush goes down to the flash"},
      EnumName<DiskProfile>{DiskProfile::kOptane, "optane", "an Optane 900P"},
      EnumName<DiskProfile>{DiskProfile::kSataSsd, "sata_ssd", "a SATA SSD"},
      EnumName<DiskProfile>{DiskProfile::kHdd7200, "hdd_7200", "a 7,200 rpm SATA drive"},
      EnumName<DiskProfile>{DiskProfile::kEbsGp2, "ebs_gp2",
                            "an EBS gp2 volume of 100 GiB: 300 IOPS, 3,000 while its credits last"},
      EnumName<DiskProfile>{DiskProfile::kEbsGp3, "ebs_gp3",
                            "an EBS gp3 volume as it comes: 3,000 IOPS, 125 MiB/s, no burst"},
  };
}

enum class LatencyDistribution : uint8_t { kConstant, kUniform, kExponential, kLognormal };
constexpr auto enum_names(LatencyDistribution) {
  return std::array{
      EnumName<LatencyDistribution>{LatencyDistribution::kConstant, "constant",
                                    "every operation takes the mean"},
      EnumName<LatencyDistribution>{LatencyDistribution::kUniform, "uniform",
                                    "the floor and a uniform rest, up to twice its mean"},
      EnumName<LatencyDistribution>{LatencyDistribution::kExponential, "exponential",
                                    "the floor and an exponential rest"},
      EnumName<LatencyDistribution>{LatencyDistribution::kLognormal, "lognormal",
                                    "the floor and a lognormal rest of shape latency_sigma"},
  };
}

struct DiskOptions {
  DiskProfile profile = DiskProfile::kNvmeEnterprise;
  Duration read_latency, write_latency, sync_latency;
  LatencyDistribution latency = LatencyDistribution::kConstant;
  double latency_floor = 0;
  double latency_sigma = 1.0;
  Bandwidth read_bandwidth, write_bandwidth;
  int64_t queue_depth = 1;
  int64_t iops = 0, iops_burst = 0, iops_credits = 0;
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
    v.field("read_latency", read_latency, "Mean, of one read operation, besides moving its bytes.");
    v.field("write_latency", write_latency,
            "Mean, of one write operation that does not go on where the last one ended, besides "
            "moving its bytes.");
    v.field("sync_latency", sync_latency, "Mean, of the flush that ends a sync.");
    v.field("latency", latency, "Distribution of the three latencies, drawn for each operation.");
    v.field("latency_floor", latency_floor, between(0.0, 1.0),
            "Share of each mean latency that every operation takes; the rest is drawn.");
    v.field("latency_sigma", latency_sigma, between(0.01, 5.0),
            "Standard deviation of the logarithm of the rest (lognormal).");
    v.field("read_bandwidth", read_bandwidth,
            "Of the one channel that all operations of the device share, while it reads.");
    v.field("write_bandwidth", write_bandwidth, "Likewise, while it writes.");
    v.field("queue_depth", queue_depth, between<int64_t>(1, 4096),
            "Operations whose latencies overlap.");
    v.field("iops", iops, between<int64_t>(0, 10'000'000),
            "Operations a second that the device admits, each up to 256 KiB; larger ones count as "
            "several. 0: no limit.");
    v.field("iops_burst", iops_burst, between<int64_t>(0, 10'000'000),
            "Operations a second that it admits while it has credits. 0: no limit.");
    v.field("iops_credits", iops_credits, between<int64_t>(0, 1'000'000'000),
            "Operations beyond `iops` that it admits before it is held to it; full at the start, "
            "earned again at `iops`.");
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
