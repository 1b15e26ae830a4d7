// The history of a run as JSON lines, one operation a line, in the order of completion.
//
//   {"workload":"deletes","session":0,"kind":"delete","key":"key…","invoked_ns":…,"completed_ns":…,"outcome":"ok",
//    "version":…,"write":…}
#pragma once

#include <ostream>

#include "sim/record/observer.h"

namespace revenant::sim {

class HistoryWriter final : public Observer {
 public:
  explicit HistoryWriter(std::ostream& out) : out_(out) {}  // `out` outlives the writer
  void operation(const Operation& operation) override;

 private:
  std::ostream& out_;
};

}  // namespace revenant::sim
