#include "sim/scenario/summary.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "sim/scenario/resolved.h"
#include "sim/scenario/spelling.h"

namespace revenant::sim {
namespace {

// Text without its quotes, anything else as JSON.
std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string plain_list(const std::vector<nlohmann::json>& values, std::string_view separator) {
  std::string out;
  for (const nlohmann::json& value : values)
    out += (out.empty() ? "" : std::string(separator)) + plain(Json(value));
  return out;
}

// "5d 30m": every unit, where a file would say "7230m".
std::string spread(Duration d) {
  std::string out;
  for (const Duration unit : {days(1), hours(1), minutes(1), seconds(1)}) {
    if (d < unit) continue;
    const Duration whole = unit * (d.ns / unit.ns);
    out += fmt::format("{}{}", out.empty() ? "" : " ", whole.ns / unit.ns) +
           revenant::to_string(unit).substr(1);
    d = d - whole;
  }
  if (d > Duration{} || out.empty()) out += (out.empty() ? "" : " ") + revenant::to_string(d);
  return out;
}

// "node 2, messages 1s" for an object, the value itself for anything else.
std::string details(const Json& value) {
  if (!value.is_object()) return plain(value);
  std::string out;
  for (const auto& [key, inner] : value.items()) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, plain(inner));
  }
  return out;
}

// What a fault or an operation does: its one key that does not say when.
std::string deed(const Json& entry) {
  std::string out;
  for (const auto& [key, value] : entry.items()) {
    if (key == "name" || key == "at" || key == "for" || key == "every") continue;
    if (key == "period" || key == "duty" || key == "when" || key == "until") continue;
    out += fmt::format("{} {}", key, details(value));
  }
  if (const auto period = entry.find("period"); period != entry.end()) {
    out += fmt::format(", flapping: {} of every {}", entry.value("duty", 0.5), plain(*period));
  }
  return out;
}

// "compaction_installs, level 2"; of an aim that says no more than its event, the event.
std::string aimed_at(const AimOptions& aim, const Json& json) {
  std::string out(enum_name(*aim.event));
  for (const auto& [key, value] : json.items()) {
    const bool said = (key == "nth" && aim.nth == 1) || value == "0s" || key == "event";
    if (!said) out += fmt::format(", {} {}", key, plain(value));
  }
  return out;
}

class Summary {
 public:
  explicit Summary(const Scenario& scenario) : s_(scenario), json_(to_json(scenario)) {}

  std::string tell() {
    out_ = s_.name + "\n";
    if (!s_.question.empty()) out_ += "  " + s_.question + "\n";
    out_ += "\n";
    cluster();
    workload();
    timeline();
    sweep();
    line("checks", fmt::format("{}", fmt::join(s_.checks, ", ")));
    expectations("must happen", s_.must_happen);
    expectations("expect", s_.expect);
    return std::move(out_);
  }

 private:
  // The label stands once; lines that follow under it are indented alike. Empty text prints
  // nothing.
  void line(std::string_view label, std::string_view text) {
    if (text.empty()) return;
    out_ += fmt::format("{:<13}{}\n", label == label_ ? "" : label, text);
    label_ = label;
  }

  void cluster() {
    const auto& r = s_.replication;
    const auto& by_region = s_.cluster.ring.replication_factor.of_data_centers;
    std::string factor = fmt::format("{}", s_.cluster.ring.replication_factor.total());
    for (const auto& [region, of_region] : by_region) {
      factor += fmt::format("{}{} in region {}", region == by_region.begin()->first ? ": " : ", ",
                            of_region, region);
    }
    line("cluster", fmt::format("{} node{}, replication factor {}, {} vnodes; {} disks, {} network",
                                s_.cluster.nodes, s_.cluster.nodes == 1 ? "" : "s", factor,
                                s_.cluster.ring.vnodes, enum_name(s_.disk.profile),
                                enum_name(s_.network.profile)));
    const PlacementOptions& p = s_.cluster.placement;
    if (p.regions * p.zones * p.racks > 1) {
      const auto counted = [](int64_t n, const char* what) {
        return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
      };
      line("placement",
           fmt::format("{} of {} of {}, nodes dealt in turn", counted(p.regions, "region"),
                       counted(p.zones, "zone"), counted(p.racks, "rack")));
    }
    line("consistency",
         fmt::format("write {}, read {}; read repair {}, hints {}, repair {}",
                     replication::to_string(r.write), replication::to_string(r.read),
                     enum_name(r.read_repair),
                     r.hinted_handoff ? fmt::format("for {}", r.hinted_handoff->window) : "off",
                     r.repair ? fmt::format("every {}", r.repair->every) : "off"));
    line("storage",
         fmt::format("memtable {}, WAL sync {}, compaction {}, gc_grace {}",
                     revenant::to_string(s_.storage.memtable_size), enum_name(s_.storage.wal.sync),
                     enum_name(s_.storage.compaction.strategy), s_.storage.gc_grace));
    if (s_.preload.keys > 0) {
      line("preload", fmt::format("{} keys of {}", s_.preload.keys,
                                  revenant::to_string(s_.preload.value_size)));
    }
    line("duration",
         fmt::format("{}{}", s_.duration,
                     s_.settle > Duration{} ? fmt::format(", then {} to settle", s_.settle) : ""));
  }

