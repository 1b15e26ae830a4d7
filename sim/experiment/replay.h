// Runs a failure again.
//
//   same build:    scenario and seed                     the same fingerprint is demanded
//   other build:   fault plan and list of operations     does the same signature recur?
#pragma once

#include "sim/experiment/failure.h"

namespace revenant::sim {

enum class ReplayMode { kSameBuild, kOtherBuild };
ReplayMode replay_mode(const Failure& failure);

// What is run: on another build, the operations as a script where there are any.
Scenario replayed_scenario(const Failure& failure, ReplayMode mode);

struct ReplayVerdict {
  std::string text;  // for people, a few lines
  int exit_code;     // 4: the same build took another course; 1: a promise is broken; 0: none is
};
ReplayVerdict judge_replay(const Failure& failure, ReplayMode mode, const RunReport& report);

}  // namespace revenant::sim
