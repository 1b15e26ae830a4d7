// The figures of a run: one table names them all, with unit and meaning. Scenarios bound them,
// results store them, plots label them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace revenant::sim {

struct MetricInfo {
  std::string_view name;
  std::string_view unit;  // "" for counts and ratios
  std::string_view help;
};

// Every metric a run can have, in the order they are reported. Those ending in `_by_cause_*` are
// not listed: they are stored with each run and cannot be bounded.
std::span<const MetricInfo> metric_table();
std::vector<std::string> metric_names();

class Metrics {
 public:
  // `name` must be in the table, or begin with "bytes_" (ledgers by cause). Set once.
  void set(std::string_view name, double value);
  std::optional<double> get(std::string_view name) const;
  // In the order of the table, then by-cause figures in name order.
  std::vector<std::pair<std::string, double>> all() const;

 private:
  std::vector<std::pair<std::string, double>> values_;
};

}  // namespace revenant::sim
