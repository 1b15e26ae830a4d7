// Where two recorded runs part: of one build or of two, of one seed.
//
//   A/run.json, B/run.json        one scenario and seed? else what differs there
//   A, B/checkpoints.json         the stretch in which they part
//   run both again, each by the build given for it, with the events of that stretch
//                                 the first event that differs
#pragma once

#include <string>

#include "engine/base/result.h"

namespace revenant::sim {

struct DiffSide {
  std::string directory;  // written by `run --out`
  std::string binary;     // the build to run it again with
};

struct Difference {
  bool equal = false;
  std::string text;  // for people
};

// Errors name the file that is missing or is not what it should be, or what the other build said.
Result<Difference> diff_runs(const DiffSide& a, const DiffSide& b);

}  // namespace revenant::sim
