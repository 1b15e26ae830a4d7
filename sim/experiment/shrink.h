// Makes a failure small: leaves out faults, operators' operations, keys, clients' operations,
// clients, nodes and time as long as the same signature comes back.
//
//   failure ──> its operations as a script ──> [cut time] ──> [one key] ──> ┌ faults     ┐
//                                                                          │ operations │ again while
//                                                                          │ keys       │ it helps
//                                                                          └ nodes …    ┘
//
// Lists are reduced by halves, quarters, … down to single entries (ddmin: Zeller, Hildebrandt, 2002).
// Candidates run in worker processes, some at a time; of those that still fail the first in order is
// taken, so the way down does not depend on how many run at once. Every entry stands by itself
// (virtual times, not draws), so leaving one out leaves the others where they are; delays of
// messages are drawn in turn and do shift, which is why the signature counts and not the fingerprint.
//
// A failure without operations, or that died and does not die of those it had begun, keeps its
// workloads; only the rest is reduced.
#pragma once

#include <iosfwd>
#include <string>

#include "sim/experiment/failure.h"

namespace revenant::sim {

struct ShrinkOptions {
  int64_t runs_max = 200;
  int64_t workers = 0;  // processes at once; 0 for as many as there are processors
};

// How much of it there is.
struct FailureSize {
  size_t faults = 0, operations = 0;  // of operators
  size_t client_operations = 0, keys = 0, clients = 0, nodes = 0;
  Duration duration;
};
FailureSize size_of(const Scenario& scenario, const Scripts& operations);

struct Shrunk {
  Scenario scenario;  // fails with `failure.seed` by the same signature
  FailureSize before, after;
  int64_t runs = 0;
};

// kInvalid if the failure does not come back when its operations are run as a script. `err` shows
// progress where it is a terminal.
Result<Shrunk> shrink(const Failure& failure, const ShrinkOptions& options, const KnownNames& known,
                      std::ostream& err);

// The scenario file of what is left: settings that differ from their defaults, under an account of
// what happens. `revenant run` on it fails by the same signature.
std::string shrunk_file(const Failure& failure, const Shrunk& shrunk, const KnownNames& known);

}  // namespace revenant::sim
