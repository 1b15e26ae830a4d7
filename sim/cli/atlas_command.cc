#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/atlas.h"
#include "sim/scenario/sweep.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

std::expected<std::vector<std::string>, Exit> entries_in(const std::string& directory) {
  std::error_code failed;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  if (failed) return fail(2, fmt::format("{}: {}", directory, failed.message()));
  if (files.empty()) return fail(2, directory + ": there is no scenario");
  std::ranges::sort(files);
  return files;
}

std::expected<AtlasEntry, Exit> load_entry(const std::string& path) {
  auto guarded = load_scenario(path, {});
  if (!guarded) return std::unexpected(guarded.error());
  if (!guarded->scenario.atlas)
    return fail(2, path + ": not an entry of the atlas: it has no block \"atlas\"");
  auto unguarded = load_scenario(path, guarded->scenario.atlas->without_guard);
  if (!unguarded) return std::unexpected(unguarded.error());
  return AtlasEntry{path, std::move(guarded->scenario), std::move(unguarded->scenario)};
}

}  // namespace

int atlas_main(const Arguments& arguments) {
  CommandLine line("atlas [ENTRY…] [options]",
                   "Runs entries of the atlas of resurrection with their guard and without it: "
                   "deleted data must come back by the mechanism named, and must not.");
  line.operand("entry", -1, "Scenario files with a block \"atlas\"; all of --dir if left out.");
  line.options()("dir", po::value<std::string>()->default_value("scenarios/resurrection"),
                 "Where the entries are.")(
      "seeds", po::value<std::string>()->default_value("1..50"), "A..B or one seed.")(
      "jobs,j", po::value<int64_t>()->default_value(0),
      "Worker processes; 0 for one per processor.")("markdown", "Print the table as Markdown.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  AtlasRunOptions options;
  const auto seeds = parse_seeds((*values)["seeds"].as<std::string>());
  if (!seeds) return fail(2, "--seeds: " + seeds.error()).error().code;
  options.seeds = *seeds;
  options.workers = (*values)["jobs"].as<int64_t>();
  if (options.workers < 0) return fail(2, "--jobs must not be negative").error().code;
  if (values->contains("markdown")) options.table = AtlasTable::kMarkdown;

  std::vector<std::string> files;
  if (values->contains("entry")) {
    files = (*values)["entry"].as<std::vector<std::string>>();
  } else {
    auto all = entries_in((*values)["dir"].as<std::string>());
    if (!all) return all.error().code;
    files = std::move(*all);
  }
  std::vector<AtlasEntry> entries;
  for (const std::string& file : files) {
    auto entry = load_entry(file);
    if (!entry) return entry.error().code;
    entries.push_back(std::move(*entry));
  }
  return atlas(entries, options, std::cout, std::cerr);
}

}  // namespace revenant::sim
