// Keeps what clients asked for and were told, and decides at the end of the run what can only be decided on whole
// histories: linearizability and the session guarantees (sim/check/properties). Costs some 64 bytes an operation and
// half a microsecond, so it is done only for those that a scenario names.
//
// Operations are called by the line in which `revenant run --history` writes them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/violation.h"
#include "sim/history/history.h"
#include "sim/record/metrics.h"
#include "sim/record/observer.h"

namespace revenant::sim {

class RecordedHistory final : public Observer {
 public:
  // `properties`: names of sim/check/properties.
  explicit RecordedHistory(std::vector<std::string> properties)
      : properties_(std::move(properties)) {}

  void preloaded(uint64_t key, WriteId write, Version version) override;
  void truncated(Instant began, Instant at, Version version) override;
  void operation(const Operation& operation) override;

  // Sets the metric of each property, and adds the first few violations of each. Returns what stayed undecided,
  // a line each.
  std::vector<std::string> report(Metrics& metrics, std::vector<Violation>& violations);

 private:
  history::Operation next(history::Kind kind, Instant invoked, Instant completed);
  history::Value value_of(WriteId write) {
    return history_.number(static_cast<int64_t>(write.value));
  }

  std::vector<std::string> properties_;
  history::History history_;
  uint32_t lines_ = 0;
  std::map<std::pair<std::string, uint32_t>, uint32_t> sessions_;
  std::vector<history::Operation> truncations_;
};

}  // namespace revenant::sim
