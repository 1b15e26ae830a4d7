// One key's part of a history, ready to be searched: its moves, and the events of their beginnings and ends in
// the order of time. In one instant beginnings come first: operations that touch are concurrent.
//
//   operation                                    move
//   get, ok                                      read
//   put, delete; append                          write; append (a delete writes absence)
//   compare-and-set, ok                          cas
//   compare-and-set, failed                      read-not: the value was another one
//   of unknown outcome                           the same, not required, and never ending
//   a get that failed, a write that failed       none: it says nothing
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "sim/check/linear/move.h"
#include "sim/history/by_key.h"

namespace revenant::check {

struct Event {
  uint32_t move;
  bool ends;
};

struct Problem {
  State initial;
  std::vector<Move> moves;
  std::vector<Event> events;
  // States that something observes (with appends: what they begin with), and until which event. Empty if not
  // worth its cost: then any state may yet be observed.
  std::unordered_map<State, uint32_t> observed_until;
};

// Those from `optional_from` on may have happened, each in its time, or not.
Problem make_problem(const history::History& history,
                     std::span<const history::KeyOperation> operations,
                     size_t optional_from = SIZE_MAX);

}  // namespace revenant::check
