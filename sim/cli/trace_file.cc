#include "sim/cli/trace_file.h"

#include <fmt/format.h>

#include <iostream>

#include "sim/cli/spelled_option.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

std::expected<PerfettoOptions, Exit> trace_options(const po::variables_map& values) {
  PerfettoOptions options;
  for (const auto& [option, bound] :
       {std::pair{"trace-from", &options.from}, {"trace-to", &options.to}}) {
    if (!values.contains(option)) continue;
    if (!values.contains("trace")) {
      return fail(2, fmt::format("--{} needs --trace FILE to write to", option));
    }
    const auto time = spelled<Duration>(values, option);
    if (!time) return std::unexpected(time.error());
    *bound = *time;
  }
  const auto size = spelled<ByteSize>(values, "trace-size");
  if (!size) return std::unexpected(size.error());
  options.bytes_max = static_cast<uint64_t>(size->bytes);
  return options;
}

}  // namespace

void TraceFile::add_options(CommandLine& line) {
  line.options()("trace", po::value<std::string>(), "File for a trace that ui.perfetto.dev opens.")(
      "trace-from", po::value<std::string>(), "Time since the start from which the trace begins.")(
      "trace-to", po::value<std::string>(), "Time at which it ends.")(
      "trace-size", po::value<std::string>()->default_value("64MiB"), "Its greatest size.");
}

std::expected<void, Exit> TraceFile::open(const po::variables_map& values) {
  const auto options = trace_options(values);
  if (!options) return std::unexpected(options.error());
  if (!values.contains("trace")) return {};
  path_ = values["trace"].as<std::string>();
  size_ = values["trace-size"].as<std::string>();
  file_.open(path_);
  if (!file_) return fail(2, fmt::format("{}: cannot be written", path_));
  trace_.emplace(file_, *options);
  return {};
}

std::expected<void, Exit> TraceFile::finish() {
  if (!trace_) return {};
  trace_->finish();
  file_.close();
  if (file_.fail()) return fail(2, fmt::format("{}: cannot be written", path_));
  if (trace_->cut_short()) {
    std::cerr << fmt::format(
        "revenant: {} ends early, at {}; --trace-from and --trace-to choose a stretch of time\n",
        path_, size_);
  }
  return {};
}

}  // namespace revenant::sim
