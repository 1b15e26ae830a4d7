#include "sim/experiment/compare.h"

#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>

#include "engine/base/check.h"
#include "sim/experiment/text_table.h"
#include "sim/record/metrics.h"
#include "sim/scenario/error.h"

namespace revenant::sim {
namespace {

using Json = nlohmann::ordered_json;

std::unexpected<Error> unknown(std::string_view what, const std::string& name,
                               const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  std::string all;
  for (const std::string& candidate : known) all += (all.empty() ? "" : ", ") + candidate;
  return error(ErrorCode::kInvalid, "{} \"{}\" is not in the results{}; they have {}", what, name,
               did_you_mean(name, names), all.empty() ? "none" : all);
}

// The points that share their values of x and by.
struct Group {
  nlohmann::json x, by;
  std::vector<int64_t> points;
};

// The mean of a figure for each seed that has it at all of the group's points.
std::map<uint64_t, double> by_seed(const SweepPlan& plan, const Group& group,
                                   const std::map<int64_t, double>& values) {
  const auto seeds = static_cast<int64_t>(plan.seeds.size());
  std::map<uint64_t, double> result;
  for (int64_t s = 0; s < seeds; ++s) {
    double sum = 0;
    bool complete = true;
    for (int64_t point : group.points) {
      const auto value = values.find(point * seeds + s);
      if (value == values.end()) {
        complete = false;
        break;
      }
      sum += value->second;
    }
    if (complete)
      result[plan.seeds[static_cast<size_t>(s)]] = sum / static_cast<double>(group.points.size());
  }
  return result;
}

Eigen::VectorXd vector_of(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

stats::MeanEstimate mean_of(const std::map<uint64_t, double>& values) {
  std::vector<double> sample;
  for (const auto& [seed, value] : values) sample.push_back(value);
  return stats::estimate_mean(vector_of(sample));
}

stats::MeanEstimate difference_of(const std::map<uint64_t, double>& before,
                                  const std::map<uint64_t, double>& after) {
  std::vector<double> a, b;
  for (const auto& [seed, value] : before) {
    if (const auto other = after.find(seed); other != after.end()) {
      a.push_back(value);
      b.push_back(other->second);
    }
  }
  return stats::estimate_difference(vector_of(a), vector_of(b));
}

Result<std::vector<Group>> make_groups(const SweepPlan& plan, const CompareRequest& request) {
  std::vector<std::string> paths;
  for (const auto& [path, values] : plan.sweep) paths.push_back(path);
  const auto check_path = [&](const std::string& path) -> Result<void> {
    if (std::ranges::find(paths, path) == paths.end())
      return unknown("the swept path", path, paths);
    return {};
  };
  if (request.x.empty() && request.by.empty()) {
    return error(ErrorCode::kInvalid, "name the path to compare with --by or --x");
  }
  if (request.x == request.by)
    return error(ErrorCode::kInvalid, "--x and --by are both {}", request.x);
  if (!request.x.empty()) RETURN_IF_ERROR(check_path(request.x));
  if (!request.by.empty()) RETURN_IF_ERROR(check_path(request.by));
  for (const auto& [path, value] : request.where) {
    RETURN_IF_ERROR(check_path(path));
    const auto values =
        std::ranges::find(plan.sweep, path, [](const auto& entry) { return entry.first; });
    std::vector<std::string> spellings;
    for (const auto& candidate : values->second) spellings.push_back(spell(candidate));
    if (std::ranges::find(spellings, value) == spellings.end()) {
      return unknown(fmt::format("{} =", path), value, spellings);
    }
  }

  std::vector<Group> groups;
  for (const GridPoint& point : plan.points()) {
    const auto value_at = [&](const std::string& path) {
      for (const auto& [name, value] : point.assignments) {
        if (name == path) return value;
      }
      return nlohmann::json();
    };
    if (std::ranges::any_of(request.where,
                            [&](const auto& w) { return spell(value_at(w.first)) != w.second; })) {
      continue;
    }
    const nlohmann::json x = value_at(request.x), by = value_at(request.by);
    auto group =
        std::ranges::find_if(groups, [&](const Group& g) { return g.x == x && g.by == by; });
    if (group == groups.end()) group = groups.insert(groups.end(), {x, by, {}});
    group->points.push_back(point.index);
  }
  // In the plan's order of x, then of by, even where the plan has them the other way round.
  const auto position = [&](const std::string& path, const nlohmann::json& value) -> ptrdiff_t {
    for (const auto& [name, values] : plan.sweep) {
      if (name == path) return std::ranges::find(values, value) - values.begin();
    }
    return 0;
  };
  std::ranges::sort(groups, {}, [&](const Group& g) {
    return std::pair(position(request.x, g.x), position(request.by, g.by));
  });
  return groups;
}

// The group that another one is compared to: the first of its x if lines are compared, else the
// first of all.
size_t reference_of(const std::vector<Group>& groups, size_t group, const CompareRequest& request) {
  if (request.x.empty() || request.by.empty()) return 0;
  size_t first = group;
  while (first > 0 && groups[first - 1].x == groups[group].x) --first;
  return first;
}

ComparedMetric compare_metric(const SweepPlan& plan, const std::vector<Group>& groups,
                              const CompareRequest& request, const std::string& name,
                              const std::map<int64_t, double>& values) {
  ComparedMetric result{name, {}};
  std::vector<std::map<uint64_t, double>> samples;
  for (size_t i = 0; i < groups.size(); ++i) {
    samples.push_back(by_seed(plan, groups[i], values));
    ComparedGroup group{groups[i].x, groups[i].by, mean_of(samples[i]), std::nullopt};
    if (const size_t reference = reference_of(groups, i, request); reference != i) {
      group.difference = difference_of(samples[reference], samples[i]);
    }
    result.groups.push_back(std::move(group));
  }
  return result;
}

bool shows_a_difference(const ComparedMetric& metric) {
  return metric.groups.size() == 1 ||
         std::ranges::any_of(metric.groups, [](const ComparedGroup& g) {
           return g.difference.has_value() && stats::excludes_zero(*g.difference);
         });
}

// "" for a count or ratio, null for a figure that the table does not list.
Json unit_of(const std::string& metric) {
  const auto table = metric_table();
  const auto info = std::ranges::find(table, metric, &MetricInfo::name);
  return info == table.end() ? Json() : Json(info->unit);
}

std::string interval_text(const stats::Interval& interval) {
  if (std::isnan(interval.low)) return "-";
  return fmt::format("{} .. {}", figure_text(interval.low), figure_text(interval.high));
}

}  // namespace

Result<Comparison> compare(ResultsStore& results, const CompareRequest& request) {
  Comparison comparison;
  comparison.plan = results.plan();
  comparison.request = request;
  const SweepPlan& plan = comparison.plan;
  ASSIGN_OR_RETURN(const auto groups, make_groups(plan, request));
  ASSIGN_OR_RETURN(const auto known, results.metric_names());
  for (const std::string& name : request.metrics) {
    if (!std::ranges::binary_search(known, name)) return unknown("the metric", name, known);
  }
  for (const auto& [path, values] : plan.sweep) {
    const bool fixed =
        std::ranges::any_of(request.where, [&](const auto& w) { return w.first == path; });
    if (path != request.x && path != request.by && !fixed) comparison.pooled.push_back(path);
  }

  ASSIGN_OR_RETURN(const auto runs, results.runs());
  for (const Group& group : groups) {
    int64_t made = 0, held = 0;
    for (const StoredRun& run : runs) {
      if (std::ranges::find(group.points, run.key.point) == group.points.end()) continue;
      ++made;
      held += run.exit_code == 0 ? 1 : 0;
      comparison.crashed += run.crashed ? 1 : 0;
    }
    comparison.made += made;
    comparison.planned += static_cast<int64_t>(group.points.size() * plan.seeds.size());
    comparison.verdicts.push_back({group.x, group.by, stats::estimate_share(held, made)});
  }

  const bool named = !request.metrics.empty();
  for (const std::string& name : named ? request.metrics : known) {
    ASSIGN_OR_RETURN(const auto values, results.metric(name));
    ComparedMetric metric = compare_metric(plan, groups, request, name, values);
    if (named || shows_a_difference(metric)) {
      comparison.metrics.push_back(std::move(metric));
    } else {
      ++comparison.metrics_left_out;
    }
  }
  return comparison;
}

std::string to_text(const Comparison& comparison) {
  const CompareRequest& request = comparison.request;
  std::string text = fmt::format("{}\n{}\n\n", comparison.plan.name, comparison.plan.question);
  const auto start_table = [&] {
    TextTable table;
    if (!request.x.empty()) table.column(request.x, Align::kLeft);
    if (!request.by.empty()) table.column(request.by, Align::kLeft);
    return table;
  };
  const auto start_row = [&](const nlohmann::json& x, const nlohmann::json& by) {
    std::vector<std::string> cells;
    if (!request.x.empty()) cells.push_back(spell(x));
    if (!request.by.empty()) cells.push_back(spell(by));
    return cells;
  };

  TextTable verdicts = start_table();
  verdicts.column("runs", Align::kRight);
  verdicts.column("held", Align::kRight);
  verdicts.column("95 % interval", Align::kRight);
  for (const ComparedVerdict& verdict : comparison.verdicts) {
    auto cells = start_row(verdict.x, verdict.by);
    cells.push_back(fmt::format("{}", verdict.held.n));
    cells.push_back(percent_text(verdict.held.share));
    cells.push_back(fmt::format("{} .. {}", percent_text(verdict.held.interval.low),
                                percent_text(verdict.held.interval.high)));
    verdicts.row(std::move(cells));
  }
  text += fmt::format("runs that held every check and expectation\n{}", verdicts.text(2));

  const bool lines = !request.x.empty() && !request.by.empty();
  for (const ComparedMetric& metric : comparison.metrics) {
    TextTable table = start_table();
    table.column("seeds", Align::kRight);
    table.column("mean", Align::kRight);
    table.column("95 % interval", Align::kRight);
    const ComparedGroup& first = metric.groups.front();
    table.column(fmt::format("less {}", spell(request.by.empty() ? first.x : first.by)),
                 Align::kRight);
    table.column("95 % interval", Align::kRight);
    table.column("", Align::kLeft);
    for (const ComparedGroup& group : metric.groups) {
      auto cells = start_row(group.x, group.by);
      cells.push_back(fmt::format("{}", group.mean.n));
      cells.push_back(figure_text(group.mean.mean));
      cells.push_back(interval_text(group.mean.interval));
      if (group.difference.has_value()) {
        cells.push_back(figure_text(group.difference->mean));
        cells.push_back(interval_text(group.difference->interval));
        cells.push_back(stats::excludes_zero(*group.difference) ? "*" : "");
      } else {
        cells.insert(cells.end(), {"", "", ""});
      }
      table.row(std::move(cells));
    }
    text += fmt::format("\n{}\n{}", metric.name, table.text(2));
  }

  text += fmt::format(
      "\n* excludes zero. Differences are paired by seed{}; intervals are Student's t.\n",
      lines ? fmt::format(", within each {}", request.x) : "");
  for (const auto& [path, value] : request.where)
    text += fmt::format("Only runs with {} = {}.\n", path, value);
  for (const std::string& path : comparison.pooled) {
    text += fmt::format(
        "A seed's number is its mean over the values of {}; --where {}=… picks one.\n", path, path);
  }
  if (comparison.crashed > 0) {
    text += fmt::format("{} of {} runs crashed; their seeds are left out of the figures.\n",
                        comparison.crashed, comparison.made);
  }
  if (comparison.made < comparison.planned) {
    text += fmt::format("{} of {} runs are not made yet (sweep --resume).\n",
                        comparison.planned - comparison.made, comparison.planned);
  }
  if (comparison.metrics_left_out > 0) {
    text += fmt::format("{} more metrics show no difference; --metric NAME shows one.\n",
                        comparison.metrics_left_out);
  }
  return text;
}

nlohmann::ordered_json to_json(const Comparison& comparison) {
  const auto mean_json = [](const stats::MeanEstimate& mean) {
    return Json{{"n", mean.n},
                {"mean", mean.mean},
                {"deviation", mean.deviation},
                {"low", mean.interval.low},
                {"high", mean.interval.high}};
  };
  Json verdicts = Json::array();
  for (const ComparedVerdict& verdict : comparison.verdicts) {
    verdicts.push_back({{"x", verdict.x},
                        {"by", verdict.by},
                        {"n", verdict.held.n},
                        {"held", verdict.held.successes},
                        {"share", verdict.held.share},
                        {"low", verdict.held.interval.low},
                        {"high", verdict.held.interval.high}});
  }
  Json metrics = Json::array();
  for (const ComparedMetric& metric : comparison.metrics) {
    Json groups = Json::array();
    for (const ComparedGroup& group : metric.groups) {
      Json entry = {{"x", group.x}, {"by", group.by}};
      entry.update(mean_json(group.mean));
      entry["difference"] = nullptr;
      if (group.difference.has_value()) {
        entry["difference"] = mean_json(*group.difference);
        entry["difference"]["excludes_zero"] = stats::excludes_zero(*group.difference);
      }
      groups.push_back(std::move(entry));
    }
    metrics.push_back(
        {{"metric", metric.name}, {"unit", unit_of(metric.name)}, {"groups", std::move(groups)}});
  }
  Json where = Json::object();
  for (const auto& [path, value] : comparison.request.where) where[path] = value;
  const auto path_json = [](const std::string& path) { return path.empty() ? Json() : Json(path); };
  return {{"format", "revenant-comparison"},
          {"version", 1},
          {"name", comparison.plan.name},
          {"question", comparison.plan.question},
          {"build", comparison.plan.build},
          {"x", path_json(comparison.request.x)},
          {"by", path_json(comparison.request.by)},
          {"where", std::move(where)},
          {"pooled", comparison.pooled},
          {"confidence", stats::kConfidence},
          {"runs",
           {{"planned", comparison.planned},
            {"made", comparison.made},
            {"crashed", comparison.crashed}}},
          {"verdicts", std::move(verdicts)},
          {"metrics", std::move(metrics)}};
}

int compare_file(const std::string& file, const CompareRequest& request, CompareFormat format,
                 std::ostream& out, std::ostream& err) {
  constexpr int kUsageError = 2;
  const auto comparison = [&]() -> Result<Comparison> {
    ASSIGN_OR_RETURN(auto results, ResultsStore::open(file));
    return compare(results, request);
  }();
  if (!comparison.has_value()) {
    fmt::print(err, "revenant compare: {}\n", comparison.error().message);
    return kUsageError;
  }
  if (format == CompareFormat::kText) {
    fmt::print(out, "{}", to_text(*comparison));
  } else {
    fmt::print(out, "{}\n", to_json(*comparison).dump(2));
  }
  return 0;
}

}  // namespace revenant::sim
