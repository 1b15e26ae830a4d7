// --break-at, which run and replay share: where a debugger is to stop.
#pragma once

#include "sim/cli/command.h"
#include "sim/experiment/run.h"

namespace revenant::sim {

void add_break_at(CommandLine& line);
// "12500" is an event's number, "3d4h" a time since the start. Prints what is wrong.
std::expected<void, Exit> read_break_at(const boost::program_options::variables_map& values,
                                        RunOptions& options);

}  // namespace revenant::sim
