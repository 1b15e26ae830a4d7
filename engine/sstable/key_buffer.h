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

  // Keeps the first `shared` bytes, which must be there, and appends `suffix`.
  void replace_tail(size_t shared, Bytes suffix) {
    const size_t size = shared + suffix.size();
    if (size > capacity_) [[unlikely]]
      grow(size);
    std::memcpy(data_ + shared, suffix.data(), suffix.size());
    size_ = size;
  }
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

  char inline_[200];
  std::unique_ptr<char[]> heap_;
  char* data_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = sizeof inline_;
};

}  // namespace revenant::sstable
