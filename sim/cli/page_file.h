// --html, which run and replay share: the run as a page (sim/report).
#pragma once

#include <optional>
#include <sstream>

#include "sim/cli/command.h"
#include "sim/experiment/run.h"
#include "sim/record/history_writer.h"

namespace revenant::sim {

class PageFile {
 public:
  static void add_options(CommandLine& line);

  // Listens to the run if --html was given; outlives it.
  void open(const boost::program_options::variables_map& values, RunOptions& options);
  // After the run, which is repeated for what its replicas held. Prints what is wrong.
  std::expected<void, Exit> finish(const RunReport& report, const std::string& command);

 private:
  std::string path_;
  std::ostringstream history_;
  std::optional<HistoryWriter> writer_;
};

}  // namespace revenant::sim
