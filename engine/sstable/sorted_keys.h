// A search among ascending user keys that touches the keys themselves only where it must: what they
// all have in common is compared once, and the eight bytes after it lie beside each other as
// numbers.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/sstable/internal_key.h"

namespace revenant::sstable {

class SortedKeys {
 public:
  SortedKeys() = default;
  // `key_of(i)` for i below `count` gives keys that ascend (equal ones allowed).
  template <typename KeyOf>
  SortedKeys(size_t count, KeyOf key_of) {
    if (count == 0) return;
    // They are sorted, so what the first and the last have in common all have.
    const Bytes first = key_of(0);
    common_ = first.substr(0, common_prefix(first, key_of(count - 1)));
    prefixes_.reserve(count);
    for (size_t i = 0; i < count; ++i) prefixes_.push_back(prefix(key_of(i)));
  }

  size_t size() const { return prefixes_.size(); }

  // The first key that is not before the target, or size(); `before(i)` says it of key i, and is
  // asked only about keys that begin as the target does.
  template <typename Before>
  size_t find(Bytes user_key, Before before) const {
    if (prefixes_.empty()) return 0;
    const int c = compare_user_keys(user_key.substr(0, common_.size()), common_);
    if (c != 0) return c < 0 ? 0 : size();

    // The first prefix not below the target's, without branches that would be guessed wrong half
    // the time.
    const uint64_t target = prefix(user_key);
    const uint64_t* least = prefixes_.data();
    for (size_t left = prefixes_.size(); left > 0; left /= 2) {
      const size_t half = (left + 1) / 2;
      least += least[half - 1] < target ? half : 0;
    }
    auto at = static_cast<size_t>(least - prefixes_.data());
    if (at == size() || prefixes_[at] != target) return at;
    // Among those of the same prefix, by the whole key.
    size_t end = at + 1;
    if (end < size() && prefixes_[end] == target) {
      end = static_cast<size_t>(std::upper_bound(prefixes_.begin() + static_cast<ptrdiff_t>(end),
                                                 prefixes_.end(), target) -
                                prefixes_.begin());
    }
    while (at < end) {
      const size_t middle = at + (end - at) / 2;
      if (before(middle)) {
        at = middle + 1;
      } else {
        end = middle;
      }
    }
    return at;
  }

 private:
  // The first eight bytes of what the keys do not share, zeros after the end, as a number. A
  // smaller one means a smaller key; equal ones say nothing.
  uint64_t prefix(Bytes key) const {
    const Bytes rest = key.substr(common_.size());
    if (rest.size() >= 8) return get_big_endian64(rest.data());
    char bytes[8] = {};
    std::memcpy(bytes, rest.data(), rest.size());
    return get_big_endian64(bytes);
  }

  Buffer common_;
  std::vector<uint64_t> prefixes_;
};

}  // namespace revenant::sstable
