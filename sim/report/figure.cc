#include "sim/report/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

namespace revenant::report {

using history::Kind;
using history::Operation;
using history::Outcome;

namespace {

// In pixels; a character of the monospaced font at its size is kCharacter wide.
constexpr double kCharacter = 6.7, kLeft = 96, kLane = 46, kReplica = 26, kTop = 34, kBar = 16;
constexpr double kColumnMin = 76, kColumnMax = 430;
constexpr size_t kMomentsMax = 16;
constexpr size_t kFaultsMax = 4;
constexpr size_t kLabelMax = 60;

std::string_view colour_of(Kind kind) {
  switch (kind) {
    case Kind::kGet:
    case Kind::kScan:
      return "#2f6fde";
    case Kind::kPut:
    case Kind::kAppend:
    case Kind::kAdd:
      return "#d9730d";
    case Kind::kDelete:
      return "#8b3fc7";
    case Kind::kCompareAndSet:
    case Kind::kTransaction:
      return "#0f8f83";
  }
  return "#667085";
}

// Cut between characters of UTF-8.
std::string shortened(std::string text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

class Drawing {
 public:
  Drawing(const Report& report, const check::Violation& violation) : report_(report) {
    for (const uint32_t place : violation.operations)
      operations_.push_back(&report.history.operations()[place]);
    key_number_ = violation.key;
    collect_moments();
    space_columns();
  }

  std::string draw(const std::string& title) {
    std::string body = text(12, 18, title, "#1b1f27", "font-weight=\"bold\"");
    double y = kTop;
    std::vector<std::string> lanes;
    for (const Operation* op : operations_)
      if (std::ranges::find(lanes, lane_of(*op)) == lanes.end()) lanes.push_back(lane_of(*op));
    const auto rows = static_cast<double>(nodes().size() + faults().size());
    const double bottom = y + kLane * static_cast<double>(lanes.size()) + kReplica * rows;
    body += moments(bottom);
    for (const Fault* fault : faults()) {
      body += band(*fault, y);
      y += kReplica;
    }
    for (const std::string& lane : lanes) {
      body += text(12, y + 14, lane, "#667085");
      for (const Operation* op : operations_)
        if (lane_of(*op) == lane) body += bar(*op, y);
      y += kLane;
    }
    for (const uint32_t node : nodes()) {
      body += replica(node, y);
      y += kReplica;
    }
    const double width = kLeft + x_.back() + 70, height = bottom + 34;
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"monospace\" font-size=\"11\">\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{2}</svg>",
        width, height, body);
  }

 private:
  std::string lane_of(const Operation& op) const {
    return op.session == history::kNoSession ? "no client"
                                             : session_text(report_.history, op.session);
  }

  std::span<const Holding> holdings() const {
    if (report_.record == nullptr || !key_number_) return {};
    return report_.record->holdings_of(report_.history.key_name(*key_number_));
  }
  // Those that held in the core's time; the first few.
  std::vector<const Fault*> faults() const {
    std::vector<const Fault*> found;
    for (const Fault& fault : report_.faults)
      if (fault.from < moments_.back() && fault.to > moments_.front() && found.size() < kFaultsMax)
        found.push_back(&fault);
    return found;
  }
  std::set<uint32_t> nodes() const {
    std::set<uint32_t> nodes;
    for (const Holding& holding : holdings()) nodes.insert(holding.node);
    return nodes;
  }

  // Where operations begin and end, and in between, as far as there is room, where replicas and faults change.
  void collect_moments() {
    std::set<int64_t> moments;
    for (const Operation* op : operations_) {
      moments.insert(op->invoked);
      moments.insert(op->completed);
    }
    const int64_t first = *moments.begin(), last = *moments.rbegin();
    for (const Holding& holding : holdings())
      if (holding.from > first && holding.from < last && moments.size() < kMomentsMax)
        moments.insert(holding.from);
    moments_ = {first, last};
    for (const Fault* fault : faults())
      for (const int64_t change : {fault->from, fault->to})
        if (change > first && change < last && moments.size() < kMomentsMax) moments.insert(change);
    moments_.assign(moments.begin(), moments.end());
  }

  // A column between two moments is as wide as the labels of the bars over it need.
  void space_columns() {
    std::vector<double> widths(moments_.size(), kColumnMin);
    for (const Operation* op : operations_) {
      const size_t from = column(op->invoked), to = std::max(column(op->completed), from + 1);
      const double need = (static_cast<double>(label(*op).size()) * kCharacter + 14) /
                          static_cast<double>(to - from);
      for (size_t i = from; i < to && i < widths.size(); ++i)
        widths[i] = std::min(std::max(widths[i], need), kColumnMax);
    }
    x_.assign(1, 0);
    for (size_t i = 0; i + 1 < moments_.size(); ++i) x_.push_back(x_.back() + widths[i]);
  }

  size_t column(int64_t moment) const {
    return static_cast<size_t>(std::ranges::lower_bound(moments_, moment) - moments_.begin());
  }
  double x(int64_t moment) const { return kLeft + x_[std::min(column(moment), x_.size() - 1)]; }

  std::string label(const Operation& op) const {
    return shortened(fmt::format("#{} {}", op.line, report_.history.print(op, key_number_)),
                     kLabelMax);
  }

  static std::string text(double x, double y, std::string_view text, std::string_view colour,
                          std::string_view more = "") {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\" {}>{}</text>\n", x, y, colour,
                       more, escaped(text));
  }

