// A failure file: all that it takes to see a failure again, in one JSON file.
//
//   format       "revenant failure 1"
//   build        of the program that found it; the same build gives the same fingerprint
//   seed, signature {check, cause}, story, fingerprint, events
//   scenario     as resolved: the fault plan, drawn or written, as explicit entries
//   operations   by workload, each operation a line (sim/scenario/script.h); of a run that
//                died, those it had begun
//
// On the build that wrote it, scenario and seed are the run. On another one, where workloads may
// draw differently, plan and operations are what can be run again.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/result.h"
#include "sim/experiment/operation_log.h"
#include "sim/experiment/signature.h"
#include "sim/scenario/load.h"

namespace revenant::sim {

struct Failure {
  std::string build;
  uint64_t seed = 0;
  Signature signature;
  std::string story;
  std::string fingerprint;  // empty if the run died
  uint64_t events = 0;      // how long the run took, on any machine
  Scenario scenario;        // without a swarm
  Scripts operations;
};

// Of the program that runs: build_name() and a digest of its file, so that two builds of one
// version are told apart.
const std::string& build_identity();

nlohmann::ordered_json to_json(const Failure& failure);
// `origin` is what errors name. kInvalid for a text that is no whole failure file, of another
// format, or whose scenario this program does not understand.
Result<Failure> parse_failure(const std::string& text, const std::string& origin,
                              const KnownNames& known);

}  // namespace revenant::sim
