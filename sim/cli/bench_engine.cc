#include "sim/cli/bench_engine.h"

#include <fmt/ostream.h>
#include <stdio.h>

#include <algorithm>
#include <array>
#include <expected>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "sim/cli/command.h"

namespace revenant::sim {
namespace {

using nlohmann::json;

struct Store {
  const char* program;
  const char* name;
  const char* package;  // of Debian; null: ours
};
constexpr std::array kStores{
    Store{"bench_leveldb", "LevelDB", "libleveldb-dev"},
    Store{"bench_rocksdb", "RocksDB", "librocksdb-dev"},
    Store{"bench_revenant", "Revenant", nullptr},
};
constexpr size_t kPeers = 2;  // the first two
constexpr const char* kDevicesRow = "fillsync";

std::filesystem::path program_path(const Store& store) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / store.program;
}

// What the program printed.
std::expected<json, Exit> run_store(const Store& store, const BenchEngineOptions& options) {
  const std::string command = shell_words(
      {program_path(store).string(), options.directory, fmt::format("{}", options.num)});
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return fail(4, fmt::format("cannot start {}", store.program));
  std::string output;
  std::array<char, 4096> bytes;
  while (const size_t n = ::fread(bytes.data(), 1, bytes.size(), pipe)) {
    output.append(bytes.data(), n);
  }
  const int status = ::pclose(pipe);
  json report = json::parse(output, nullptr, false);
  if (status != 0 || report.is_discarded()) return fail(4, fmt::format("{} failed", command));
  return report;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// One workload; stores in the order of kStores, medians over rounds.
struct Row {
  std::array<std::vector<double>, kStores.size()> micros;
  std::array<std::vector<double>, kStores.size()> write_amplification;
  std::array<std::vector<double>, kStores.size()> settle_seconds;

  double micros_of(size_t store) const { return median(micros[store]); }
  // How many times as fast as the faster peer; nothing if a store does not have this row.
  std::optional<double> ratio() const {
    if (std::ranges::any_of(micros, [](const auto& m) { return m.empty(); })) return std::nullopt;
    return std::min(micros_of(0), micros_of(1)) / micros_of(kPeers);
  }
};

struct Figures {
  std::vector<std::string> order;  // of the workloads
  std::map<std::string, Row> rows;
  std::array<uint64_t, kStores.size()> peak_memory{};

  void take(size_t store, const json& report) {
    peak_memory[store] = std::max(peak_memory[store], report["peak_memory"].get<uint64_t>());
    for (const json& entry : report["rows"]) {
      const std::string name = entry["name"];
      if (!rows.contains(name)) order.push_back(name);
      Row& row = rows[name];
      row.micros[store].push_back(entry["seconds"].get<double>() * 1e6 /
                                  std::max(entry["operations"].get<double>(), 1.0));
      if (entry.contains("write_amplification")) {
        row.write_amplification[store].push_back(entry["write_amplification"]);
        row.settle_seconds[store].push_back(entry["settle_seconds"]);
      }
    }
  }

  // fillsync is the device's speed and left out.
  std::optional<double> median_ratio() const {
    std::vector<double> ratios;
    for (const auto& [name, row] : rows) {
      const auto ratio = row.ratio();
      if (ratio.has_value() && name != kDevicesRow) ratios.push_back(*ratio);
    }
    if (ratios.empty()) return std::nullopt;
    return median(std::move(ratios));
  }
};

// The same reads of the same keys must have found the same entries.
std::expected<void, Exit> check_found(const std::array<json, kStores.size()>& reports) {
  for (const json& ours : reports[kPeers]["rows"]) {
    if (!ours.contains("found")) continue;
    for (size_t peer = 0; peer < kPeers; ++peer) {
      for (const json& theirs : reports[peer]["rows"]) {
        if (theirs["name"] != ours["name"] || theirs["found"] == ours["found"]) continue;
        return fail(4, fmt::format("{}: Revenant found {} entries, {} found {}",
                                   ours["name"].get<std::string>(), ours["found"].get<uint64_t>(),
                                   kStores[peer].name, theirs["found"].get<uint64_t>()));
      }
    }
  }
  return {};
}

constexpr const char* kAbout =
    R"(db_bench's workloads: keys of 16 B, values of 100 B, no compression, Bloom filters of 10 bits a key,
64 MiB of block cache, 4 MiB memtables, levels of 10 MiB and ten times more each, files of 2 MiB;
one caller, one background worker; medians over rounds. Background work ends before reads begin, and
its bytes count in the write amplification. Debian builds LevelDB and RocksDB with their assertions
compiled in; Revenant keeps its CHECKs. Peak memory counts mapped pages (LevelDB maps its files).
)";

void print_table(std::ostream& out, const Figures& figures) {
  fmt::print(out, "  {:<13}{:>33}{:>33}\n", "", "microseconds/operation", "operations/s");
  fmt::print(out, "  {:<13}", "");
  for (int columns = 0; columns < 2; ++columns) {
    for (const Store& store : kStores) fmt::print(out, "{:>11}", store.name);
  }
  fmt::print(out, "{:>10}\n", "ratio");
  for (const std::string& name : figures.order) {
    const Row& row = figures.rows.at(name);
    fmt::print(out, "  {:<13}", name);
    const auto columns = [&](auto cell) {
      for (size_t store = 0; store < kStores.size(); ++store) {
        fmt::print(out, "{:>11}", row.micros[store].empty() ? "-" : cell(row.micros_of(store)));
      }
    };
    columns([](double us) { return fmt::format("{:.3f}", us); });
    columns([](double us) { return fmt::format("{:.0f}", 1e6 / us); });
    const auto ratio = row.ratio();
    if (name == kDevicesRow) {
      fmt::print(out, "{:>10}\n", "(device)");
    } else {
      fmt::print(out, "{:>10}\n", ratio.has_value() ? fmt::format("{:.2f}", *ratio) : "-");
    }
  }
  if (const auto ratio = figures.median_ratio()) {
    fmt::print(out, "  median of the ratios to the faster peer, without fillsync: {:.2f}\n",
               *ratio);
  }
  const auto line = [&](const std::string& what, auto cell) {
    fmt::print(out, "  {:<35}", what);
    for (size_t store = 0; store < kStores.size(); ++store) {
      fmt::print(out, "{:>11}", cell(store));
    }
    fmt::print(out, "\n");
  };
  for (const std::string& name : figures.order) {
    const Row& row = figures.rows.at(name);
    if (row.write_amplification[0].empty()) continue;
    line("write amplification, " + name, [&](size_t store) {
      return fmt::format("{:.2f}", median(row.write_amplification[store]));
    });
  }
  line("peak memory, MiB", [&](size_t store) {
    return fmt::format("{:.0f}", static_cast<double>(figures.peak_memory[store]) / (1 << 20));
  });
  fmt::print(out, "{}", kAbout);
}

json to_json(const Figures& figures, const BenchEngineOptions& options) {
  json rows = json::array();
  for (const std::string& name : figures.order) {
    const Row& row = figures.rows.at(name);
    json entry{{"name", name}};
    for (size_t store = 0; store < kStores.size(); ++store) {
      if (row.micros[store].empty()) continue;
      const double us = row.micros_of(store);
      json& figure = entry[kStores[store].name];
      figure = {{"us_per_operation", us},
                {"operations_per_second", 1e6 / us},
                {"us_per_operation_rounds", row.micros[store]}};
      if (row.write_amplification[store].empty()) continue;
      figure["write_amplification"] = median(row.write_amplification[store]);
      figure["settle_seconds"] = median(row.settle_seconds[store]);
    }
    if (const auto ratio = row.ratio()) entry["ratio"] = *ratio;
    rows.push_back(std::move(entry));
  }
  json result{{"num", options.num},
              {"rounds", options.rounds},
              {"rows", std::move(rows)},
              {"about", kAbout}};
  for (size_t store = 0; store < kStores.size(); ++store) {
    result["peak_memory"][kStores[store].name] = figures.peak_memory[store];
  }
  if (const auto ratio = figures.median_ratio()) result["median_ratio"] = *ratio;
  return result;
}

}  // namespace

