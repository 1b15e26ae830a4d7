// `./dev validate amplification`: write amplification by source, held against published figures
// where the run has some, for any other run only printed.
//
//   validate_amplification                                                   the published run
//   validate_amplification --storage '{"preset":"rocksdb_leveled"}' --zipf 0.99 --keys 200000
#include "tests/validate/amplification.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cmath>
#include <iostream>

#include "sim/scenario/reader.h"
#include "sim/scenario/source.h"

namespace revenant::tests {
namespace {

namespace po = boost::program_options;

// Lim, Andersen, Kaminsky, FAST 2016 (efficient/msls-eval): their simulator of LevelDB, 1 M unique
// keys of 1000 bytes loaded in order, then 10 M uniform puts; 4 MiB log, level 1 of 10 MiB.
const BytesByCause kPublished = {{"wal", 1.00},
                                 {"flush", 1.00},
                                 {"compaction_L0_L1", 1.59},
                                 {"compaction_L1_L2", 4.35},
                                 {"compaction_L2_L3", 5.13}};
constexpr double kPublishedTotal = 13.07;
constexpr double kTotalTolerance = 0.07, kSourceTolerance = 0.12;

bool report(const std::string& what, double measured, double expected, double tolerance) {
  const bool holds = std::abs(measured - expected) <= tolerance * expected;
  fmt::print("  {:<24} measured {:>7.3f}   expected {:>7.3f} within {:>2.0f} %   {}\n", what,
             measured, expected, tolerance * 100, holds ? "ok" : "FAILED");
  return holds;
}

bool judge(const Amplification& a) {
  bool holds = report("total", total(a.puts), kPublishedTotal, kTotalTolerance);
  for (const auto& [cause, expected] : kPublished) {
    const auto found = a.puts.find(cause);
    holds &= report(cause, found == a.puts.end() ? 0 : found->second, expected, kSourceTolerance);
  }
  // Trivial moves: each item is written to the log and by its flush, and never again.
  const double load = total(a.load) - a.load.at("wal");
  return report("load in order, no log", load, 1.0, 0.03) && holds;
}

void print(const char* title, const BytesByCause& amplification) {
  fmt::print("{}\n", title);
  for (const auto& [cause, bytes] : amplification) fmt::print("  {:<24} {:>8.3f}\n", cause, bytes);
  fmt::print("  {:<24} {:>8.3f}\n", "total", total(amplification));
}

int run(int argc, char** argv) {
  AmplificationRun run;
  std::string storage = R"({"preset":"leveldb"})";
  po::options_description options("Options");
  options.add_options()("help", "Print this.")(
      "storage", po::value(&storage)->default_value(storage),
      "Settings of the engine, as in a scenario's \"storage\".")(
      "keys", po::value(&run.keys)->default_value(run.keys), "Items loaded in order.")(
      "puts", po::value(&run.puts)->default_value(run.puts), "Puts of random keys after that.")(
      "item", po::value(&run.item_bytes)->default_value(run.item_bytes), "Bytes of key and value.")(
      "zipf", po::value(&run.zipf_theta)->default_value(run.zipf_theta),
      "Skew of the puts; 0 is uniform.");
  po::variables_map values;
  try {
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const po::error& wrong) {
    fmt::print(stderr, "validate_amplification: {}\n", wrong.what());
    return 2;
  }
  if (values.contains("help")) {
    std::cout << options;
    return 0;
  }
  const auto source = sim::Source::read(storage, "--storage");
  if (!source.has_value()) {
    fmt::print(stderr, "{}\n", source.error().message);
    return 2;
  }
  sim::Errors errors(*source);
  sim::read_value(source->root(), "", errors, run.options, std::nullopt);
  if (!errors.empty()) {
    for (const sim::ScenarioError& wrong : errors.take_sorted())
      fmt::print(stderr, "{}: {}\n", wrong.path, wrong.message);
    return 2;
  }
  run.options.versions = lsm::Versions::kSequence;

  const Amplification a = measure_amplification(run);
  print("load in order", a.load);
  print("puts", a.puts);
  fmt::print("compactions {}, space amplification {:.3f}\n", a.compactions, a.space);
  const bool published = values["storage"].defaulted() && values["keys"].defaulted() &&
                         values["puts"].defaulted() && values["item"].defaulted() &&
                         values["zipf"].defaulted();
  if (!published) return 0;
  fmt::print("against Lim et al., FAST 2016, their simulator of LevelDB\n");
  const bool holds = judge(a);
  fmt::print("found: {:.2f} in total, every source {}\n", total(a.puts),
             holds ? "within" : "NOT within");
  return holds ? 0 : 1;
}

}  // namespace
}  // namespace revenant::tests

int main(int argc, char** argv) { return revenant::tests::run(argc, argv); }
