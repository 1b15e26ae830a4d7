// A value as checkers compare it: absent, a number, or a text or list by the symbol that its history gave it
// (history.h). Two values of one history are equal exactly if their bits are.
#pragma once

#include <compare>
#include <cstdint>

namespace revenant::history {

class Value {
 public:
  // No value: what a read of a key returns that was never written, or was deleted.
  constexpr Value() = default;

  static constexpr bool fits(int64_t number) {
    return number >= -(int64_t{1} << 61) && number < int64_t{1} << 61;
  }
  static constexpr Value number(int64_t number) {  // which fits()
    return Value(kNumber | (static_cast<uint64_t>(number) & kPayload));
  }
  static constexpr Value symbol(uint32_t id) { return Value(kSymbol | id); }

  constexpr bool is_absent() const { return bits_ == 0; }
  constexpr bool is_number() const { return (bits_ & ~kPayload) == kNumber; }
  constexpr bool is_symbol() const { return (bits_ & ~kPayload) == kSymbol; }
  constexpr int64_t number() const { return static_cast<int64_t>(bits_ << 2) >> 2; }
  constexpr uint32_t symbol() const { return static_cast<uint32_t>(bits_); }
  constexpr uint64_t bits() const { return bits_; }  // the two highest say what it is; 0: absent

  friend constexpr auto operator<=>(Value, Value) = default;

 private:
  static constexpr uint64_t kPayload = (uint64_t{1} << 62) - 1;
  static constexpr uint64_t kNumber = uint64_t{1} << 62;
  static constexpr uint64_t kSymbol = uint64_t{2} << 62;

  explicit constexpr Value(uint64_t bits) : bits_(bits) {}

  uint64_t bits_ = 0;
};

}  // namespace revenant::history
