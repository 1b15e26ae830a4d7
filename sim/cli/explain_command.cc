#include <fmt/format.h>

#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/explain.h"
#include "sim/experiment/replay.h"
#include "sim/experiment/whole_file.h"
#include "sim/record/key.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

// A name ("key0000000000042") or its number.
std::expected<uint64_t, Exit> key_of(const std::string& text) {
  if (const auto key = key_index(text)) return *key;
  if (const auto number = number_of(text)) return *number;
  return fail(
      2, fmt::format("--key: '{}' is no key; they are called {} or just 42", text, key_name(42)));
}

// Told by its first field; what else is wrong with it is told when it is read as one.
bool is_failure_file(const std::string& path) {
  const auto text = read_whole(path);
  return text && text->find("\"revenant failure ") < 100;
}

}  // namespace

int explain_main(const Arguments& arguments) {
  CommandLine line("explain SCENARIO|FAILURE [options]",
                   "Runs a scenario, or a failure again, and tells the story of one key: each "
                   "version of it, which replicas took it, where flushes and compactions put it, "
                   "what purged it, which repair brought it back, what reads saw.");
  line.scenario();
  line.options()("seed", po::value<uint64_t>(), "Of all randomness in the run; 1 if left out.")(
      "key", po::value<std::string>(),
      "Which key; the first that came back, or that a check complains of, if left out.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const std::string path = (*values)["scenario"].as<std::string>();
  uint64_t seed = values->contains("seed") ? (*values)["seed"].as<uint64_t>() : 1;
  Scenario scenario;
  std::vector<std::string> words{"revenant", "explain", path};
  if (is_failure_file(path)) {
    if (values->contains("seed") || values->contains("set")) {
      return fail(2, fmt::format("{}: a failure has its seed and its settings", path)).error().code;
    }
    const auto failure = load_failure(path);
    if (!failure) return failure.error().code;
    scenario = replayed_scenario(*failure, replay_mode(*failure));
    seed = failure->seed;
  } else {
    const auto loaded = load_scenario(*values);
    if (!loaded) return loaded.error().code;
    scenario = loaded->scenario;
    words.insert(words.end(), {"--seed", std::to_string(seed)});
    for (const std::string& set : loaded->sets) words.insert(words.end(), {"--set", set});
  }
  std::optional<uint64_t> key;
  if (values->contains("key")) {
    const auto named = key_of((*values)["key"].as<std::string>());
    if (!named) return named.error().code;
    key = *named;
  }
  const auto explanation = explain(scenario, seed, key, shell_words(words));
  if (!explanation) {
    std::cout << fmt::format(
        "{}, seed {}: no key came back and no check complains of one; --key names one to be told "
        "of\n",
        scenario.name, seed);
    return 0;
  }
  std::cout << explanation->text;
  return 0;
}

}  // namespace revenant::sim
