// One fault on one structure of one replica's disk, as CORDS injects them (Ganesan et al., FAST'17):
//
//   {bits rot, writes lost, read errors, write errors, no space}
//     x {log, SSTables, manifest, hints} x {the node that coordinates, one that follows}
//
// The node then loses power, so that it comes back from what its disk says. Two good replicas are left:
// nobody may read what nobody wrote, miss what was acknowledged or lose it, and what is wrong must not
// spread to the good ones by repair, which is how Cassandra and others failed that study.
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "engine/base/checksum.h"
#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

constexpr uint32_t kFaulty = 2;

// Every cell that a good replica gets from a replica must be one that a client wrote.
struct Spread final : Observer {
  void applied(Instant, NodeId node, uint64_t key, const CellView& cell,
               env::ApplySource source) override {
    const auto written = std::tuple(key, cell.version, cell.kind, hash64(cell.value));
    if (source == env::ApplySource::kClient) {
      by_clients.insert(written);
    } else if (node.value != kFaulty) {
      ++repaired;
      EXPECT_TRUE(by_clients.contains(written)) << "key " << key << " on node " << node.value;
    }
  }
  std::set<std::tuple<uint64_t, Version, CellKind, uint64_t>> by_clients;
  int repaired = 0;
};

struct FaultCase {
  const char* name;
  const char* at;
  const char* fault;   // {} for the node and the files
  const char* metric;  // that says that it struck
};

class Cords : public testing::TestWithParam<FaultCase> {};

TEST_P(Cords, stays_on_the_faulty_disk) {
  const FaultCase& fault = GetParam();
  int struck = 0;
  for (const char* files : {"wal", "sstable", "manifest", "hints"}) {
    for (const bool coordinates : {true, false}) {
      // Hints are there while another replica is down.
      const bool hints = std::string(files) == "hints";
      const std::string down =
          hints ? R"({ "at": "300ms", "for": "1500ms", "crash": { "node": 1 } },)" : "";
      const std::string where = fmt::format(R"("node": {}, "files": "{}")", kFaulty, files);
      const std::string entry = fmt::format(fmt::runtime(fault.fault), fmt::arg("where", where),
                                            fmt::arg("node", kFaulty));
      Spread spread;
      const TestRun run(fmt::format(R"({{ "settle": "10s",
              "disk": {{ "page_cache": "64KiB", "dirty_max": "32KiB" }},
              "storage": {{ "block_cache_size": "4KiB", "memtable_size": "16KiB" }},
              "workload": [ {{ "name": "w", "rate": "400/s", "clients": 4, "coordinators": {},
                               "mix": {{ "read": 2, "update": 1, "insert": 0.3, "delete": 0.3 }} }} ],
              "faults": [ {} {{ "at": "{}", "for": "1500ms", {} }},
                          {{ "at": "2s", "for": "300ms", "power_loss": {{ "node": {} }} }} ] }})",
                                    coordinates ? "2" : "[0, 1]", down, fault.at, entry, kFaulty),
                        1, {&spread});
      const std::string what =
          fmt::format("{} of {}, coordinates: {}", fault.name, files, coordinates);
      EXPECT_EQ(run["thin_air_reads"], 0) << what;
      EXPECT_EQ(run["stale_reads"], 0) << what;
      EXPECT_EQ(run["resurrected_reads"], 0) << what;
      EXPECT_EQ(run["lost_acknowledged_writes"], 0) << what;
      EXPECT_GT(run["operations_ok"], 300) << what;
      if (hints) {
        EXPECT_GT(spread.repaired, 0) << what;
      }
      struck += run[fault.metric] > 0;
    }
  }
  // Hints are few, and the node that only follows has none.
  EXPECT_GE(struck, 6) << "of 8";
}

INSTANTIATE_TEST_SUITE_P(
    , Cords,
    testing::Values(
        // While the node is down: a page that is written again is whole again.
        FaultCase{"bit_rot", "2100ms", R"("bit_rot": {{ {where}, "bits": 40 }})",
                  "disk_bits_flipped"},
        FaultCase{"lost_writes", "1s", R"("lost_write": {{ {where}, "chance": "30%" }})",
                  "disk_writes_lost"},
        FaultCase{"read_errors", "1s", R"("disk_read_error": {{ {where}, "chance": "100%" }})",
                  "disk_read_errors_injected"},
        FaultCase{"write_errors", "1s", R"("disk_write_error": {{ {where}, "chance": "30%" }})",
                  "disk_write_errors_injected"},
        FaultCase{"no_space", "1s", R"("disk_full": {{ "node": {node}, "free": "4KiB" }})",
                  "disk_appends_refused"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace revenant::sim
