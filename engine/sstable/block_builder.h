// Builds data blocks (sstable_format.h), one after another, at the end of somebody else's buffer:
// what a file's writer would otherwise copy is written in its place at once.
#pragma once

#include <vector>

#include "engine/base/bytes.h"

namespace revenant::sstable {

class BlockBuilder {
 public:
  explicit BlockBuilder(int64_t restart_interval);

  // Keys ascending within a block. Every call until finish() gives the same buffer, and nobody else
  // appends to it.
  void add(Buffer& out, Bytes key, Bytes value);
  // Closes the payload; the next add() starts another.
  void finish(Buffer& out);

  bool empty() const { return restarts_.empty(); }
  // Where the block in progress starts in the buffer; while not empty().
  size_t start() const { return start_; }
  // Of the payload if it were closed now.
  size_t size(const Buffer& out) const;
  // The last key added, also after finish(); empty before the first.
  Bytes last_key() const { return last_key_; }

 private:
  const int64_t restart_interval_;
  size_t start_ = 0;
  std::vector<uint32_t> restarts_;
  int64_t since_restart_ = 0;
  Buffer last_key_;
};

}  // namespace revenant::sstable
