// What kind of failure a run shows: the promise that was broken, and the kind of case. Two seeds
// with one signature most probably show one bug.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "sim/experiment/run.h"
#include "sim/experiment/worker_processes.h"

namespace revenant::sim {

struct Signature {
  std::string check;  // a check, "expect" or "died"
  std::string cause;

  friend auto operator<=>(const Signature&, const Signature&) = default;
  friend bool operator==(const Signature&, const Signature&) = default;
};
std::string to_string(const Signature& signature);

struct Symptom {
  Signature signature;
  Instant at;                   // never() if it showed at the end
  std::optional<uint64_t> key;  // where one key is concerned
  std::string story;            // of the first case
};

// Of every promise that the run broke, each signature once, the first to show first.
std::vector<Symptom> symptoms(const RunReport& report);

// Of a worker process that ended before its run did: the CHECK that failed, or the signal.
Symptom symptom_of_death(const WorkerReport& report);

}  // namespace revenant::sim
