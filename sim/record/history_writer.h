// The history of a run as JSON lines, one operation a line, in the order of completion.
//
//   {"workload":"deletes","session":0,"kind":"delete","key":"key…","invoked_ns":…,"completed_ns":…,"outcome":"ok",
//    "version":…,"write":…}
//
// Before them a line for each key of the preload ("kind":"preload"), and one where a truncation has deleted all
// keys ("kind":"truncate"): without them nobody could tell what reads should find. `revenant check` reads it.
#pragma once

#include <ostream>

#include "sim/record/observer.h"

namespace revenant::sim {

class HistoryWriter final : public Observer {
 public:
  explicit HistoryWriter(std::ostream& out) : out_(out) {}  // `out` outlives the writer
  void preloaded(uint64_t key, WriteId write, Version version) override;
  void truncated(Instant began, Instant at, Version version) override;
  void operation(const Operation& operation) override;

 private:
  std::ostream& out_;
};

}  // namespace revenant::sim
