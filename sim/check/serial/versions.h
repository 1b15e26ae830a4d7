// What transactions wrote and read, by versions of keys; the order of the versions is recovered from the reads.
//
//   appended-to keys   a read returns every version up to the one it saw:   T3 read [1 2 4]   1 < 2 < 4
//                      what nobody read comes after all that was read, in an order that nobody knows
//   registers          by recorded versions; without them a value names its write, and a version is followed by
//                      that of the transaction that read it before it wrote
//
// What no order of transactions could explain is found on the way: a read of what nobody wrote, or an aborted
// transaction did; lists of which neither continues the other; a transaction at odds with itself.
#pragma once

#include <string>
#include <vector>

#include "sim/check/serial/anomaly.h"

namespace revenant::check::serial {

inline constexpr uint32_t kNobody = ~uint32_t{0};

// A write that may be seen by others. Of several by a transaction of one key each is one.
struct Write {
  uint64_t id;  // the recorded version, or the bits of the value
  history::Value value;
  uint32_t key, transaction, step;
  bool is_last = true;  // of its transaction, of the key
};

struct Read {
  uint32_t key, transaction;
  uint32_t write;  // in Versions::writes; kNobody: the initial version
  history::Value value;
};

struct Transaction {
  uint32_t operation;
  uint32_t steps_begin, steps_end;  // in Versions::steps
  bool succeeded, happened;         // happened: succeeded, or was read
};

struct KeyVersions {
  bool appended_to = false, has_versions = false;
  uint32_t writes_begin = 0, writes_end = 0;  // by id
  std::vector<uint32_t> ordered;              // writes, as they follow the initial version
  std::vector<uint32_t> rest;                 // after those, in an unknown order
  uint32_t seen_by = kNobody;                 // transaction that read the longest list
  std::string unclear;                        // why it is not looked at; empty if it is
};

struct Versions {
  std::vector<history::Step> steps;
  std::vector<Transaction> transactions;
  std::vector<Write> writes;  // of all transactions, by key and id
  std::vector<Read> reads;    // of what others wrote, by transaction
  std::vector<KeyVersions> keys;
  std::vector<Finding> findings;
  uint64_t observations = 0;
};

Versions recover_versions(const history::History& history);

}  // namespace revenant::check::serial
