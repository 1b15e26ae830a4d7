#include "engine/sstable/block_cursor.h"

namespace revenant::sstable {
namespace {

uint32_t restart_at(const char* restarts, uint32_t index) {
  return get_fixed<uint32_t>(restarts + index * sizeof(uint32_t));
}

}  // namespace

bool restarts_are_sound(Bytes payload) {
  if (payload.size() < sizeof(uint32_t)) return false;
  const auto count = get_fixed<uint32_t>(payload.data() + payload.size() - sizeof(uint32_t));
  const uint64_t size = (uint64_t{count} + 1) * sizeof(uint32_t);
  if (count == 0 || size > payload.size()) return false;
  const char* restarts = payload.data() + payload.size() - size;
  if (restart_at(restarts, 0) != 0) return false;
  for (uint32_t i = 1; i < count; ++i) {
    if (restart_at(restarts, i) <= restart_at(restarts, i - 1)) return false;
  }
  return restart_at(restarts, count - 1) < payload.size() - size;
}

void BlockCursor::reset(Bytes payload) {
  restart_count_ = get_fixed<uint32_t>(payload.data() + payload.size() - sizeof(uint32_t));
  begin_ = payload.data();
  restarts_ = payload.data() + payload.size() - (size_t{restart_count_} + 1) * sizeof(uint32_t);
  next_ = begin_;
  key_.clear();
  clear();
}

void BlockCursor::seek_to_first() {
  if (corrupt_) return;
  go_to_restart(0);
  step();
}

void BlockCursor::seek_to_last() {
  if (!corrupt_) go_before(restarts_);
}

void BlockCursor::seek(const SeekTarget& target) {
  if (corrupt_) return;
  // The last restart before the target: its entries are the only ones that can end before it.
  uint32_t least = 0;
  uint32_t greatest = restart_count_ - 1;
  while (least < greatest) {
    const uint32_t middle = least + (greatest - least + 1) / 2;
    const Bytes key = restart_key(middle);
    if (corrupt_) return;
    if (compare(key, target) < 0) {
      least = middle;
    } else {
      greatest = middle - 1;
    }
  }
  go_to_restart(least);
  do step();
  while (valid_ && compare(key_.view(), target) < 0);
}

void BlockCursor::prev() {
  if (past_.empty()) return go_before(entry_);
  const Past& past = past_.back();
  entry_ = past.entry;
  key_.assign(Bytes(past_keys_).substr(past.key_offset, past.key_size));
  value_ = past.value;
  next_ = value_.data() + value_.size();
  past_.pop_back();
}

void BlockCursor::go_before(const char* limit) {
  if (limit == begin_) {
    valid_ = false;
    return;
  }
  uint32_t restart = restart_count_ - 1;
  while (begin_ + restart_at(restarts_, restart) >= limit) --restart;
  go_to_restart(restart);
  past_keys_.clear();
  for (step(); valid_ && next_ < limit; step()) {
    past_.push_back({entry_, past_keys_.size(), key_.size(), value_});
    past_keys_.append(key_.view());
  }
}

Bytes BlockCursor::restart_key(uint32_t index) {
  Header header;
  if (!read_header(begin_ + restart_at(restarts_, index), header) || header.shared != 0 ||
      header.unshared < kTrailerSize) {
    fail();
    return {};
  }
  return {header.bytes, header.unshared};
}

void BlockCursor::go_to_restart(uint32_t index) {
  next_ = begin_ + restart_at(restarts_, index);
  key_.clear();
  past_.clear();
}

}  // namespace revenant::sstable
