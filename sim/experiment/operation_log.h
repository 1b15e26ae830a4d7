// The operations of a run, as scripts that do them again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/record/observer.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

// By workload; each in the order of its times.
using Scripts = std::map<std::string, std::vector<ScriptedOperation>>;

class OperationLog final : public Observer {
 public:
  // `scenario` outlives it.
  explicit OperationLog(const Scenario& scenario) : scenario_(scenario) {}

  void operation(const Operation& operation) override;

  Scripts take();

 private:
  const Scenario& scenario_;
  Scripts scripts_;
};

// The scenario with each workload replaced by its script; those without one are left out.
Scenario scripted(const Scenario& scenario, const Scripts& scripts);
// The other way round.
Scripts scripts_of(const Scenario& scenario);

}  // namespace revenant::sim
