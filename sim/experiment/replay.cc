#include "sim/experiment/replay.h"

#include <fmt/format.h>

#include <algorithm>

namespace revenant::sim {

ReplayMode replay_mode(const Failure& failure) {
  return failure.build == build_identity() ? ReplayMode::kSameBuild : ReplayMode::kOtherBuild;
}

Scenario replayed_scenario(const Failure& failure, ReplayMode mode) {
  if (mode == ReplayMode::kSameBuild || failure.operations.empty()) return failure.scenario;
  return scripted(failure.scenario, failure.operations);
}

ReplayVerdict judge_replay(const Failure& failure, ReplayMode mode, const RunReport& report) {
  const std::vector<Symptom> found = symptoms(report);
  const bool recurs =
      std::ranges::find(found, failure.signature, &Symptom::signature) != found.end();
  std::string text = fmt::format("\nrecorded    {}\n", to_string(failure.signature));
  if (mode == ReplayMode::kSameBuild && !failure.fingerprint.empty()) {
    if (report.outcome.fingerprint != failure.fingerprint) {
      text += fmt::format(
          "replayed    another course: fingerprint {}, recorded {}\n"
          "            one build, one scenario, one seed: a defect of the simulator itself\n",
          report.outcome.fingerprint, failure.fingerprint);
      return {text, 4};
    }
    text += "replayed    the same run: same build, same fingerprint\n";
  } else if (mode == ReplayMode::kOtherBuild) {
    text += fmt::format("replayed    its fault plan and {} on another build (recorded by {})\n",
                        failure.operations.empty() ? "workloads" : "operations", failure.build);
  }
  if (recurs) {
    text += "signature   recurs\n";
  } else if (!found.empty()) {
    text +=
        fmt::format("signature   does not recur; instead {}\n", to_string(found.front().signature));
  } else {
    text += "signature   does not recur: every promise held\n";
  }
  return {text, found.empty() ? 0 : 1};
}

}  // namespace revenant::sim
