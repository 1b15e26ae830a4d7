#include "sim/check/progress.h"

#include <algorithm>

namespace revenant::sim {
namespace {

// A client that tried less often may have been unlucky: its coordinator was one of the broken ones.
constexpr uint64_t kTriesMin = 5;

}  // namespace

void ProgressCheck::operation(const Operation& operation) {
  if (operation.invoked < from_) return;
  Tries& tries = clients_[{std::string(operation.workload), operation.session}];
  ++tries.all;
  tries.ok += operation.outcome == client::Outcome::kOk ? 1 : 0;
  tries.last = std::max(tries.last, operation.completed);
}

void ProgressCheck::report(Metrics& metrics, std::vector<Violation>& violations) const {
  uint64_t stuck = 0;
  for (const auto& [client, tries] : clients_) {
    if (tries.ok > 0 || tries.all < kTriesMin) continue;
    ++stuck;
    violations.push_back({.check = "progress",
                          .cause = "a client does not succeed any more",
                          .key = {},
                          .at = tries.last,
                          .story = fmt::format("{}/{}: none of {} operations begun from {} on "
                                               "succeeded",
                                               client.first, client.second, tries.all, from_)});
  }
  metrics.set("stuck_clients", static_cast<double>(stuck));
}

}  // namespace revenant::sim
