#include "sim/experiment/diff.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "engine/base/check.h"
#include "sim/experiment/shell_words.h"

namespace revenant::sim {
namespace {

using Json = nlohmann::ordered_json;

struct Recording {
  Json run;          // run.json
  Json checkpoints;  // { "interval": …, "fingerprints": […] }
};

Result<Json> read_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) return error(ErrorCode::kNotFound, "{}: cannot be read", path.string());
  const Json json = Json::parse(in, nullptr, false);
  if (!json.is_object()) return error(ErrorCode::kInvalid, "{}: not JSON", path.string());
  return json;
}

Result<Recording> read_recording(const std::string& directory) {
  const std::filesystem::path root(directory);
  Recording recording;
  ASSIGN_OR_RETURN(recording.run, read_json(root / "run.json"));
  for (const char* field : {"build", "seed", "fingerprint", "scenario"}) {
    if (recording.run.contains(field)) continue;
    return error(ErrorCode::kInvalid, "{}/run.json: has no '{}'", directory, field);
  }
  ASSIGN_OR_RETURN(recording.checkpoints, read_json(root / "checkpoints.json"));
  const Json& c = recording.checkpoints;
  if (!c.contains("interval") || !c["interval"].is_number_unsigned() ||
      !c.contains("fingerprints") || !c["fingerprints"].is_array()) {
    return error(ErrorCode::kInvalid, "{}/checkpoints.json: not a run's checkpoints", directory);
  }
  return recording;
}

// What was not the same run to begin with.
std::string differences_of_input(const Recording& a, const Recording& b) {
  std::string out;
  if (a.run["seed"] != b.run["seed"]) {
    out += fmt::format("  seed: {} and {}\n", a.run["seed"].dump(), b.run["seed"].dump());
  }
  const Json x = a.run["scenario"].flatten(), y = b.run["scenario"].flatten();
  const auto tell = [&](const std::string& path) {
    const auto show = [&](const Json& j) { return j.contains(path) ? j[path].dump() : "nothing"; };
    if (show(x) != show(y)) out += fmt::format("  scenario{}: {} and {}\n", path, show(x), show(y));
  };
  for (const auto& [path, value] : x.items()) tell(path);
  for (const auto& [path, value] : y.items()) {
    if (!x.contains(path)) tell(path);
  }
  return out;
}

// The number of events that both have before any difference, as far as checkpoints tell, and of
// the event by which they have parted.
std::pair<uint64_t, uint64_t> stretch(const Recording& a, const Recording& b) {
  const uint64_t x = a.checkpoints["interval"], y = b.checkpoints["interval"];
  const uint64_t step = std::max(x, y);  // one is a multiple of the other: both double
  uint64_t events = 0;
  for (;;) {
    const uint64_t next = events + step;
    const Json &p = a.checkpoints["fingerprints"], &q = b.checkpoints["fingerprints"];
    if (next / x > p.size() || next / y > q.size()) return {events, next};
    if (p[next / x - 1] != q[next / y - 1]) return {events, next};
    events = next;
  }
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = std::filesystem::temp_directory_path() / "revenant-diff-XXXXXX";
    CHECK(mkdtemp(path.data()) != nullptr, "{}", path);
    path_ = path;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The events of a stretch, a line each, as a build sees them.
Result<std::vector<std::string>> run_again(const Recording& recording, const std::string& binary,
                                           std::pair<uint64_t, uint64_t> events) {
  const TemporaryDirectory directory;
  const std::string scenario = directory.path() / "scenario.json";
  const std::string file = directory.path() / "events.jsonl";
  std::ofstream(scenario) << recording.run["scenario"].dump(2) << '\n';
  const std::string command =
      shell_words({binary, "run", scenario, "--seed", recording.run["seed"].dump(), "--events",
                   file, "--events-from", std::to_string(events.first + 1), "--events-to",
                   std::to_string(events.second)});
  std::string said;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return error(ErrorCode::kIo, "{}: does not start", binary);
  std::array<char, 4096> piece;
  while (const size_t n = std::fread(piece.data(), 1, piece.size(), pipe)) {
    said.append(piece.data(), n);
  }
  const int status = ::pclose(pipe);
  std::ifstream in(file);
  if (!in || !WIFEXITED(status) || WEXITSTATUS(status) == 2) {
    return error(ErrorCode::kInvalid, "{}: did not run it again: {}", binary,
                 said.substr(0, said.find('\n')));
  }
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string without_fingerprint(const std::string& line) {
  Json event = Json::parse(line, nullptr, false);
  if (event.is_object()) event.erase("fingerprint");
  return event.dump();
}

}  // namespace

Result<Difference> diff_runs(const DiffSide& a, const DiffSide& b) {
  ASSIGN_OR_RETURN(const Recording first, read_recording(a.directory));
  ASSIGN_OR_RETURN(const Recording second, read_recording(b.directory));
  std::string text = fmt::format(
      "A  {}  {}\nB  {}  {}\n", first.run["fingerprint"].get<std::string>(),
      first.run["build"].get<std::string>(), second.run["fingerprint"].get<std::string>(),
      second.run["build"].get<std::string>());
  if (const std::string input = differences_of_input(first, second); !input.empty()) {
    return Difference{false, text + "not the same run to begin with:\n" + input};
  }
  if (first.run["fingerprint"] == second.run["fingerprint"]) {
    return Difference{true, text + "the same, event by event\n"};
  }

  const auto events = stretch(first, second);
  text += fmt::format("they part between event {} and event {}\n", events.first, events.second);
  ASSIGN_OR_RETURN(const auto x, run_again(first, a.binary, events));
  ASSIGN_OR_RETURN(const auto y, run_again(second, b.binary, events));
  size_t i = 0;
  while (i < x.size() && i < y.size() && x[i] == y[i]) ++i;
  if (i == x.size() && i == y.size()) {
    return Difference{false, text +
                                 "run again they do not: the builds are the same (--build-a and "
                                 "--build-b name others), or the difference comes and goes\n"};
  }
  const auto side = [i](const std::vector<std::string>& lines) {
    return i < lines.size() ? lines[i] : "no further event";
  };
  if (i > 0) text += fmt::format("the last event of both\n  {}\n", x[i - 1]);
  text += fmt::format("then\n  A  {}\n  B  {}\n", side(x), side(y));
  if (i < x.size() && i < y.size() && without_fingerprint(x[i]) == without_fingerprint(y[i])) {
    text += "the same event; what the one before it did was not\n";
  }
  return Difference{false, text};
}

}  // namespace revenant::sim
