#include "sim/experiment/failure.h"

#include "engine/base/checksum.h"
#include "sim/experiment/whole_file.h"
#include "sim/scenario/load.h"
#include "sim/scenario/resolved.h"
#include "sim/scenario/spelling.h"

namespace revenant::sim {
namespace {

constexpr const char* kFailureFormat = "revenant failure 1";

// Throws nlohmann's errors where something is missing or of another type.
Failure fields_of(const Json& in) {
  Failure failure;
  failure.build = in.at("build").get<std::string>();
  failure.seed = in.at("seed").get<uint64_t>();
  failure.signature = {in.at("signature").at("check").get<std::string>(),
                       in.at("signature").at("cause").get<std::string>()};
  failure.story = in.at("story").get<std::string>();
  failure.fingerprint = in.at("fingerprint").get<std::string>();
  failure.events = in.at("events").get<uint64_t>();
  return failure;
}

}  // namespace

const std::string& build_identity() {
  static const std::string identity = [] {
    const auto program = read_whole("/proc/self/exe");
    return fmt::format("{} {:016x}", build_name(), program ? hash64(*program) : 0);
  }();
  return identity;
}

nlohmann::ordered_json to_json(const Failure& failure) {
  auto operations = nlohmann::ordered_json::object();
  for (const auto& [workload, script] : failure.operations) {
    auto& lines = operations[workload] = nlohmann::ordered_json::array();
    for (const ScriptedOperation& line : script)
      lines.push_back(Spelling<ScriptedOperation>::print(line));
  }
  return {{"format", kFailureFormat},
          {"build", failure.build},
          {"seed", failure.seed},
          {"signature", {{"check", failure.signature.check}, {"cause", failure.signature.cause}}},
          {"story", failure.story},
          {"fingerprint", failure.fingerprint},
          {"events", failure.events},
          {"scenario", to_json(failure.scenario)},
          {"operations", std::move(operations)}};
}

Result<Failure> parse_failure(const std::string& text, const std::string& origin,
                              const KnownNames& known) {
  const auto refuse = [&](const std::string& why) {
    return error(ErrorCode::kInvalid, "{}: {}", origin, why);
  };
  const Json in = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (in.is_discarded()) return refuse("not a whole failure file: damaged or cut short");
  if (!in.is_object() || !in.contains("format") || !in["format"].is_string())
    return refuse("not a failure file");
  if (in["format"] != kFailureFormat) {
    return refuse(fmt::format("written as \"{}\"; this program reads \"{}\"",
                              in["format"].get<std::string>(), kFailureFormat));
  }
  Failure failure;
  try {
    failure = fields_of(in);
    auto scenario = parse_scenario(in.at("scenario").dump(), origin + ": scenario", known);
    if (!scenario) return error(ErrorCode::kInvalid, "{}", to_string(scenario.error()));
    failure.scenario = *std::move(scenario);
    for (const auto& [workload, lines] : in.at("operations").items()) {
      for (const Json& line : lines) {
        const auto operation = Spelling<ScriptedOperation>::parse(line);
        if (!operation)
          return refuse(fmt::format("operations.{}: {}", workload, operation.error()));
        failure.operations[workload].push_back(*operation);
      }
    }
  } catch (const Json::exception& e) {
    return refuse(fmt::format("not a whole failure file: {}", e.what()));
  }
  return failure;
}

}  // namespace revenant::sim
