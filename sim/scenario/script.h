// An operation written out, for workloads that are lists of them: what a failure file holds, and
// what is left of it after shrinking. One line each:
//
//   "1.25s c0 update k17 100B QUORUM n2"     when, which client, what, which key, how much,
//   "1.31s c3 read k17 QUORUM n0"            at which level, by which coordinator
//   "1.40s c1 scan k5 20 QUORUM n1"          a scan says how many cells
//
// An operation begins at its time whether or not its client's former one has ended, so that leaving
// one out does not move the others.
#pragma once

#include "engine/base/time.h"
#include "engine/replication/options.h"
#include "sim/scenario/operation_kind.h"

namespace revenant::sim {

struct ScriptedOperation {
  Duration at;
  uint32_t client = 0;
  OperationKind kind = OperationKind::kRead;
  uint64_t key = 0;
  int64_t size = 0;  // inserts and updates: bytes of the value; scans: most cells
  replication::ConsistencyLevel level;
  uint32_t coordinator = 0;  // of the first attempt

  friend bool operator==(const ScriptedOperation&, const ScriptedOperation&) = default;
};

}  // namespace revenant::sim
