#include "sim/experiment/verify.h"

#include <fmt/format.h>

#include <algorithm>

namespace revenant::sim {
namespace {

// The number of the last event that both runs have before any difference, as far as checkpoints
// tell.
uint64_t common_events(const KernelProbe& a, const KernelProbe& b) {
  uint64_t common = 0;
  const size_t checkpoints = std::min(a.checkpoints.size(), b.checkpoints.size());
  for (size_t i = 0; i < checkpoints && a.checkpoints[i] == b.checkpoints[i]; ++i)
    common = a.checkpoints[i].first;
  return common;
}

std::string side(const std::vector<EventRecord>& events, size_t i) {
  return i < events.size() ? to_string(events[i]) : "no further event";
}

}  // namespace

std::optional<Divergence> verify(const std::function<void(KernelProbe&)>& run) {
  KernelProbe a{.checkpoint_interval = KernelProbe::kInterval}, b = a;
  run(a);
  run(b);
  if (a.fingerprint == b.fingerprint) return std::nullopt;

  const uint64_t common = common_events(a, b);
  a = b = {.record_first = common + 1, .record_last = common + KernelProbe::kInterval};
  run(a);
  run(b);
  size_t i = 0;
  while (i < a.events.size() && i < b.events.size() && a.events[i] == b.events[i]) ++i;
  if (i == a.events.size() && i == b.events.size()) {
    return Divergence{
        fmt::format("the runs differ after event {}, but not when they were run again "
                    "to see where",
                    common),
        common};
  }
  const bool same_event = i < a.events.size() && i < b.events.size() && i > 0 && [&] {
    EventRecord other = b.events[i];
    other.fingerprint = a.events[i].fingerprint;
    return other == a.events[i];
  }();
  if (same_event) {
    return Divergence{
        fmt::format("{}\n  did something else the second time", to_string(a.events[i - 1])),
        a.events[i - 1].number};
  }
  return Divergence{
      fmt::format("first run   {}\nsecond run  {}", side(a.events, i), side(b.events, i)),
      common + i + 1};
}

}  // namespace revenant::sim