  void workload() {
    for (const WorkloadOptions& w : s_.workload) {
      const std::string load =
          w.rate ? plain(Spelling<Rate>::print(*w.rate))
                 : fmt::format("{} client{}", w.clients, w.clients == 1 ? "" : "s");
      std::string mix;
      for (OperationKind kind : w.sequence)
        mix += fmt::format("{}{}", mix.empty() ? "" : " then ", enum_name(kind));
      const Json weights = json_["workload"][&w - s_.workload.data()]["mix"];
      for (const auto& [operation, weight] : weights.items()) {
        if (weight.get<double>() > 0)
          mix += fmt::format("{}{} {}", mix.empty() ? "" : ", ", operation, weight.get<double>());
      }
      line("workload",
           fmt::format("{:<12} {} to {}, {}: {}; {} keys", w.name, spread(w.from),
                       spread(w.to.value_or(s_.duration)), load, mix, enum_name(w.popularity)));
    }
  }

  // Faults and single operations in the order of their times, then what happens again and again.
  void timeline() {
    std::vector<std::pair<Duration, std::string>> entries;
    for (size_t i = 0; i < s_.faults.size(); ++i) {
      const FaultOptions& f = s_.faults[i];
      const Duration end =
          f.duration && f.at + *f.duration < s_.duration ? f.at + *f.duration : s_.duration;
      entries.emplace_back(f.at, fmt::format("{:<16} {}", when(f, json_["faults"][i], end),
                                             deed(json_["faults"][i])));
    }
    for (size_t i = 0; i < s_.operations.size(); ++i) {
      const OperationOptions& o = s_.operations[i];
      const Duration order = o.at.value_or(Duration{INT64_MAX});
      const std::string when = o.at ? spread(*o.at) : "every " + spread(*o.every);
      entries.emplace_back(order, fmt::format("{:<16} {}", when, deed(json_["operations"][i])));
    }
    std::ranges::stable_sort(entries, {}, &std::pair<Duration, std::string>::first);
    for (const auto& [at, text] : entries) line("timeline", text);
  }

  std::string when(const FaultOptions& f, const Json& json, Duration end) const {
    if (!f.when && !f.until) return fmt::format("{} to {}", spread(f.at), spread(end));
    std::string out = spread(f.at);
    if (f.when) {
      out = f.at > Duration{} ? fmt::format("from {} at {}", out, aimed_at(*f.when, json["when"]))
                              : "at " + aimed_at(*f.when, json["when"]);
    }
    if (f.until) return fmt::format("{} until {}:", out, aimed_at(*f.until, json["until"]));
    return out + (f.duration ? fmt::format(" for {}:", spread(*f.duration)) : ":");
  }

  void sweep() {
    size_t runs = s_.sweep_seeds.size();
    for (const auto& [path, values] : s_.sweep) {
      line("sweep", fmt::format("{}: {}", path, plain_list(values, ", ")));
      runs *= values.size();
    }
    if (runs > 1) line("sweep", fmt::format("{} seeds, {} runs", s_.sweep_seeds.size(), runs));
  }

  void expectations(std::string_view label, const std::vector<Expectation>& list) {
    for (const Expectation& e : list) {
      std::string text = e.metric;
      if (e.min) text += fmt::format(" at least {}", *e.min);
      if (e.min && e.max) text += " and";
      if (e.max) text += fmt::format(" at most {}", *e.max);
      for (const auto& [path, values] : e.when) {
        const bool first = &path == &e.when.front().first;
        text +=
            fmt::format("{} {} is {}", first ? ", when" : " and", path, plain_list(values, " or "));
      }
      line(label, text);
    }
  }

  const Scenario& s_;
  Json json_;
  std::string out_;
  std::string_view label_;
};

}  // namespace

std::string summary(const Scenario& scenario) { return Summary(scenario).tell(); }

}  // namespace revenant::sim
