// The classes of faults that a swarm draws: what an entry of each looks like, and what it costs the
// replication.
//
//                  messages and syncs arrive   the node serves    what it acknowledged is there
//   nothing        soon                        yes                yes
//   weakens        late or not at all          yes                yes
//   takes away     -                           no                 yes
//   unsound        -                           not reliably       no, until a repair has ended
#pragma once

#include <algorithm>
#include <span>

#include "engine/base/random.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

inline constexpr Probability kHalf{500'000'000}, kQuarter{250'000'000}, kEighth{125'000'000};

enum class Toll : uint8_t { kNothing, kWeakens, kTakesAway, kUnsound };

// What the operator does about it at its end. A process is started anew where a database that could
// not write may have refused to go on, or one that died may have failed to recover.
enum class Remedy : uint8_t { kNone, kRestart, kReplaceDisk };

struct Victim {
  NodeId node;
  const Scenario& scenario;  // with the settings drawn
  const SwarmOptions& swarm;
  Duration round_start;
  Duration at, length;  // of the fault
  int64_t nodes() const { return scenario.cluster.nodes; }
};

// A class. A new one needs a name (FaultClass) and a row.
struct ClassRow {
  FaultClass which;
  Toll toll;
  void (*fill)(FaultOptions& fault, const Victim& victim, Random& random);
  Remedy remedy = Remedy::kNone;
  bool (*possible)(const Scenario& scenario) = [](const Scenario&) { return true; };
  // More nodes than the victim are concerned: nobody else may be away.
  bool alone = false;
  // It does not flap.
  bool steady = false;
};

std::span<const ClassRow> class_table();

// Uniform, in whole milliseconds: from 1 ms to `most`.
Duration drawn_duration(Duration most, Random& random);

inline NodeSet one(NodeId node) { return {.all = false, .nodes = {node.value}}; }
inline NodeSet everyone() { return {.all = true, .nodes = {}}; }

template <typename T>
T pick(Random& random, std::initializer_list<T> values) {
  return values.begin()[random.below(values.size())];
}

template <typename E>
E pick_any(Random& random) {
  constexpr auto names = enum_names(E{});
  return names[random.below(names.size())].value;
}

}  // namespace revenant::sim
