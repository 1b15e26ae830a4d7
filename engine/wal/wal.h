// The write-ahead log: records appended to numbered segments, replayed in order after a crash.
//
//   segment   | header 16: magic 8, format version 4, checksum of these 4 | record | record | …
//   record    | checksum 4 (of all that follows) | length 4 | payload |
//
// A record is whole or not there: replay of a segment ends at the first record that is short, has a
// wrong checksum, or is all zeros (a page that was lost; zeros up to the end were only set aside). Only the last segment may end so; a hole
// in an earlier one is corruption, which is for the caller to say. Replay cannot tell a torn write
// from a byte that rotted later: both end it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/env/file_system.h"
#include "engine/wal/wal_format.h"

namespace revenant::wal {

// One caller at a time: each call writes from the same buffer, and may suspend meanwhile.
class WalWriter {
 public:
  // `file` is new and empty. Writes the header with the first append.
  explicit WalWriter(std::unique_ptr<env::AppendFile> file,
                     env::Cause cause = {env::CauseKind::kWal});

  // Appends one record. Durable only after sync(). On error the segment takes no more: its tail is
  // unknown. What it took before can still be synced.
  Result<void> append(Bytes payload);
  // Several records as one write to the file.
  Result<void> append_all(const std::vector<Bytes>& payloads);
  // After an error nothing of the segment can be relied on, and it takes nothing more.
  Result<void> sync();
  uint64_t size() const;

 private:
  void begin_write();
  Result<void> write();

  std::unique_ptr<env::AppendFile> file_;
  env::Cause cause_;
  Buffer scratch_;
  bool tail_unknown_ = false;  // after a failed append
  bool sync_failed_ = false;
};

// How a segment ended.
enum class WalEnd {
  kClean,  // at a record boundary, which is the end of the file
  kTorn,   // bytes follow that are no record
};

struct WalReplay {
  uint64_t records = 0;
  uint64_t valid_bytes = 0;    // up to here every record is whole
  uint64_t dropped_bytes = 0;  // after it
  WalEnd end = WalEnd::kClean;
};

// Calls `record` for each whole record in order; a failure of `record` ends the replay with that
// error. A file shorter than its header, or whose header is all zeros (its page was lost), holds no
// records and is torn; any other header than ours is kCorruption. Errors give the offset; the
// caller knows the name.
Result<WalReplay> replay_wal(env::ReadFile& file,
                             const std::function<Result<void>(Bytes payload)>& record,
                             env::Cause cause = {env::CauseKind::kRecovery});

}  // namespace revenant::wal
