#include "sim/report/nemesis.h"

#include <algorithm>

namespace revenant::report {

namespace {

// What ends it; empty if nothing does.
std::string end_of(std::string_view what) {
  constexpr std::string_view kStart = "start";
  if (what == "kill") return "start";
  if (what == "pause") return "resume";
  if (what == "partition") return "heal";
  if (what == kStart || what.starts_with("start-"))
    return "stop" + std::string(what.substr(kStart.size()));
  return "";
}

}  // namespace

std::vector<Fault> nemesis_faults(const history::History& history) {
  struct Open {
    size_t fault;
    std::string ends;
  };
  std::vector<Fault> faults;
  std::vector<Open> open;
  const history::Event* before = nullptr;
  for (const history::Event& event : history.events()) {
    const bool again = before != nullptr && before->what == event.what;
    before = again ? nullptr : &event;
    // The second time it says what was done.
    if (again && !faults.empty()) {
      const auto told =
          std::ranges::find_if(faults.rbegin(), faults.rend(),
                               [&](const Fault& fault) { return fault.kind == event.what; });
      if (told != faults.rend()) {
        if (!event.detail.empty()) told->detail = event.detail;
        if (told->to != kToTheEnd) told->to = event.at;
        continue;
      }
    }
    const auto ended_by_it = [&](const Open& one) { return one.ends == event.what; };
    for (const Open& one : open)
      if (ended_by_it(one)) faults[one.fault].to = event.at;
    if (std::erase_if(open, ended_by_it) > 0 || again) continue;
    const std::string end = end_of(event.what);
    faults.push_back({.kind = event.what,
                      .detail = event.detail,
                      .nodes = {},
                      .from = event.at,
                      .to = end.empty() ? event.at : kToTheEnd});
    if (!end.empty()) open.push_back({faults.size() - 1, end});
  }
  return faults;
}

}  // namespace revenant::report
