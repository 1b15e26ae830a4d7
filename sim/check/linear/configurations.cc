#include "sim/check/linear/configurations.h"

#include <algorithm>
#include <numeric>

namespace revenant::check {

namespace {

// Up to here a look at each is faster than an index.
constexpr size_t kIndexedFrom = 16;

}  // namespace

bool Configurations::stands_for(const uint64_t* a, const uint64_t* b) const {
  for (size_t w = 1; w <= words_; ++w)
    if (a[w] & ~b[w]) return false;
  for (size_t w = words_ + 1; w <= 2 * words_; ++w)
    if (b[w] & ~a[w]) return false;
  return true;
}

bool Configurations::add(std::span<const uint64_t> row) {
  const auto meets = [&](size_t i) {  // whether the one at i stands for the new one
    if (!alive_[i] || state(i) != row[0]) return false;
    const uint64_t* there = &rows_[i * row_];
    if (stands_for(there, row.data())) return true;
    if (stands_for(row.data(), there)) {
      alive_[i] = false;
      --live_;
    }
    return false;
  };
  if (size() < kIndexedFrom) {
    for (size_t i = 0; i < size(); ++i)
      if (meets(i)) return false;
  } else {
    if (size() >= heads_.size()) grow_index();
    for (uint32_t at = heads_[bucket(row[0])]; at != 0; at = next_[at - 1])
      if (meets(at - 1)) return false;
  }
  rows_.insert(rows_.end(), row.begin(), row.end());
  alive_.push_back(true);
  ++live_;
  if (!heads_.empty()) index(size() - 1);
  return true;
}

void Configurations::index(size_t i) {
  uint32_t& head = heads_[bucket(state(i))];
  next_.resize(i + 1);
  next_[i] = head;
  head = static_cast<uint32_t>(i + 1);
}

void Configurations::grow_index() {
  const size_t buckets = std::bit_ceil(4 * std::max(size(), kIndexedFrom));
  shift_ = 64 - std::countr_zero(buckets);
  heads_.assign(buckets, 0);
  next_.clear();
  for (size_t i = 0; i < size(); ++i) index(i);
}

void Configurations::clear() {
  rows_.clear();
  alive_.clear();
  heads_.clear();
  next_.clear();
  live_ = 0;
}

void Configurations::keep_best(size_t count) {
  const auto bits = [](std::span<const uint64_t> set) {
    return std::transform_reduce(set.begin(), set.end(), 0, std::plus<>(),
                                 [](uint64_t word) { return std::popcount(word); });
  };
  struct Candidate {
    int must, may;
    size_t place;
  };
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < size(); ++i)
    if (alive(i)) candidates.push_back({bits(must(i)), bits(may(i)), i});
  std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
    return a.must != b.must ? a.must < b.must : a.may > b.may;
  });
  candidates.resize(std::min(count, candidates.size()));
  Configurations best(words_);
  for (const Candidate& candidate : candidates) best.add(row(candidate.place));
  *this = std::move(best);
}

}  // namespace revenant::check
