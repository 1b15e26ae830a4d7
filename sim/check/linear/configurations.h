// A set of configurations in which none stands for another.
//
// A configuration is a row of words: its state, the places that must, the places that may, and the last of the
// changes that led to it. A place is where an operation under way is kept (search.cc).
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/check/linear/move.h"

namespace revenant::check {

class Configurations {
 public:
  static constexpr uint32_t kNoChange = ~uint32_t{0};

  // `words`: of 64 places each.
  explicit Configurations(size_t words) : words_(words), row_(2 * words + 2) {}

  size_t size() const { return alive_.size(); }
  size_t live() const { return live_; }
  size_t bytes() const { return rows_.size() * sizeof(uint64_t); }
  bool alive(size_t i) const { return alive_[i]; }

  State state(size_t i) const { return rows_[i * row_]; }
  std::span<const uint64_t> must(size_t i) const { return {&rows_[i * row_ + 1], words_}; }
  std::span<const uint64_t> may(size_t i) const { return {&rows_[i * row_ + 1 + words_], words_}; }
  uint32_t change(size_t i) const { return static_cast<uint32_t>(rows_[(i + 1) * row_ - 1]); }
  std::span<const uint64_t> row(size_t i) const { return {&rows_[i * row_], row_}; }

  // Unless one that is there stands for it; those it stands for are no longer alive.
  bool add(std::span<const uint64_t> row);
  void clear();
  // Leaves the `count` best: those that must least, then those that may most, then the first added.
  void keep_best(size_t count);
  // For changes in place that leave the order between configurations as it is, or add to each what it adds
  // to all.
  std::span<uint64_t> edit(size_t i) { return {&rows_[i * row_], row_}; }

 private:
  // Whether a stands for b, which has the same state.
  bool stands_for(const uint64_t* a, const uint64_t* b) const;
  void index(size_t i);
  void grow_index();
  size_t bucket(State state) const { return (state * 0x9e3779b97f4a7c15) >> shift_; }

  size_t words_, row_;
  std::vector<uint64_t> rows_;
  std::vector<bool> alive_;
  size_t live_ = 0;
  // Configurations by state, once they are many: heads of chains, 0 for none, otherwise place + 1.
  std::vector<uint32_t> heads_, next_;
  int shift_ = 64;
};

}  // namespace revenant::check
