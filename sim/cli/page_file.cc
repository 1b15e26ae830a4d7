#include "sim/cli/page_file.h"

#include "sim/experiment/recorded_run.h"
#include "sim/experiment/whole_file.h"

namespace revenant::sim {

namespace po = boost::program_options;

void PageFile::add_options(CommandLine& line) {
  line.options()(
      "html", po::value<std::string>(),
      "File for a page that shows the run on one time axis, and tells what is violated.");
}

void PageFile::open(const po::variables_map& values, RunOptions& options) {
  if (!values.contains("html")) return;
  path_ = values["html"].as<std::string>();
  options.observers.push_back(&writer_.emplace(history_));
}

std::expected<void, Exit> PageFile::finish(const RunReport& report, const std::string& command) {
  if (!writer_) return {};
  const auto write = [&]() -> Result<void> {
    ASSIGN_OR_RETURN(const RecordedRun run,
                     recorded_run(to_json(report, command), Json::parse(report.outcome.faults_json),
                                  std::move(history_).str(), "the run", known_names()));
    ASSIGN_OR_RETURN(const std::string page, page_of(run));
    return write_whole(path_, page);
  };
  const auto written = write();
  if (!written) return fail(2, written.error().message);
  return {};
}

}  // namespace revenant::sim
