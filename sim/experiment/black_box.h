// What a worker process leaves when it dies: the client operations it began, in memory that it
// shares with its parent.
//
//   parent: BlackBox ── fork ──> worker: record(…), record(…), … dies
//               └──── reads what is there, whatever killed the worker ────┘
//
// Nothing goes through a file or a pipe, so a record costs a copy, and no handler need run at the
// end. Pages are the host's only once they are written to.
#pragma once

#include <cstdint>

#include "sim/scenario/scenario.h"

namespace revenant::sim {

class BlackBox {
 public:
  BlackBox();
  ~BlackBox();
  BlackBox(const BlackBox&) = delete;

  // By the workload's position in the scenario.
  void record(size_t workload, const ScriptedOperation& operation);
  // How many were recorded, and each. None if there were more than fit (some 14 million): a
  // beginning alone would not lead where the worker died.
  size_t size() const;
  struct Entry {
    size_t workload;
    ScriptedOperation operation;
  };
  const Entry& operator[](size_t index) const;

 private:
  struct Content;
  Content* content_;
};

}  // namespace revenant::sim
