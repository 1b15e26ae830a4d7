// Walks the entries of one data block (sstable_format.h). Never suspends: the block is in memory.
//
// A block that passed its checksum is what somebody wrote, but not surely what BlockBuilder wrote;
// a cursor that meets an entry which is none becomes corrupt() and stays so, and never reads
// outside the block.
#pragma once

#include <vector>

#include "engine/sstable/internal_key.h"
#include "engine/sstable/key_buffer.h"

namespace revenant::sstable {

// Where to go: the first entry not before (user_key, trailer).
struct SeekTarget {
  Bytes user_key;
  const char* trailer;  // kTrailerSize bytes

  // The first entry a user key can have.
  static SeekTarget first_of(Bytes user_key) {
    static constexpr char kLeast[kTrailerSize] = {};
    return {user_key, kLeast};
  }
  static SeekTarget exactly(Bytes internal_key) {
    const Bytes user_key = user_key_of(internal_key);
    return {user_key, user_key.data() + user_key.size()};
  }
};

// As compare_internal_keys.
inline int compare(const SeekTarget& a, const SeekTarget& b) {
  if (int c = compare_user_keys(a.user_key, b.user_key); c != 0) return c;
  return compare_trailers(a.trailer, b.trailer);
}
inline int compare(Bytes internal_key, const SeekTarget& target) {
  return compare(SeekTarget::exactly(internal_key), target);
}

// Whether a payload ends in restarts that lie inside it: what a cursor takes for granted.
bool restarts_are_sound(Bytes payload);

class BlockCursor {
 public:
  BlockCursor() = default;
  // `payload` has sound restarts and outlives the cursor or its next reset().
  void reset(Bytes payload);
  // Forgets the block; valid() is false until the next reset().
  void clear() {
    valid_ = corrupt_ = false;
    past_.clear();
  }

  bool valid() const { return valid_; }
  bool corrupt() const { return corrupt_; }
  void seek_to_first();
  void seek_to_last();
  void seek(const SeekTarget& target);
  void next() {  // only while valid()
    past_.clear();
    step();
  }
  void prev();  // likewise

  // While valid(); until the next move.
  Bytes key() const { return key_.view(); }
  Bytes value() const { return value_; }

 private:
  // An entry's sizes, and where its own bytes of the key start. They lie inside the entries.
  struct Header {
    uint64_t shared, unshared, value_size;
    const char* bytes;
  };
  bool read_header(const char* at, Header& header) const;
  Bytes restart_key(uint32_t index);
  void go_to_restart(uint32_t index);
  void step();
  // Moves to the last entry before `limit`, of those from the last restart before it on.
  void go_before(const char* limit);
  void fail() {
    valid_ = false;
    corrupt_ = true;
  }

  const char* begin_ = nullptr;
  const char* restarts_ = nullptr;  // where entries end
  uint32_t restart_count_ = 0;
  const char* entry_ = nullptr;  // this entry
  const char* next_ = nullptr;   // the entry after it
  KeyBuffer key_;
  Bytes value_;
  bool valid_ = false;
  bool corrupt_ = false;

  // Entries can be decoded forward only. Going back, those from a restart up to this entry are
  // decoded once and kept; the last is the one before this entry.
  struct Past {
    const char* entry;
    size_t key_offset, key_size;  // in past_keys_
    Bytes value;
  };
  std::vector<Past> past_;
  Buffer past_keys_;
};

// --- walked entry by entry, so kept inline ---

inline void BlockCursor::step() {
  if (next_ == restarts_) {
    valid_ = false;
    return;
  }
  entry_ = next_;
  Header header;
  if (!read_header(next_, header) || header.shared > key_.size()) return fail();
  key_.replace_tail(header.shared, {header.bytes, header.unshared},
                    static_cast<size_t>(restarts_ - header.bytes));
  value_ = {header.bytes + header.unshared, header.value_size};
  if (key_.size() < kTrailerSize ||
      !is_entry_value(static_cast<uint8_t>(~key_.view().back()), value_)) {
    return fail();
  }
  next_ = value_.data() + value_.size();
  valid_ = true;
}

inline bool BlockCursor::read_header(const char* at, Header& header) const {
  const auto left = static_cast<uint64_t>(restarts_ - at);
  if (left < 3) return false;
  const auto byte = [at](int i) { return static_cast<uint8_t>(at[i]); };
  if ((byte(0) | byte(1) | byte(2)) < 0x80) [[likely]] {
    header = {byte(0), byte(1), byte(2), at + 3};
  } else {
    Decoder in({at, left});
    header.shared = in.varint();
    header.unshared = in.varint();
    header.value_size = in.varint();
    if (in.failed()) return false;
    header.bytes = in.rest().data();
  }
  const auto room = static_cast<uint64_t>(restarts_ - header.bytes);
  return header.unshared <= room && header.value_size <= room - header.unshared;
}

}  // namespace revenant::sstable
