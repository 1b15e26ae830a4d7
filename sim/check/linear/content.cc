#include "sim/check/linear/content.h"

namespace revenant::check::content {

namespace {

constexpr uint64_t kPrime = (uint64_t{1} << 61) - 1;
constexpr uint64_t kPoint = 0x1d3f84a5b7c90e63 % kPrime;  // arbitrary, large
constexpr uint64_t kTag = uint64_t{3} << 62;              // apart from the bits of any Value

uint64_t multiply(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  const uint64_t sum =
      static_cast<uint64_t>(product >> 61) + static_cast<uint64_t>(product & kPrime);
  return sum >= kPrime ? sum - kPrime : sum;
}

uint64_t add(uint64_t a, uint64_t b) {
  const uint64_t sum = a + b;
  return sum >= kPrime ? sum - kPrime : sum;
}

// Never 0, so that an item counts wherever it stands.
uint64_t item_hash(uint64_t bits) {
  bits ^= bits >> 33;
  bits *= 0xff51afd7ed558ccd;
  bits ^= bits >> 33;
  bits *= 0xc4ceb9fe1a85ec53;
  bits ^= bits >> 33;
  return bits % (kPrime - 1) + 1;
}

// Calls step(hash of the item) for each item.
template <typename Step>
void each_item(const history::History& history, history::Value value, Step step) {
  if (value.is_absent()) return;
  if (value.is_number()) {
    step(item_hash(value.bits()));
  } else if (history.is_list(value)) {
    for (const history::Value item : history.items(value)) step(item_hash(item.bits()));
  } else {
    for (const char c : history.text(value)) step(item_hash(static_cast<unsigned char>(c)));
  }
}

}  // namespace

Content of(const history::History& history, history::Value value) {
  uint64_t hash = 0, factor = 1;
  each_item(history, value, [&](uint64_t item) {
    hash = add(multiply(hash, kPoint), item);
    factor = multiply(factor, kPoint);
  });
  return {kTag | hash, factor};
}

State append(State state, State appended, uint64_t factor) {
  if (state == kDead) return kDead;
  return kTag | add(multiply(state & ~kTag, factor), appended & ~kTag);
}

std::vector<State> prefixes(const history::History& history, history::Value value) {
  std::vector<State> states = {kTag};
  uint64_t hash = 0;
  each_item(history, value, [&](uint64_t item) {
    hash = add(multiply(hash, kPoint), item);
    states.push_back(kTag | hash);
  });
  return states;
}

}  // namespace revenant::check::content
