// What a checker of one key makes of an operation: an observation of the key's state, or a change of it.
//
// A state is 64 bits that are equal exactly if values are: those of a history::Value, or, on keys that are
// appended to, a hash of the value's content (content.h).
#pragma once

#include <cstdint>

namespace revenant::check {

using State = uint64_t;

// Any state that nothing observes any more. What is appended to it stays so.
inline constexpr State kDead = ~State{0};

enum class MoveKind : uint8_t {
  kRead,     // the state is `argument`
  kReadNot,  // the state is not `argument`: a compare-and-set that failed
  kWrite,    // to `argument`, whatever it was
  kAppend,   // content::append(state, argument, expected)
  kCas,      // from `expected` to `argument`
};

constexpr bool observes(MoveKind kind) {
  return kind == MoveKind::kRead || kind == MoveKind::kReadNot;
}

inline constexpr uint32_t kNoEvent = ~uint32_t{0};

struct Move {
  State argument;
  State expected;       // compare-and-set; append: the factor of its content
  uint32_t operation;   // in what the problem was made of
  uint32_t begin, end;  // its events (problem.h); end: kNoEvent if it may happen at any later time
  MoveKind kind;
  bool required;  // it did happen; otherwise it may have

  // Whether they do the same, so that one may stand for the other.
  friend bool alike(const Move& a, const Move& b) {
    return a.kind == b.kind && a.argument == b.argument && a.expected == b.expected;
  }
};

}  // namespace revenant::check
