#include "sim/history/read.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "sim/history/formats.h"

namespace revenant::history {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

// By what it begins with.
Format format_of(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return Format::kDbcop;
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return Format::kJepsen;
  text.remove_prefix(first);
  const std::string_view head = text.substr(0, text.find('\n'));
  if (head.starts_with("r(") || head.starts_with("w(")) return Format::kPlume;
  if (head.starts_with("{\"") && head.find("\"kind\"") != std::string_view::npos)
    return Format::kRevenant;
  const size_t second = std::min(text.find_first_not_of(kSpace, 1), text.size() - 1);
  const std::string_view transaction = head.substr(0, head.find(']'));
  if (head.starts_with("//") || head.starts_with("--") || (text[0] == '[' && text[second] == '[') ||
      (text[0] == '[' && (transaction.find(":=") != std::string_view::npos ||
                          transaction.find("==") != std::string_view::npos)) ||
      (text[0] == '{' && text.substr(second).starts_with("\"params\"")))
    return Format::kDbcop;
  return Format::kJepsen;
}

Value value_of(History& history, const std::string& text) {
  if (text == "nil") return {};
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size())
    return history.number(number);
  return history.text(text);
}

// Of a text that is appended to nobody can tell.
void leave_out_what_nobody_wrote(History& history) {
  std::set<std::pair<uint32_t, Value>> written;
  std::set<uint32_t> appended_to;
  const auto write = [&](Kind kind, uint32_t key, Value value) {
    if (!is_write(kind)) return;
    written.emplace(key, value);
    if (kind == Kind::kAppend) appended_to.insert(key);
    if (history.is_list(value))
      for (const Value item : history.items(value)) written.emplace(key, item);
  };
  for (const Operation& op : history.operations()) {
    write(op.kind, op.key, op.argument);
    for (const Step& step : history.steps(op)) write(step.kind, step.key, step.value);
  }
  history.change_reads([&](uint32_t key, Value value) -> std::optional<Value> {
    const bool is_known = value.is_absent() || value == history.initial() ||
                          written.contains({key, value}) || history.is_added_to(key);
    if (is_known) return value;
    if (!history.is_list(value))
      return value.is_symbol() && appended_to.contains(key) ? std::optional(value) : std::nullopt;
    std::vector<Value> items;
    for (const Value item : history.items(value))
      if (written.contains({key, item})) items.push_back(item);
    return history.list(items);
  });
}

}  // namespace

Result<History> read_history(std::string_view text, const std::string& path,
                             const ReadOptions& options) {
  const Format format = options.format.value_or(format_of(text));
  Result<Found> found = format == Format::kRevenant ? read_revenant(text)
                        : format == Format::kPlume  ? read_plume(text)
                        : format == Format::kDbcop  ? read_dbcop(text)
                                                    : read_jepsen(text);
  if (!found) {
    constexpr std::string_view kNames[] = {"revenant", "jepsen", "plume", "dbcop"};
    const std::string taken_for = options.format
                                      ? ""
                                      : fmt::format(" (taken for format {}, as it begins)",
                                                    kNames[static_cast<size_t>(format)]);
    return error(found.error().code, "{}:{}{}", path, found.error().message, taken_for);
  }
  History& history = found->history;
  history.set_clock(format == Format::kRevenant ? Clock::kNanoseconds : Clock::kPlaces);
  history.set_initial(options.initial ? value_of(history, *options.initial) : found->initial);
  if (options.unwritten_is_unknown) leave_out_what_nobody_wrote(history);
  const bool nil_is_unknown = options.nil_is_unknown.value_or(found->nil_is_unknown);
  const bool failed_cas_is_read = options.failed_cas_is_read.value_or(found->failed_cas_is_read);
  history.leave_out([&](const Operation& op) {
    return (op.kind == Kind::kGet && nil_is_unknown && op.result.is_absent()) ||
           (op.kind == Kind::kCompareAndSet && op.outcome == Outcome::kFail && !failed_cas_is_read);
  });
  return std::move(history);
}

}  // namespace revenant::history
