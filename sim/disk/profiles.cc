// The figures behind each disk profile. Where a figure is from stands beside it:
//   [published]  measured and published by the source named
//   [quoted]     published, read in another source that quotes it
//   [computed]   follows from figures given here
//   [memory]     common knowledge without a source at hand: no check may rest on it
#include "sim/disk/options.h"

namespace revenant::sim {
namespace {

constexpr Bandwidth kUnlimited{int64_t{1} << 62};  // any operation below 4 GiB moves in no time
constexpr ByteSize kNoLimit = gib(1 << 20);

constexpr Bandwidth megabytes_per_second(int64_t n) { return {n * 1'000'000}; }

void make_ideal(DiskOptions& o) {
  o.read_latency = o.write_latency = o.sync_latency = nanoseconds(0);
  o.read_bandwidth = o.write_bandwidth = kUnlimited;
  o.queue_depth = 4096;
  o.page_cache = o.dirty_max = kNoLimit;
  o.read_ahead = {0};
}

void make_nvme_enterprise(DiskOptions& o) {
  // Idle 4 KiB read of a data-centre drive, Bjørling et al., ATC'21 [quoted]; Haas and Leis,
  // VLDB'23, say ~100 us.
  o.read_latency = microseconds(85);
  // Into the drive's protected buffer [memory]. A sync, small write included, is published as 12-58
  // us for drives with power-loss protection (Callaghan's measurements) [quoted], and 30 us for an
  // Optane 900P (pg_test_fsync) [published]: write 20 + sync 30 + 4 us for a page stays inside.
  o.write_latency = microseconds(20);
  o.sync_latency = microseconds(30);
  // Samsung PM1733, Haas and Leis, VLDB'23 [quoted].
  o.read_bandwidth = megabytes_per_second(6'500);
  // Sustained writes without write amplification in the device, 1010 MiB/s, Bjørling et al., ATC'21
  // [quoted]: what the large sequential writes of a log-structured store come near.
  o.write_bandwidth = {mib(1'010).bytes};
  // 128 reads in 85 us are 1.5 million a second [computed]; the PM1733 does 1.56 million, and wants
  // 100 and more in flight for it (Haas and Leis) [quoted].
  o.queue_depth = 128;
  o.page_cache = mib(64);
  o.dirty_max = mib(16);
  o.read_ahead = kib(128);  // Linux: read_ahead_kb
}

void make_nvme_consumer(DiskOptions& o) {
  o.read_latency = microseconds(100);  // TLC flash, Haas and Leis, VLDB'23 [quoted]
  // Samsung 990 Pro, 4 KiB at queue depth 1 (Freund's measurements): 46,772 writes a second that are
  // not durable, 21.4 us, and 802 with an fdatasync each, 1,246.9 us [published]. Less the 2.7 us in
  // which a page moves [computed].
  o.write_latency = nanoseconds(18'650);
  o.sync_latency = nanoseconds(1'244'150);
  o.read_bandwidth = megabytes_per_second(7'000);
  o.write_bandwidth = megabytes_per_second(1'500);  // its SLC cache full [memory, both]
  o.queue_depth = 128;  // 1.28 million reads a second [computed]; 1.4 on the data sheet [memory]
  o.page_cache = mib(64);
  o.dirty_max = mib(16);
  o.read_ahead = kib(128);
}

void make_optane(DiskOptions& o) {
  o.read_latency = o.write_latency = microseconds(10);  // data sheet [memory]
  // pg_test_fsync on a 900P: 33,760 fdatasyncs a second, 29.6 us [published]; less the 2.0 us in
  // which a page moves [computed].
  o.sync_latency = nanoseconds(27'573);
  o.read_bandwidth = megabytes_per_second(2'500);
  o.write_bandwidth = megabytes_per_second(2'000);
  o.queue_depth = 6;  // data sheet: 550,000 reads a second [memory, all three]
  o.page_cache = mib(64);
  o.dirty_max = mib(16);
  o.read_ahead = kib(128);
}

void make_sata_ssd(DiskOptions& o) {
  o.read_latency = microseconds(100);
  o.write_latency = microseconds(60);
  o.sync_latency = milliseconds(2);
  o.read_bandwidth = o.write_bandwidth = megabytes_per_second(500);  // [memory, all of these]
  // LinkedIn's Voldemort on commodity SSDs: mean 0.58 ms, 99th percentile 2 ms (Bailis et al.,
  // VLDB'12) [published]. A lognormal's 99th percentile is exp(2.326 s - s^2 / 2) means: 3.45 for
  // s = 0.613 [computed].
  o.latency = LatencyDistribution::kLognormal;
  o.latency_sigma = 0.613;
  o.queue_depth = 32;  // native command queueing [quoted]
  o.page_cache = mib(64);
  o.dirty_max = mib(16);
  o.read_ahead = kib(128);
}

// A volume behind a network. Every operation is a round trip, and one acknowledged is durable: what
// is called flush here is the round trip of the write that it ends.
void make_ebs(DiskOptions& o) {
  // "Single-digit milliseconds" [published]; the least of them.
  o.read_latency = o.write_latency = o.sync_latency = milliseconds(1);
  o.queue_depth = 64;  // [memory]
  o.page_cache = mib(64);
  o.dirty_max = mib(16);
  o.read_ahead = kib(128);
}

void make_ebs_gp3(DiskOptions& o) {
  make_ebs(o);
  // What is included; up to 16,000 IOPS and 1,000 MiB/s can be bought. There are no credits.
  o.iops = 3'000;
  o.read_bandwidth = o.write_bandwidth = {mib(125).bytes};  // [memory, both]
}

void make_ebs_gp2(DiskOptions& o) {
  make_ebs(o);
  // 3 IOPS per GiB, of 100 GiB; 3,000 from a bucket of 5.4 million credits, which is full at the
  // start; 250 MiB/s [published]. Its smaller volumes have 128 MiB/s, which is not modelled.
  o.iops = 300;
  o.iops_burst = 3'000;
  o.iops_credits = 5'400'000;
  o.read_bandwidth = o.write_bandwidth = {mib(250).bytes};
}

void make_hdd_7200(DiskOptions& o) {
  // Seek 8.5 ms [memory] and half a turn at 7,200 rpm, 4.17 ms [computed]: 79 reads a second.
  // Where on its turn the platter stands is uniform: 8.5 to 16.84 ms.
  o.read_latency = o.write_latency = microseconds(12'670);
  o.latency = LatencyDistribution::kUniform;
  o.latency_floor = 8.5 / 12.67;
  // fdatasync on a 2 TB SATA drive (WD2002FYPS), pg_test_fsync [published]. The page it overwrites
  // needs no seek, and none is charged to a log that goes on where it ended.
  o.sync_latency = microseconds(12'200);
  o.read_bandwidth = o.write_bandwidth = megabytes_per_second(180);  // 150-260 MB/s [memory]
  o.queue_depth = 1;  // one arm; NCQ's reordering is not modelled
  o.page_cache = mib(64);
  o.dirty_max = mib(16);
  o.read_ahead = mib(2);  // RocksDB's advice for compaction_readahead_size on spinning disks
}

}  // namespace

void DiskOptions::apply_profile() {
  write_back_after = seconds(30);            // Linux: dirty_expire_centisecs
  latency = LatencyDistribution::kConstant;  // where no spread is published
  latency_floor = 0;
  latency_sigma = 1.0;
  iops = iops_burst = iops_credits = 0;
  switch (profile) {
    case DiskProfile::kIdeal:
      return make_ideal(*this);
    case DiskProfile::kNvmeEnterprise:
      return make_nvme_enterprise(*this);
    case DiskProfile::kNvmeConsumer:
      return make_nvme_consumer(*this);
    case DiskProfile::kOptane:
      return make_optane(*this);
    case DiskProfile::kSataSsd:
      return make_sata_ssd(*this);
    case DiskProfile::kHdd7200:
      return make_hdd_7200(*this);
    case DiskProfile::kEbsGp2:
      return make_ebs_gp2(*this);
    case DiskProfile::kEbsGp3:
      return make_ebs_gp3(*this);
  }
}

}  // namespace revenant::sim
