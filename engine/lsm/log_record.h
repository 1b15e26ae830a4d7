// A record of the write-ahead log: the batches that were committed together.
//
//   record   | first sequence 8 | entries v | entry | entry | …
//   entry    | kind 1 | version 8 | key: size v, bytes | value: size v, bytes       (a value)
//                                                      | deletion time 8            (a tombstone)
//                                                      | end 8 | value: size v, bytes   (expiring)
//              | 255  | version 8 | start: size v, bytes | end: size v, bytes | deletion time 8
//                                                                         (a range tombstone)
//
// The entries' sequences follow each other from the first one on, and the next record goes on where
// this one ends: so replay notices when something between two records is missing.
#pragma once

#include <functional>

#include "engine/base/cell.h"
#include "engine/base/result.h"

namespace revenant::lsm {

void append_log_record_header(Buffer& out, SequenceNumber first, uint64_t entries);
void append_log_record_entry(Buffer& out, Bytes key, const CellView& cell);
void append_log_record_range(Buffer& out, Bytes start, Bytes end, const CellView& tombstone);

struct LogRecordHeader {
  SequenceNumber first;
  uint64_t entries = 0;
};
Result<LogRecordHeader> decode_log_record_header(Bytes record);
struct LogRecordEntry {
  SequenceNumber sequence;
  Bytes key;
  CellView cell;
  Bytes end;  // not empty: a tombstone of the range from `key` on
};
// Calls `entry` for each entry in order; views live until it returns.
Result<void> decode_log_record(Bytes record,
                               const std::function<void(const LogRecordEntry&)>& entry);

}  // namespace revenant::lsm
