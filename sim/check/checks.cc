#include "sim/check/checks.h"

namespace revenant::sim {
namespace {

constexpr CheckInfo kTable[] = {
    {"no_thin_air", "thin_air_reads",
     "A read returns only what some write to its key wrote. Always on."},
    {"no_resurrection", "resurrected_reads",
     "No read returns a deleted version after its tombstone was purged."},
    {"no_stale_reads", "stale_reads", "A read sees every write acknowledged before it began."},
    {"no_lost_writes", "lost_acknowledged_writes",
     "The last acknowledged put of a key, or something newer, is on a replica at the end."},
    {"atomic_batches", "torn_batches",
     "At the end none of a batch's writes is visible while another never reached a replica."},
    {"no_lost_updates", "lost_updates",
     "No acknowledged write loses to one acknowledged before it began."},
    {"no_early_expiry", "early_expiries",
     "No read misses a value whose TTL has not ended, if nothing newer was acknowledged."},
    {"no_overdue_tombstones", "overdue_tombstones",
     "At the end no replica holds a tombstone that tombstone_gc lets go."},
    {"convergence", "diverged_keys",
     "After the settling all replicas of a key agree on its winning cell."},
    {"linearizable", "linearizable_violations",
     "Each operation takes effect at one moment between its invocation and its response."},
    {"read_your_writes", "read_your_writes_violations",
     "A session's read is not older than its own last write."},
    {"monotonic_reads", "monotonic_reads_violations",
     "A session's read is not older than what it has read before."},
    {"monotonic_writes", "monotonic_writes_violations",
     "A session's write of a key is later than its writes before it."},
    {"writes_follow_reads", "writes_follow_reads_violations",
     "A session's write of a key is later than what it had read before."},
    {"progress", "stuck_clients",
     "No client has all its operations fail that it begins after progress_from."},
};

}  // namespace

std::span<const CheckInfo> check_table() { return kTable; }

std::vector<std::string> check_names() {
  std::vector<std::string> names;
  for (const CheckInfo& info : kTable) names.emplace_back(info.name);
  return names;
}

}  // namespace revenant::sim
