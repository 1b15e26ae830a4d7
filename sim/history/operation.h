// What a client asked for and was told: the one record that all checkers read, whoever recorded it.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "sim/history/value.h"

namespace revenant::history {

enum class Kind : uint8_t {
  kGet,
  kPut,
  kDelete,
  kAppend,         // to a text or a list; an absent one is empty
  kCompareAndSet,  // failed: the value was not the one expected
  kAdd,            // to a number or a set: whichever order they come in, all adds end alike
  kScan,           // its steps: a get for each key it returned
  kTransaction,    // its steps: in their order, atomically
};

enum class Outcome : uint8_t {
  kOk,
  kFail,     // surely not applied
  kUnknown,  // may have been applied, or may be applied at any later time
};

std::string_view to_string(Kind kind);
std::string_view to_string(Outcome outcome);

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
// What no client asked for: a preload, the end of a value that expires, a truncation.
inline constexpr uint32_t kNoSession = std::numeric_limits<uint32_t>::max();

// Of a transaction or a scan.
struct Step {
  Kind kind;
  uint32_t key;
  Value value;           // get: what was read; otherwise what was written
  uint64_t version = 0;  // of it, where the source knows it; 0 if not, or if nobody wrote it
};

struct Operation {
  // Nanoseconds; where the source has no times, the place of the event in it. Operations of which one
  // is completed when the other is invoked, in the same instant, are concurrent.
  int64_t invoked;
  int64_t completed;  // an unknown outcome: when the client gave up; kNever if it never did
  Value argument;     // put, append, add: what is written. Compare-and-set: the new value
  Value result;       // get: what was read. Compare-and-set: the value expected
  uint64_t version;   // of what was written or read, where the source knows it; 0 if not
  uint32_t session;   // or kNoSession
  uint32_t key;       // History::key_name()
  uint32_t line;      // in the source, where it was invoked
  uint32_t steps_begin, steps_end;  // scan, transaction: in History::steps()
  Kind kind;
  Outcome outcome;
};

constexpr bool is_write(Kind kind) {
  return kind == Kind::kPut || kind == Kind::kDelete || kind == Kind::kAppend ||
         kind == Kind::kCompareAndSet || kind == Kind::kAdd;
}

}  // namespace revenant::history