int bench_engine(std::ostream& out, const BenchEngineOptions& options) {
  for (const Store& store : kStores) {
    if (std::filesystem::exists(program_path(store))) continue;
    const std::string missing =
        store.package == nullptr
            ? fmt::format("build the target {}", store.program)
            : fmt::format("install Debian's {} (./dev setup bench) and build again", store.package);
    return fail(2, fmt::format("{} was not built: {}", store.program, missing)).error().code;
  }
  Figures figures;
  for (int round = 0; round < options.rounds; ++round) {
    std::array<json, kStores.size()> reports;
    for (size_t store = 0; store < kStores.size(); ++store) {
      fmt::print(stderr, "round {} of {}: {}: ", round + 1, options.rounds, kStores[store].name);
      auto report = run_store(kStores[store], options);
      fmt::print(stderr, "\n");
      if (!report) return report.error().code;
      figures.take(store, *report);
      reports[store] = std::move(*report);
    }
    if (auto same = check_found(reports); !same) return same.error().code;
  }
  if (options.json) {
    out << to_json(figures, options).dump(2) << '\n';
  } else {
    fmt::print(out, "engine: {} entries, {} rounds\n", options.num, options.rounds);
    print_table(out, figures);
  }
  return 0;
}

}  // namespace revenant::sim
