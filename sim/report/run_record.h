// What a run knows beside its clients' history: which replica held what of some keys, and since when; machines that
// were away; faults; which replicas answered a read.
//
// Times are nanoseconds since the start, as in the history; keys are by name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace revenant::report {

inline constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

// One node held this of one key.
struct Holding {
  enum class Kind : uint8_t { kNothing, kValue, kTombstone };

  uint32_t node;
  std::string key;
  int64_t from, to;  // to: exclusive; kToTheEnd
  Kind kind;
  uint64_t version;    // 0: nothing
  uint32_t line;       // of the operation that wrote it; 0: unknown
  std::string source;  // how it got there: "a client's write", "a hint", …
};

// A replica took a write, for the first time.
struct Arrival {
  uint32_t node;
  int64_t at;
  std::string source;  // as of a holding
};

// A machine's process did not serve.
struct Absence {
  uint32_t node;
  int64_t from, to;
  std::string why;  // "is killed", "loses power", "pauses"
};

struct Fault {
  std::string kind, detail;
  std::vector<uint32_t> nodes;
  int64_t from, to;
};

// Who took part in one operation.
struct Participants {
  uint32_t coordinator;
  struct Answer {
    uint32_t node;
    uint64_t version;  // 0: it held no trace
  };
  std::vector<Answer> answers;  // of reads
};

struct RunRecord {
  std::string command;            // reproduces the run
  std::string missing;            // why holdings and absences are not known; empty if they are
  std::vector<Holding> holdings;  // by key, node and time; only of keys that the report concerns
  std::vector<Absence> absences;
  std::vector<Fault> faults;
  // Those of one key.
  std::span<const Holding> holdings_of(std::string_view key) const {
    const auto found = std::ranges::equal_range(holdings, key, {}, &Holding::key);
    return {found.begin(), found.end()};
  }
  std::map<uint32_t, Participants> participants;  // by the operation's line; of those keys
  std::map<uint32_t, std::vector<Arrival>>
      arrivals;  // by the write's line, in their order; of those keys
};

}  // namespace revenant::report