  std::string moments(double bottom) const {
    std::string out;
    for (size_t i = 0; i < moments_.size(); ++i) {
      const double x = kLeft + x_[i];
      out += fmt::format(
          "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"#c5cbd6\" "
          "stroke-dasharray=\"2 3\"/>\n",
          x, kTop - 6, bottom + 6);
      const std::string time = moments_[i] == history::kNever ? "never"
                               : moments_[i] < 0              ? "before"
                                                 : time_text(report_.history, moments_[i]);
      // Two rows of them, so that neighbours do not run into each other.
      out += text(x, bottom + (i % 2 == 0 ? 17 : 29), time, "#667085",
                  "text-anchor=\"middle\" font-size=\"9.5\"");
    }
    return out;
  }

  std::string bar(const Operation& op, double y) const {
    const double left = x(op.invoked), right = std::max(x(op.completed), left + 8);
    const std::string_view colour = colour_of(op.kind);
    const bool ok = op.outcome == Outcome::kOk;
    return fmt::format(
               "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"2\" "
               "fill=\"{}\" "
               "stroke=\"{}\"{}/>\n",
               left, y, right - left, kBar, ok ? colour : "none", colour,
               op.outcome == Outcome::kUnknown ? " stroke-dasharray=\"4 3\"" : "") +
           text(left, y + kBar + 14, label(op), "#1b1f27");
  }

  std::string band(const Fault& fault, double y) const {
    const double left = x(std::max(fault.from, moments_.front()));
    const double right = fault.to >= moments_.back() ? kLeft + x_.back() : x(fault.to);
    return text(12, y + 15, "fault", "#667085") +
           fmt::format(
               "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"18\" "
               "fill=\"#fbd5d6\"/>\n",
               left, y + 2, std::max(right - left, 3.0)) +
           text(left + 4, y + 15, fault_text(fault), "#1b1f27");
  }

  std::string replica(uint32_t node, double y) const {
    std::string out = text(12, y + 15, fmt::format("n{}", node), "#667085");
    for (const Holding& holding : holdings()) {
      if (holding.node != node || holding.kind == Holding::Kind::kNothing) continue;
      if (holding.from >= moments_.back() || holding.to <= moments_.front()) continue;
      // From the moment at which it was there to the one before which it was not any more.
      const double left = x(std::max(holding.from, moments_.front()));
      const double right = holding.to >= moments_.back() ? kLeft + x_.back() : x(holding.to);
      if (right <= left) continue;
      const bool value = holding.kind == Holding::Kind::kValue;
      out += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"18\" fill=\"{}\" "
          "stroke=\"#fff\"/>\n",
          left, y + 2, right - left, value ? "#bfd6f7" : "#dccbeb");
      std::string what = fmt::format("{}{}", value ? "value" : "deleted",
                                     holding.line > 0 ? fmt::format(" #{}", holding.line) : "");
      if (static_cast<double>(what.size()) * kCharacter < right - left)
        out += text(left + 4, y + 15, what, "#1b1f27");
    }
    return out;
  }

  const Report& report_;
  std::vector<const Operation*> operations_;
  std::optional<uint32_t> key_number_;
  std::vector<int64_t> moments_;
  std::vector<double> x_;  // of each moment, from kLeft
};

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // Control characters have no place in XML.
        if (static_cast<unsigned char>(c) >= 0x20) out += c;
    }
  }
  return out;
}

std::string figure(const Report& report, const check::Verdict& verdict,
                   const check::Violation& violation) {
  return Drawing(report, violation)
      .draw(fmt::format(
          "{} is violated{}", verdict.property,
          violation.key ? fmt::format(": {}", report.history.key_name(*violation.key)) : ""));
}

}  // namespace revenant::report
