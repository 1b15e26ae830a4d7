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

// What survives a power loss, as a contract between the engine and all that lies below it. The first
// is what POSIX and a good drive promise; each other one breaks a promise that some kernel, file
// system or drive has been seen to break. In all of them names and lengths are metadata that a sync
// of the directory or of the file makes durable, and a sync that has returned without an error has
// made everything before it durable, unless it says otherwise.
//
//   honest                   A page is durable when the drive acknowledges it, synced or not: a drive
//                            with power-loss protection. Pages not written yet survive, are lost or
//                            tear at 512 bytes, each by itself. After a failed write or flush the
//                            pages stay dirty, and the next sync writes them again.
//   volatile_cache           The drive acknowledges into a cache that loses power: a page written
//                            back survives surely only once a flush that the drive took in later
//                            has ended (of any file), or drive_cache_time after. Until then it
//                            survives, is lost or torn like one that was never written. A sync ends
//                            in such a flush, so what is synced is safe.
//   lying_fsync              The same cache, and the drive acknowledges the flush without emptying
//                            it: what a sync made durable is so only drive_cache_time later.
//                            Consumer drives, write caches of hypervisors, mounts with nobarrier.
//   fsync_error_drops_pages  honest, but when a write or flush fails, the pages it was about are
//                            marked clean and lost: the sync reports it once, the next one succeeds,
//                            and the file shows what was never written until the pages leave the
//                            cache, and then what was on the platter before: zeros at an end. Linux
//                            (ext4, XFS, Btrfs; Rebello et al., ATC'20), known as fsyncgate.
//   reordered                Nothing but a barrier of its own makes anything durable: not age, and no
//                            sync of another file. Between two syncs of a file any subset of what
//                            was appended, written back or not, survives, and names unsynced for
//                            hours may vanish. The least that POSIX promises; the states that ALICE
//                            enumerates (Pillai et al., OSDI'14).
//   prefix_only_append       honest, but an unsynced end of a file survives as a prefix of what was
//                            appended, cut where an append ended: no holes, zeros or torn pages.
//                            What SQLite calls safe append, and ext4 with data=ordered comes near.
enum class Durability : uint8_t {
  kHonest,
  kVolatileCache,
  kLyingFsync,
  kFsyncErrorDropsPages,
  kReordered,
  kPrefixOnlyAppend,
};
constexpr auto enum_names(Durability) {
  return std::array{
      EnumName<Durability>{Durability::kHonest, "honest",
                           "what the drive acknowledged and what was synced survives"},
      EnumName<Durability>{Durability::kVolatileCache, "volatile_cache",
                           "of what was written back, only what a later flush or time took out of "
                           "the drive's cache"},
      EnumName<Durability>{Durability::kLyingFsync, "lying_fsync",
                           "a sync is acknowledged, and true only drive_cache_time later"},
      EnumName<Durability>{Durability::kFsyncErrorDropsPages, "fsync_error_drops_pages",
                           "honest; pages whose write or flush failed are clean and lost"},
      EnumName<Durability>{Durability::kReordered, "reordered",
                           "between two syncs of its own any subset of a file's pages survives"},
      EnumName<Durability>{Durability::kPrefixOnlyAppend, "prefix_only_append",
                           "honest; the unsynced end of a file survives as a prefix"},
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
  Durability durability = Durability::kHonest;
  Duration drive_cache_time = seconds(1);

  DiskOptions() { apply_profile(); }
  // Sets everything but `profile` and what belongs to durability to the profile's figures. The parser calls it before it reads the
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
    v.field("durability", durability, "What survives a power loss.");
    v.field("drive_cache_time", drive_cache_time,
            "How long the drive keeps a write in a cache that loses power (volatile_cache, "
            "lying_fsync).");
  }
};

}  // namespace revenant::sim
