#include "sim/record/metrics.h"

#include <algorithm>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

constexpr MetricInfo kTable[] = {
    // what clients saw
    {"operations_ok", "", "Client operations that succeeded."},
    {"operations_failed", "", "Surely not applied, or reads without an answer."},
    {"operations_unknown", "", "Writes whose outcome the client does not know."},
    {"reads_ok", "", "Reads and scans that succeeded."},
    {"writes_ok", "", "Inserts, updates and deletes that were acknowledged."},
    {"deletes_ok", "", "Acknowledged deletes."},
    {"availability", "", "Share of operations that succeeded."},
    {"throughput", "1/s", "Successful operations per second of virtual time."},
    {"read_latency_mean_ms", "ms", "Of successful reads, from their intended start."},
    {"read_latency_p50_ms", "ms", "Median of the same."},
    {"read_latency_p99_ms", "ms", "99th percentile of the same."},
    {"read_latency_p999_ms", "ms", "99.9th percentile of the same."},
    {"write_latency_mean_ms", "ms", "Of acknowledged writes, from their intended start."},
    {"write_latency_p50_ms", "ms", "Median of the same."},
    {"write_latency_p99_ms", "ms", "99th percentile of the same."},
    {"write_latency_p999_ms", "ms", "99.9th percentile of the same."},
    // consistency
    {"stale_reads", "",
     "Reads that missed a write acknowledged before they began (resurrections apart)."},
    {"stale_read_rate", "", "Their share of all successful reads."},
    {"staleness_mean_ms", "ms",
     "Mean age of stale reads: since the oldest write missed was acknowledged."},
    {"staleness_max_ms", "ms", "Greatest such age."},
    {"staleness_versions_mean", "", "Mean number of acknowledged writes that a stale read missed."},
    {"staleness_versions_max", "", "Greatest such number."},
    {"resurrected_reads", "",
     "Reads that returned a deleted version after a replica had purged the tombstone."},
    {"resurrected_keys", "", "Distinct keys of those."},
    {"resurrected_at_end", "",
     "Keys whose winning cell among all replicas is a deleted version after the settling."},
    {"deleted_reads", "",
     "Reads that returned a value whose delete had been acknowledged before they began, whatever "
     "became of the tombstone."},
    {"deleted_keys_seen", "", "Distinct keys of those."},
    {"unsafe_purges", "",
     "Tombstones purged while another replica of the key held something older and not the delete."},
    {"failed_writes_seen", "",
     "Reads of a value whose write had timed out or been refused for its client."},
    {"reads_gone_back", "",
     "Reads that returned an older value than a read that had ended before they began."},
    {"torn_batches", "",
     "Atomic batches of which some writes are there at the end and others never were."},
    {"early_expiries", "",
     "Reads that found nothing though the newest value had a TTL that had not ended."},
    {"overdue_tombstones", "",
     "Tombstones on replicas at the end that time, or repair, lets go (tombstone_gc)."},
    {"overdue_tombstone_max_s", "s", "By how much the oldest of them is older than it must be."},
    {"hazard_keys", "", "Distinct keys of those."},
    {"hazard_key_seconds", "s",
     "Sum over those keys of the time until each such replica had the delete or something newer."},
    {"keys_at_risk", "",
     "Keys of which a replica lacked a tombstone that another held, a write time-out after the "
     "delete was acknowledged."},
    {"lost_acknowledged_writes", "",
     "Keys whose last acknowledged put is on no replica after the settling, nor anything newer."},
    {"lost_updates", "",
     "Acknowledged writes that lost by their stamp to a write acknowledged before they began."},
    {"linearizable_violations", "",
     "Keys whose operations no order explains. This and the next four are measured only where a "
     "scenario names "
     "them or their check."},
    {"read_your_writes_violations", "",
     "Keys of which a session read something older than its own last write."},
    {"monotonic_reads_violations", "",
     "Keys of which a session read something older than what it had read before."},
    {"monotonic_writes_violations", "",
     "Keys of which a session's write came before an earlier one of its own."},
    {"writes_follow_reads_violations", "",
     "Keys of which a session's write came before what it had read."},
    {"diverged_keys", "", "Keys on whose winning cell the replicas disagree after the settling."},
    {"replicas_unread", "",
     "Replicas whose cells could not all be read at the end: no part of diverged_keys."},
    {"stuck_clients", "", "Clients of whose operations after progress_from none succeeded."},
    {"thin_air_reads", "", "Reads of a value that no write to that key made."},
    // amplification
    {"write_amplification", "",
     "File bytes written for WAL, flushes, compactions and manifests, over bytes of cells "
     "applied."},
    {"read_amplification", "", "Data blocks looked at per point read of a replica."},
    {"space_amplification", "", "Bytes of SSTables and logs over bytes of live cells, at the end."},
    {"space_amplification_mean", "", "Mean of the same over the samples of the time series."},
    {"space_amplification_max", "",
     "Greatest of the same over the samples: what the disk must hold."},
    {"sstables_per_read", "", "SSTables whose index a point read of a replica consulted."},
    {"device_write_amplification", "", "Device bytes written over bytes of cells applied."},
    {"bloom_false_positive_rate", "",
     "Filters that said maybe for an absent key, of all asked for absent keys."},
    {"block_cache_hit_rate", "",
     "Blocks found in the block cache, of all that were looked for in it."},
    {"index_blocks_per_read", "",
     "Blocks of indexes that do not stay in memory, looked at per point read of a replica."},
    {"filter_blocks_per_read", "", "Likewise of filters."},
    {"index_and_filter_blocks_from_file", "", "Of these, those not found in the block cache."},
    // engine
    {"flushes", "", "Memtables flushed."},
    {"compactions", "", "Compactions installed."},
    {"compactions_abandoned", "",
     "Given up because an older write arrived under a tombstone they purged."},
    {"stalls", "", "Writes slowed or stopped."},
    {"stall_seconds", "s", "Time they stood still."},
    {"tombstones_live", "", "Tombstones in SSTables at the end, all nodes."},
    {"tombstones_purged", "", "Tombstones dropped by the purge rule, all nodes."},
    {"tombstones_kept_by_grace", "",
     "Times a compaction met a tombstone and kept it: younger than gc_grace."},
    {"tombstones_kept_by_repair", "",
     "Likewise: no repair of its range since, as far as is known."},
    {"tombstones_kept_by_streaming", "", "Likewise: the node was being sent its range."},
    {"tombstones_kept_by_mode", "", "Likewise: tombstone_gc is disabled."},
    {"tombstones_kept_by_sstable", "",
     "Likewise: an overlapping SSTable may hold what it shadows."},
    {"tombstones_kept_by_memtable", "", "Likewise: a memtable may."},
    {"tombstones_kept_by_log", "", "Likewise: a replayable log may."},
    {"sstables", "", "SSTables at the end, all nodes."},
    {"disk_bytes", "B", "Bytes of all files at the end, all nodes."},
    {"live_bytes", "B", "Bytes of live cells at the end, all nodes."},
    // replication
    {"hints_written", "", "Writes kept for a replica that missed them."},
    {"hints_delivered", "", "Hints acknowledged by their target."},
    {"hints_expired", "", "Hints dropped for being too old for the purge rule."},
    {"hints_beyond_window", "",
     "Not written: the target had been down for longer than the window."},
    {"hints_beyond_size", "",
     "Not written: more than hinted_handoff.max_size_per_host was kept for the target."},
    {"stand_in_writes", "",
     "Writes that nodes took for replicas which were away (sloppy quorums)."},
    {"stand_in_reads", "", "Reads that they answered."},
    {"writes_met_by_stand_ins", "",
     "Acknowledged writes that had their level only by nodes which stood in for replicas."},
    {"reads_met_by_stand_ins", "", "Likewise, reads."},
    {"cells_handed_off", "", "Cells that replicas took back from nodes which stood in for them."},
    {"batches", "", "Atomic batches that coordinators were asked for."},
    {"batches_stored", "", "Entries that batch logs took; two for a batch."},
    {"batches_replayed", "", "Entries whose writes their holder brought to every replica."},
    {"batches_expired", "", "Entries dropped for being too old for the purge rule."},
    {"hlc_heard_ahead", "",
     "Messages whose stamp was ahead of the node's own clock and of all it had heard (timestamps "
     "hlc)."},
    {"gossip_rounds", "", "Rounds of gossip that nodes began (replication.gossip)."},
    {"convictions", "",
     "Times a node took another for down: noticed once a round of gossip, or once a heartbeat."},
    {"convictions_wrong", "", "Of those: the other's process lived, cut off or paused perhaps."},
    {"views_differ_seconds", "s",
     "Time during which two nodes that lived did not agree on whether some third is up."},
    {"read_repairs", "", "Cells sent to replicas that a read found stale."},
    {"read_mismatches", "", "Reads whose replicas disagreed."},
    {"tombstones_scanned", "",
     "Tombstones and expired values that replicas stepped over in reads and scans."},
    {"tombstone_warnings", "",
     "Reads of a replica that stepped over more than the warning threshold."},
    {"tombstone_failures", "",
     "Reads that a replica gave up beyond the failure threshold (tombstone_thresholds)."},
    {"digest_reads", "", "Replicas asked for a digest in place of the cell."},
    {"speculative_retries", "", "Replicas asked beyond those a read needed, as they were late."},
    {"repairs_completed", "", "Repair sessions, one per node and run."},
    {"repair_ranges_repaired", "", "Ranges whose replicas agreed by the end of a session."},
    {"repair_ranges_failed", "",
     "Ranges not repaired because a replica was down or silent, or hints were left."},
    {"repair_ranges_differing", "", "Repaired ranges in which replicas differed."},
    {"truncations", "", "Times that all nodes forgot all data (operations: truncate)."},
    {"previews_completed", "", "Previews of repairs that ended."},
    {"preview_ranges_differing", "", "Ranges in which replicas differed, in previews."},
    {"repair_ranges_hinted", "",
     "Of these: tombstone_gc is repair, and hints for a replica were or may have been left."},
    {"cells_streamed", "", "Cells sent by repair."},
    {"membership_changes", "", "Nodes that joined, left, replaced another or moved."},
    {"membership_changes_refused", "",
     "That could not begin: another was under way, or the node is not where it would have to be; "
     "and cleanups likewise."},
    {"membership_streams_failed", "", "Streams to new replicas that had to begin again."},
    {"moved_cells", "", "Cells that new replicas of a range were sent."},
    {"moved_bytes", "B", "Their keys and values."},
    {"hints_handed_over", "", "Hints that nodes which left gave to others."},
    {"anticompactions", "",
     "SSTables split in two by incremental repairs of some of their keys (repair.subranges)."},
    {"anticompacted_bytes", "B", "Bytes written for that."},
    {"cleanups", "", "Cleanups that ended."},
    {"cleanup_cells_dropped", "", "Cells that they dropped because their node did not own them."},
    {"cleanup_bytes_dropped", "B", "Their keys and values."},
    // world
    {"crashes", "", "Processes killed."},
    {"power_losses", "", "Machines that lost power."},
    {"recoveries", "", "Databases recovered after either."},
    {"wal_bytes_dropped", "B", "Torn log tails found at recovery."},
    {"pages_lost", "", "Unsynced pages that did not survive a power loss whole."},
    {"starts_failed", "",
     "Recoveries that gave up: the disk broke its promises. Tried again every 10 s."},
    {"disk_read_errors_injected", "", "Reads that a device failed (disk_read_error)."},
    {"disk_write_errors_injected", "", "Writes that a device failed (disk_write_error)."},
    {"disk_sync_errors_injected", "", "Flushes that a device failed (disk_sync_error)."},
    {"disk_bits_flipped", "", "Bits that flipped on a platter (bit_rot)."},
    {"disk_writes_torn", "", "Writes of which only a part arrived (torn_write)."},
    {"disk_writes_lost", "", "Writes that never arrived (lost_write)."},
    {"disk_writes_misdirected", "", "Writes that landed elsewhere (misdirected_write)."},
    {"disk_appends_refused", "", "Appends that found no room (disk_full, disk.capacity)."},
    {"disk_operations_stalled", "", "Operations that waited for a device to answer (disk_stall)."},
    {"disk_operations_slowed", "", "Operations of a device that limped (disk_slow)."},
    {"aimed_faults_begun", "", "Aimed faults (when, until, selectors) that found their moment."},
    {"aimed_faults_missed", "", "Armed but never begun: no such event, or nobody to choose."},
    {"pauses", "", "Times a process stood still."},
    {"disks_replaced", "", "Disks wiped, restored from a snapshot or exchanged."},
    {"clock_steps", "", "Steps of nodes' clocks, by faults (there and back) or by themselves."},
    {"ntp_steps", "", "Clock errors that NTP stepped away, all nodes."},
    {"ntp_slews", "", "Polls after which NTP slewed a clock, all nodes."},
    {"cpu_utilization", "", "Share of all cores' time spent on messages, preload included."},
    {"cpu_wait_mean_ms", "ms", "Mean wait of a message for a core."},
    {"cpu_messages_slowed", "", "Messages handled while a processor was slow."},
    {"messages_sent", "", "Datagrams between machines."},
    {"messages_lost", "", "Lost by chance."},
    {"messages_cut", "", "Lost to a partition."},
    {"messages_reordered", "", "Held back so that later ones may overtake them."},
    {"messages_clogged", "", "Held by a clog."},
    {"messages_duplicated", "", "Delivered twice."},
    {"events", "", "Events of the simulation."},
};

const MetricInfo* find(std::string_view name) {
  const auto* it = std::ranges::find(kTable, name, &MetricInfo::name);
  return it == std::end(kTable) ? nullptr : it;
}

}  // namespace

std::span<const MetricInfo> metric_table() { return kTable; }

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const MetricInfo& info : kTable) names.emplace_back(info.name);
  return names;
}

void Metrics::set(std::string_view name, double value) {
  CHECK(find(name) != nullptr || name.starts_with("bytes_"), "unknown metric {}", name);
  CHECK(!get(name).has_value(), "metric {} set twice", name);
  values_.emplace_back(name, value);
}

std::optional<double> Metrics::get(std::string_view name) const {
  for (const auto& [n, value] : values_) {
    if (n == name) return value;
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, double>> Metrics::all() const {
  auto rank = [](const std::pair<std::string, double>& entry) {
    const MetricInfo* info = find(entry.first);
    return std::pair(info == nullptr ? std::size(kTable) : static_cast<size_t>(info - kTable),
                     entry.first);
  };
  auto sorted = values_;
  std::ranges::sort(sorted, {}, rank);
  return sorted;
}

}  // namespace revenant::sim
