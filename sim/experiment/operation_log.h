// The operations of a run, as scripts that do them again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/experiment/black_box.h"
#include "sim/record/observer.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

// By workload; each in the order of its times.
using Scripts = std::map<std::string, std::vector<ScriptedOperation>>;

class OperationLog final : public Observer {
 public:
  // Both outlive it. The box, if there is one, is given each operation as it begins.
  explicit OperationLog(const Scenario& scenario, BlackBox* box = nullptr)
      : scenario_(scenario), box_(box) {}

  void operation_began(const Operation& operation) override;
  void operation(const Operation& operation) override;

  Scripts take();

 private:
  size_t workload_of(const Operation& operation) const;

  const Scenario& scenario_;
  BlackBox* const box_;
  Scripts scripts_;
};

// What a run that died left there; `scenario` has the names of its workloads.
Scripts scripts_of(const BlackBox& box, const Scenario& scenario);
// The scenario with each workload replaced by its script; those without one are left out.
Scenario scripted(const Scenario& scenario, const Scripts& scripts);
// The other way round.
Scripts scripts_of(const Scenario& scenario);

}  // namespace revenant::sim
