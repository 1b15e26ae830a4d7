#include "sim/cli/break_at.h"

#include "sim/cli/spelled_option.h"

namespace revenant::sim {

namespace po = boost::program_options;

void add_break_at(CommandLine& line) {
  line.options()(
      "break-at", po::value<std::string>(),
      "Stop a debugger (SIGTRAP) before this event (a number), or at this time since the start.");
}

std::expected<void, Exit> read_break_at(const po::variables_map& values, RunOptions& options) {
  if (!values.contains("break-at")) return {};
  const std::string text = values["break-at"].as<std::string>();
  if (const auto event = number_of(text)) {
    if (*event == 0) return fail(2, "--break-at: events are numbered from 1");
    options.break_at_event = *event;
    return {};
  }
  const auto time = spelled<Duration>(values, "break-at");
  if (!time) return std::unexpected(time.error());
  options.break_at = *time;
  return {};
}

}  // namespace revenant::sim
