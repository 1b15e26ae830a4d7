#include <fmt/format.h>

#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/explain.h"
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

}  // namespace

int explain_main(const Arguments& arguments) {
  CommandLine line("explain SCENARIO [options]",
                   "Runs a scenario and tells the story of one key: each version of it, which "
                   "replicas took it, where flushes and compactions put it, what purged it, which "
                   "repair brought it back, what reads saw.");
  line.scenario();
  line.options()("seed", po::value<uint64_t>()->default_value(1), "Of all randomness in the run.")(
      "key", po::value<std::string>(),
      "Which key; the first that came back, or that a check complains of, if left out.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const auto loaded = load_scenario(*values);
  if (!loaded) return loaded.error().code;
  const uint64_t seed = (*values)["seed"].as<uint64_t>();
  std::optional<uint64_t> key;
  if (values->contains("key")) {
    const auto named = key_of((*values)["key"].as<std::string>());
    if (!named) return named.error().code;
    key = *named;
  }
  std::vector<std::string> words{"revenant", "explain", loaded->path, "--seed",
                                 std::to_string(seed)};
  for (const std::string& set : loaded->sets) words.insert(words.end(), {"--set", set});
  const auto explanation = explain(loaded->scenario, seed, key, shell_words(words));
  if (!explanation) {
    std::cout << fmt::format(
        "{}, seed {}: no key came back and no check complains; --key names "
        "one to be told of\n",
        loaded->scenario.name, seed);
    return 0;
  }
  std::cout << explanation->text;
  return 0;
}

}  // namespace revenant::sim
