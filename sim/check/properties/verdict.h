// What a property of a history comes to, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace revenant::check {

enum class Outcome {
  kHolds,
  kViolated,
  kUndecided,  // a limit was hit first
  kVacuous,    // nothing was observed that could have gone against it
};
std::string_view to_string(Outcome outcome);

struct Violation {
  std::optional<uint32_t> key;       // where one key is concerned
  std::vector<uint32_t> operations;  // of the history: the core, in the order of their beginnings
  std::string story;                 // a paragraph; operations are called by their lines
  bool verified = false;             // its certificate was, by sim/check/certificate
  std::string unverified = {};       // why not, if it has one
};

// Of how many of the reads at each place something was so.
struct Curve {
  struct Point {
    double from, to;  // the places that it stands for: to is not among them
    uint64_t so, of;
  };
  std::string name, what;  // what: a sentence
  std::string unit;        // of the places
  std::vector<Point> points = {};
};

struct Verdict {
  std::string property;
  Outcome outcome = Outcome::kVacuous;
  uint64_t observations = 0;  // what was compared
  std::string figures = {};   // of quantities
  std::vector<Curve> curves = {};
  uint64_t verified = 0;       // certificates, of keys for which it holds
  std::string undecided = {};  // the first limit that was hit, and where
  std::vector<Violation> violations = {};
};

}  // namespace revenant::check
