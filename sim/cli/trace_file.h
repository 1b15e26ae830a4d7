// --trace and its bounds, which run and replay share.
#pragma once

#include <fstream>
#include <optional>

#include "sim/cli/command.h"
#include "sim/record/perfetto_trace.h"

namespace revenant::sim {

class TraceFile {
 public:
  static void add_options(CommandLine& line);

  // Opens the file if --trace was given; prints what is wrong.
  std::expected<void, Exit> open(const boost::program_options::variables_map& values);
  // Null without --trace.
  PerfettoTrace* trace() { return trace_ ? &*trace_ : nullptr; }
  // After the run.
  std::expected<void, Exit> finish();

 private:
  std::string path_, size_;
  std::ofstream file_;
  std::optional<PerfettoTrace> trace_;
};

}  // namespace revenant::sim
