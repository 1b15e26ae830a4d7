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

void make_nvme(DiskOptions& o) {
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

void make_hdd(DiskOptions& o) {
  // Seek 8.5 ms [memory] and half a turn at 7,200 rpm, 4.17 ms [computed]: 79 reads a second.
  o.read_latency = microseconds(12'670);
  o.write_latency = microseconds(12'670);
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
  write_back_after = seconds(30);  // Linux: dirty_expire_centisecs
  switch (profile) {
    case DiskProfile::kIdeal:
      return make_ideal(*this);
    case DiskProfile::kNvme:
      return make_nvme(*this);
    case DiskProfile::kHdd:
      return make_hdd(*this);
  }
}

}  // namespace revenant::sim
