// Who moved how many bytes, and why. Two ledgers by cause:
//
//   file bytes    as the engine asked for them, cached or not: amplification as the literature
//                 counts it
//   device bytes  the pages that really moved; a written page is charged to whoever dirtied it
//                 first since it was last clean, a page read to whoever missed it (read-ahead
//                 included)
//
// Every figure is entered twice, by cause and in a total kept apart, and close() holds the ledger
// against what the device and the page cache counted by themselves.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "engine/base/result.h"
#include "engine/env/cause.h"
#include "sim/disk/device_queue.h"

namespace revenant::sim {

struct LedgerRow {
  uint64_t appends = 0, reads = 0, syncs = 0;  // calls of the engine; a sync that had nothing to do
                                               // counts
  uint64_t file_bytes_written = 0, file_bytes_read = 0;
  uint64_t device_bytes_written = 0, device_bytes_read = 0;
  uint64_t pages_dirtied = 0;  // clean pages and new ones that became dirty
  uint64_t pages_written = 0;  // handed to the device
  uint64_t pages_dropped = 0;  // forgotten with a removed file, or dirty at a power loss whatever
                               // became of them

  LedgerRow& operator+=(const LedgerRow& other);
  friend bool operator==(const LedgerRow&, const LedgerRow&) = default;
};

class Ledger {
 public:
  void append(env::Cause cause, uint64_t bytes);
  void read(env::Cause cause, uint64_t bytes);
  void sync(env::Cause cause);
  void device_read(env::Cause cause, uint64_t bytes);
  void page_dirtied(env::Cause cause);
  void page_written(env::Cause dirtied_by);
  void page_dropped(env::Cause dirtied_by);

  const std::map<env::Cause, LedgerRow>& rows() const { return rows_; }
  const LedgerRow& total() const { return total_; }

  // An error that says which sum does not hold, if one does not: rows against totals, the device's
  // own count, and for each cause pages dirtied = written + dropped + still dirty.
  Result<void> close(const DeviceTotals& device,
                     const std::map<env::Cause, uint64_t>& still_dirty) const;

 private:
  using Entry = std::map<env::Cause, LedgerRow>::value_type;
  LedgerRow& row(env::Cause cause);

  std::map<env::Cause, LedgerRow> rows_;
  std::array<Entry*, 16> last_of_kind_{};  // the row used last for each kind of cause
  LedgerRow total_;
};

}  // namespace revenant::sim
