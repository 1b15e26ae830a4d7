#include "sim/experiment/signature.h"

#include <fmt/format.h>

#include <algorithm>

namespace revenant::sim {

std::string to_string(const Signature& signature) {
  return fmt::format("{}: {}", signature.check, signature.cause);
}

std::vector<Symptom> symptoms(const RunReport& report) {
  std::vector<Symptom> found;
  const auto add = [&](Symptom symptom) {
    const auto same = [&](const Symptom& s) { return s.signature == symptom.signature; };
    const auto former = std::ranges::find_if(found, same);
    if (former == found.end()) {
      found.push_back(std::move(symptom));
    } else if (symptom.at < former->at) {
      *former = std::move(symptom);
    }
  };
  for (const Finding& finding : report.findings) {
    if (finding.held) continue;
    if (finding.kind == Finding::Kind::kExpect) {
      add({{"expect", finding.name}, Instant::never(), {}, finding.detail});
    }
    if (finding.kind != Finding::Kind::kCheck) continue;
    for (const Violation& violation : report.violations) {
      if (violation.check != finding.name) continue;
      add({{violation.check, violation.cause}, violation.at, violation.key, violation.story});
    }
  }
  std::ranges::stable_sort(found, {}, &Symptom::at);
  return found;
}

Symptom symptom_of_death(const WorkerReport& report) {
  const std::string_view text = report.stderr_tail;
  std::string cause = report.how;
  if (const size_t check = text.find("CHECK failed: "); check != std::string_view::npos) {
    cause = text.substr(check, text.find('\n', check) - check);
  }
  return {{"died", cause}, Instant::never(), {}, report.how + "\n" + report.stderr_tail};
}

}  // namespace revenant::sim
