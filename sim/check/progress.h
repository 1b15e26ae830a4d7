// Whether clients succeed once those who are needed are healed: of the operations that a client
// begins from then on, not all may fail.
//
// Not verified: that each single operation succeeds, or how fast.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "sim/check/violation.h"
#include "sim/record/metrics.h"
#include "sim/record/observer.h"

namespace revenant::sim {

class ProgressCheck final : public Observer {
 public:
  explicit ProgressCheck(Instant from) : from_(from) {}

  void operation(const Operation& operation) override;

  // After the run.
  void report(Metrics& metrics, std::vector<Violation>& violations) const;

 private:
  struct Tries {
    uint64_t all = 0, ok = 0;
    Instant last;
  };
  Instant from_;
  std::map<std::pair<std::string, uint32_t>, Tries> clients_;  // by workload and session
};

}  // namespace revenant::sim
