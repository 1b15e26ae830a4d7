// Walks a segment of a log in whatever state it is: its records, and the places where there is none.
//
//   | header | record | record | ??? | record | record | ?? |
//   pieces:     record   record  damage  record   record  damage
//
// Zeros up to the end of the file are no damage but space that was set aside for records to come
// (env::FileSystem::create_log; RocksDB's reader takes them so too). If they are pages that were lost,
// the log that follows begins with a hole, or nothing follows.
//
// After damage the next record is looked for: first where the damaged one says it ends, then byte by
// byte. A payload that holds a copy of a record could be mistaken for one; only who goes on after
// damage runs that risk.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/env/file_system.h"

namespace revenant::wal {

enum class WalDamage {
  kCutShort,  // the file ends within the header or a record, or a record claims more than there is
  kZeros,     // a page that was never written, and something after it
  kChecksum,  // of a record
  kHeader,  // the header is not that of a log of this format: no torn write, it lies in one sector
};
std::string_view to_string(WalDamage damage);

struct WalPiece {
  uint64_t offset = 0;
  uint64_t size = 0;                     // with its header; of a damage: unknown, 0
  Bytes payload = {};                    // until the next call
  std::optional<WalDamage> damage = {};  // set: there is no record here
};

class WalReader {
 public:
  // `file` outlives it.
  explicit WalReader(env::ReadFile& file, env::Cause cause = {env::CauseKind::kRecovery})
      : file_(file), cause_(cause) {}

  // Nothing at the end of the file. Nothing beyond a damage is read before the call after it.
  Result<std::optional<WalPiece>> next();

 private:
  Result<Bytes> window(uint64_t offset, uint64_t size);
  Result<std::optional<WalPiece>> header();
  Result<WalPiece> piece_at(uint64_t offset);
  Result<std::optional<WalPiece>> find_record();
  Result<bool> is_unused_end(const WalPiece& piece);

  env::ReadFile& file_;
  const env::Cause cause_;
  Buffer bytes_;  // of the file, from bytes_offset_ on
  uint64_t bytes_offset_ = 0;
  bool begun_ = false;  // the header is behind
  uint64_t at_ = 0;
  bool damaged_ = false;       // the piece at at_
  uint64_t claimed_size_ = 0;  // of that piece
};

}  // namespace revenant::wal
