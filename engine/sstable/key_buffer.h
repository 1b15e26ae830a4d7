// The key a block's cursor stands on, put together from what entries share. Keys of usual length
// need no allocation, so that a point read of a cached block needs none either.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>

#include "engine/base/bytes.h"

namespace revenant::sstable {

class KeyBuffer {
 public:
  KeyBuffer() = default;
  KeyBuffer(const KeyBuffer&) = delete;
  KeyBuffer& operator=(const KeyBuffer&) = delete;

  // Keeps the first `shared` bytes, which must be there, and appends `suffix`; `readable` bytes may
  // be read from its start on, which spares a short suffix a copy of its exact length.
  void replace_tail(size_t shared, Bytes suffix, size_t readable) {
    const size_t size = shared + suffix.size();
    if (size + kStride > capacity_) [[unlikely]]
      grow(size + kStride);
    if (suffix.size() <= kStride && readable >= kStride) [[likely]] {
      std::memcpy(data_ + shared, suffix.data(), kStride);
    } else {
      std::memcpy(data_ + shared, suffix.data(), suffix.size());
    }
    size_ = size;
  }
  void assign(Bytes key) { replace_tail(0, key, key.size()); }
  void clear() { size_ = 0; }
  size_t size() const { return size_; }
  Bytes view() const { return {data_, size_}; }

 private:
  void grow(size_t size) {
    const size_t capacity = std::max(size, 2 * capacity_);
    std::unique_ptr<char[]> larger(new char[capacity]);
    std::memcpy(larger.get(), data_, size_);
    heap_ = std::move(larger);
    data_ = heap_.get();
    capacity_ = capacity;
  }

  static constexpr size_t kStride = 32;

  char inline_[200];
  std::unique_ptr<char[]> heap_;
  char* data_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = sizeof inline_;
};

}  // namespace revenant::sstable
