#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/report/figure.h"
#include "sim/report/page_source.h"
#include "sim/report/report.h"

namespace revenant::report {

using Json = nlohmann::ordered_json;
using history::Kind;
using history::Operation;

namespace {

// Of one operation outside every core; a long list's content says little from afar.
constexpr size_t kTextMax = 160, kCoreTextMax = 2000;

// As JSON inside a script element: nothing in it may look like the element's end.
std::string embedded(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

Json time_of(int64_t time) {
  return time == history::kNever || time == kToTheEnd ? Json() : Json(time);
}

class Page {
 public:
  explicit Page(const Report& report) : report_(report), history_(report.history) {
    for (const check::Verdict& verdict : report.verdicts)
      for (size_t i = 0; i < std::min(kViolationsInPage, verdict.violations.size()); ++i) {
        const check::Violation& violation = verdict.violations[i];
        if (!violation.operations.empty())
          told_.push_back({&verdict, &violation, i < kViolationsPrinted});
        for (const uint32_t place : violation.operations) in_core_[place] = true;
      }
  }

  std::string html() {
    const std::map<std::string_view, std::string> parts = {
        {"title", escaped(report_.title)}, {"css", std::string(kPageCss)},
        {"js", std::string(kPageJs)},      {"figures", figures()},
        {"data", embedded(data())},
    };
    std::string out;
    std::string_view rest = kPageHtml;
    while (true) {
      const size_t open = rest.find("{{");
      out += rest.substr(0, open);
      if (open == std::string_view::npos) return out;
      const size_t close = rest.find("}}", open);
      out += parts.at(rest.substr(open + 2, close - open - 2));
      rest.remove_prefix(close + 2);
    }
  }

 private:
  struct Told {
    const check::Verdict* verdict;
    const check::Violation* violation;
    bool with_figure;
  };

  std::string figures() const {
    std::string out;
    for (size_t i = 0; i < told_.size(); ++i)
      if (told_[i].with_figure)
        out += fmt::format("<figure data-violation=\"{}\">{}</figure>\n", i,
                           figure(report_, *told_[i].verdict, *told_[i].violation));
    return out;
  }

  Json data() const {
    Json kinds = Json::array(), outcomes = Json::array(), keys = Json::array();
    for (int kind = 0; kind <= static_cast<int>(Kind::kTransaction); ++kind)
      kinds.push_back(history::to_string(static_cast<Kind>(kind)));
    for (const auto outcome :
         {history::Outcome::kOk, history::Outcome::kFail, history::Outcome::kUnknown})
      outcomes.push_back(history::to_string(outcome));
    for (uint32_t key = 0; key < history_.key_count(); ++key)
      keys.push_back(history_.key_name(key));
    return {{"clock", history_.clock() == history::Clock::kPlaces ? "place" : "ns"},
            {"facts", facts()},
            {"kinds", kinds},
            {"outcomes", outcomes},
            {"keys", keys},
            {"sessions", sessions()},
            {"operations", operations()},
            {"verdicts", verdicts()},
            {"violations", violations()},
            {"record", record()}};
  }

  uint32_t session_count() const {
    uint32_t count = 0;
    for (const Operation& op : history_.operations())
      if (op.session != history::kNoSession) count = std::max(count, op.session + 1);
    return count;
  }

  Json sessions() const {
    Json names = Json::array();
    const uint32_t count = session_count();
    for (uint32_t session = 0; session < count; ++session)
      names.push_back(session_text(history_, session));
    return names;
  }

  std::string facts() const {
    const auto counted = [](size_t count, std::string_view what) {
      return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
    };
    return fmt::format("{} of {} on {}", counted(history_.operations().size(), "operation"),
                       counted(session_count(), "session"), counted(history_.key_count(), "key"));
  }

  // Columns: a tenth of the size of objects, and quicker to parse.
  Json operations() const {
    Json line = Json::array(), session = Json::array(), kind = Json::array(), key = Json::array(),
         outcome = Json::array(), from = Json::array(), to = Json::array(), text = Json::array();
    for (size_t place = 0; place < history_.operations().size(); ++place) {
      const Operation& op = history_.operations()[place];
      line.push_back(op.line);
      session.push_back(op.session == history::kNoSession ? -1 : static_cast<int64_t>(op.session));
      kind.push_back(static_cast<int>(op.kind));
      outcome.push_back(static_cast<int>(op.outcome));
      from.push_back(op.invoked);
      to.push_back(time_of(op.completed));
      if (op.kind == Kind::kScan || op.kind == Kind::kTransaction) {
        Json keys = Json::array();
        for (const history::Step& step : history_.steps(op)) keys.push_back(step.key);
        key.push_back(std::move(keys));
      } else {
        key.push_back(op.key);
      }
      std::string printed = history_.print(op);
      const size_t most = in_core_.contains(static_cast<uint32_t>(place)) ? kCoreTextMax : kTextMax;
      if (printed.size() > most) printed = printed.substr(0, most) + "…";
      text.push_back(std::move(printed));
    }
    return {{"line", line},       {"session", session}, {"kind", kind}, {"key", key},
            {"outcome", outcome}, {"from", from},       {"to", to},     {"text", text}};
  }

  Json verdicts() const {
    Json out = Json::array();
    for (const check::Verdict& verdict : report_.verdicts) {
      std::string note = fmt::format("{} observations", verdict.observations);
      if (!verdict.figures.empty()) note += "; " + verdict.figures;
      if (!verdict.undecided.empty()) note += "; " + verdict.undecided;
      if (verdict.violations.size() > kViolationsInPage)
        note += fmt::format("; the first {} violations are in this page", kViolationsInPage);
      out.push_back({{"property", verdict.property},
                     {"outcome", check::to_string(verdict.outcome)},
                     {"note", note},
                     {"violations", verdict.violations.size()}});
    }
    return out;
  }

  Json violations() const {
    Json out = Json::array();
    for (const Told& one : told_) {
      Json commands = Json::array();
      for (const Replay& replay : replays(report_, *one.violation))
        commands.push_back({{"what", replay.what}, {"command", replay.command}});
      out.push_back({{"property", one.verdict->property},
                     {"key", one.violation->key ? static_cast<int64_t>(*one.violation->key) : -1},
                     {"operations", one.violation->operations},
                     {"told", told(report_, *one.verdict, *one.violation)},
                     {"replays", commands}});
    }
    return out;
  }

  Json record() const {
    if (report_.record == nullptr && report_.faults.empty()) return {};
    Json faults = Json::array();
    for (const Fault& f : report_.faults)
      faults.push_back({{"text", fault_text(f)}, {"from", f.from}, {"to", time_of(f.to)}});
    static const RunRecord nothing;
    const RunRecord& record = report_.record == nullptr ? nothing : *report_.record;
    std::map<uint32_t, uint32_t> place_of;  // by line
    for (uint32_t place = 0; place < history_.operations().size(); ++place)
      place_of.try_emplace(history_.operations()[place].line, place);

    // As rows, for there are many; sources by their numbers.
    std::map<std::string, size_t> sources;
    const auto source = [&](const std::string& text) {
      return sources.try_emplace(text, sources.size()).first->second;
    };
    Json holdings = Json::object(), absences = Json::array(), participants = Json::object(),
         arrivals = Json::object();
    for (uint32_t key = 0; key < history_.key_count(); ++key) {
      const auto held = record.holdings_of(history_.key_name(key));
      if (held.empty()) continue;
      Json& rows = holdings[fmt::format("{}", key)] = Json::array();
      for (const Holding& h : held)
        rows.push_back(Json::array(
            {h.node, h.from, time_of(h.to), static_cast<int>(h.kind), h.line, source(h.source)}));
    }
    for (const Absence& a : record.absences)
      absences.push_back(
          {{"node", a.node}, {"from", a.from}, {"to", time_of(a.to)}, {"why", a.why}});
    for (const auto& [line, took] : record.participants) {
      const auto place = place_of.find(line);
      if (place == place_of.end()) continue;
      Json answers = Json::array();
      for (const Participants::Answer& answer : took.answers) answers.push_back(answer.node);
      participants[fmt::format("{}", place->second)] =
          Json::array({took.coordinator, std::move(answers)});
    }
    for (const auto& [line, took] : record.arrivals) {
      const auto place = place_of.find(line);
      if (place == place_of.end() || took.empty()) continue;
      Json& rows = arrivals[fmt::format("{}", place->second)] = Json::array();
      for (const Arrival& arrival : took)
        rows.push_back(Json::array({arrival.node, arrival.at, source(arrival.source)}));
    }
    std::vector<std::string> texts(sources.size());
    for (const auto& [text, number] : sources) texts[number] = text;
    return {{"missing", record.missing},   {"faults", faults},
            {"absences", absences},        {"sources", texts},
            {"holdings", holdings},        {"arrivals", arrivals},
            {"participants", participants}};
  }

  const Report& report_;
  const history::History& history_;
  std::vector<Told> told_;
  std::map<uint32_t, bool> in_core_;
};

}  // namespace

std::string to_html(const Report& report) { return Page(report).html(); }

}  // namespace revenant::report
