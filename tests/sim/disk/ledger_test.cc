#include "sim/disk/ledger.h"

#include <gtest/gtest.h>

#include "sim/disk/stored_file.h"
#include "tests/sim/disk/bare_machine.h"

namespace revenant::sim {
namespace {

constexpr env::Cause kL0 = env::Cause::compaction(0, 1);
constexpr env::Cause kL1 = env::Cause::compaction(1, 2);

// Two pages dirtied and one of them written, three pages read.
class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    ledger.append(kL0, 5000);
    ledger.page_dirtied(kL0);
    ledger.page_dirtied(kL0);
    ledger.page_written(kL0);
    ledger.read(kClientRead, 100);
    ledger.device_read(kClientRead, 3 * kPageSize);
  }
  std::string close() const {
    const auto result = ledger.close(device, dirty);
    return result.has_value() ? "closes" : result.error().message;
  }

  Ledger ledger;
  DeviceTotals device{.bytes_read = 3 * kPageSize, .bytes_written = kPageSize};
  std::map<env::Cause, uint64_t> dirty{{kL0, 1}};
};

TEST_F(LedgerTest, closes_when_every_page_is_accounted_for) { EXPECT_EQ(close(), "closes"); }

TEST_F(LedgerTest, keeps_compactions_of_different_levels_apart) {
  ledger.append(kL1, 7);
  ledger.append(kL0, 1);
  ledger.append(kL1, 7);
  EXPECT_EQ(ledger.rows().at(kL0).file_bytes_written, 5001u);
  EXPECT_EQ(ledger.rows().at(kL1).file_bytes_written, 14u);
  EXPECT_EQ(ledger.rows().at(kL1).appends, 2u);
  EXPECT_EQ(ledger.total().file_bytes_written, 5015u);
  EXPECT_EQ(close(), "closes");
}

TEST_F(LedgerTest, finds_a_page_written_that_the_device_did_not_see) {
  device.bytes_written = 0;
  EXPECT_EQ(close(),
            "disk ledger does not close: bytes written, and counted by the device: 4096 and 0");
}

TEST_F(LedgerTest, finds_a_read_that_nobody_asked_for) {
  device.bytes_read += 512;
  EXPECT_EQ(close(),
            "disk ledger does not close: bytes read, and counted by the device: 12288 and 12800");
}

TEST_F(LedgerTest, finds_a_dirty_page_that_was_lost) {
  dirty.clear();
  EXPECT_EQ(
      close(),
      "disk ledger does not close: pages dirtied and accounted for by compaction_L0_L1: 2 and 1");
  ledger.page_dropped(kL0);
  EXPECT_EQ(close(), "closes");
}

TEST_F(LedgerTest, finds_a_page_charged_to_another_cause) {
  dirty = {{kL1, 1}};
  EXPECT_NE(close(), "closes");
}

TEST_F(LedgerTest, finds_a_dirty_page_of_a_cause_that_has_no_row) {
  dirty[kManifest] = 1;
  EXPECT_EQ(close(), "disk ledger does not close: pages dirtied and accounted for: 2 and 3");
}

TEST_F(LedgerTest, finds_a_row_that_was_tampered_with) {
  const_cast<LedgerRow&>(ledger.rows().at(kClientRead)).file_bytes_read += 1;
  EXPECT_EQ(close(),
            "disk ledger does not close: file bytes read by cause and in all: 101 and 100");
}

TEST(LedgerOfADisk, does_not_close_after_tampering) {
  BareMachine machine;
  machine.run([&] { machine.write("f", "bytes"); });
  EXPECT_EQ(machine.verify(), "closes");
  const_cast<Ledger&>(machine.disk.ledger()).page_dirtied(kWal);
  EXPECT_NE(machine.verify(), "closes");
}

}  // namespace
}  // namespace revenant::sim
