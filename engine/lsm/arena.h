// Memory that is handed out in small pieces and freed all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace revenant::lsm {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;

  // Aligned to 8 bytes; lives as long as the arena.
  char* allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (bytes > left_) return allocate_elsewhere(bytes);
    char* result = at_;
    at_ += bytes;
    left_ -= bytes;
    return result;
  }

 private:
  static constexpr size_t kBlockBytes = 64 * 1024;

  char* allocate_elsewhere(size_t bytes) {
    // A large piece gets a block of its own, so that what is left of this one is not lost.
    const bool own = bytes > kBlockBytes / 4;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(own ? bytes : kBlockBytes));
    char* result = blocks_.back().get();
    if (!own) {
      at_ = result + bytes;
      left_ = kBlockBytes - bytes;
    }
    return result;
  }

  char* at_ = nullptr;
  size_t left_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

}  // namespace revenant::lsm
