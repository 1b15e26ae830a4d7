// Histories of transactions that give no times: only the order within a session means something.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/history/formats.h"

namespace revenant::history {

class UntimedTransactions {
 public:
  // Its steps follow. `line` is what it will be called by; sessions have the numbers that their source gave them.
  void begin(int64_t session, uint32_t line, Outcome outcome);
  // Of the transaction that began last. A read of what was there first: without a value.
  void read(std::string_view key, std::optional<uint64_t> value);
  void write(std::string_view key, uint64_t value);

  // A source that writes no 0 means by it what was there first. In one that does, a 0 is of that write.
  Found finish() &&;

 private:
  struct Transaction {
    int64_t session;
    uint32_t line;
    Outcome outcome;
    size_t steps_begin;
  };

  Value value(uint64_t value);

  History history_;
  std::vector<Transaction> transactions_;
  std::vector<Step> steps_;
  bool zero_was_written_ = false;
};

}  // namespace revenant::history
