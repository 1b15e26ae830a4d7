// The faults that a harness tells of in a history (Jepsen's nemesis), as windows of time.
//
//   start … stop, start-x … stop-x, kill … start, pause … resume, partition … heal
//
// Each of them is mostly told twice, when it is asked for and when it is done: a window is from where the one is first asked
// for to where the other is. What nothing ends lasts as long as it took.
#pragma once

#include <vector>

#include "sim/history/history.h"
#include "sim/report/run_record.h"

namespace revenant::report {

std::vector<Fault> nemesis_faults(const history::History& history);

}  // namespace revenant::report
