#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/history/edn.h"
#include "sim/history/formats.h"

namespace revenant::history {

namespace {

using Json = nlohmann::json;

Edn from_json(const Json& json, uint32_t line) {
  Edn edn{.line = line};
  switch (json.type()) {
    case Json::value_t::boolean:
      edn.kind = Edn::Kind::kBoolean;
      edn.integer = json.get<bool>() ? 1 : 0;
      break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      edn.kind = Edn::Kind::kInteger;
      edn.integer = json.get<int64_t>();
      break;
    case Json::value_t::number_float:
      edn.kind = Edn::Kind::kReal;
      edn.real = json.get<double>();
      break;
    case Json::value_t::string:
      edn.kind = Edn::Kind::kText;
      edn.text = json.get<std::string>();
      break;
    case Json::value_t::array:
      edn.kind = Edn::Kind::kItems;
      for (const Json& item : json) edn.items.push_back(from_json(item, line));
      break;
    case Json::value_t::object:
      edn.kind = Edn::Kind::kMap;
      for (const auto& [key, value] : json.items()) {
        edn.items.push_back({.kind = Edn::Kind::kKeyword, .text = key, .line = line});
        edn.items.push_back(from_json(value, line));
      }
      break;
    default:
      break;
  }
  return edn;
}

// "INFO  jepsen.util - 4\t:invoke\t:write\t3" as a map.
Result<Edn> from_log_line(std::string_view line, uint32_t number) {
  std::vector<std::string_view> fields;
  line.remove_prefix(std::min(line.size(), line.find(" - ") + 3));
  while (true) {
    const size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) break;
    line.remove_prefix(tab + 1);
  }
  if (fields.size() < 4)
    return error(ErrorCode::kInvalid,
                 "{}: expected process, type, operation and value with tabs between them", number);
  Edn map{.kind = Edn::Kind::kMap, .line = number};
  constexpr std::string_view kKeys[] = {"process", "type", "f", "value"};
  for (size_t i = 0; i < 4; ++i) {
    ASSIGN_OR_RETURN(std::optional<Edn> value, EdnReader(fields[i], number).next());
    map.items.push_back(
        {.kind = Edn::Kind::kKeyword, .text = std::string(kKeys[i]), .line = number});
    map.items.push_back(value.value_or(Edn{.line = number}));
  }
  return map;
}

Result<Json> parse_json(std::string_view text, uint32_t first_line) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    const std::string_view before = text.substr(0, e.byte);
    return error(ErrorCode::kInvalid, "{}: not JSON: {}",
                 first_line + std::ranges::count(before, '\n'), e.what());
  }
}

// Each event as a map; `is_log`: from a log's lines.
Result<std::vector<Edn>> entries_of(std::string_view text, bool& is_log) {
  std::vector<Edn> entries;
  const size_t first = std::min(text.find_first_not_of(" \t\r\n,"), text.size());
  const std::string_view begin = text.substr(first);
  is_log = begin.starts_with("INFO");
  if (is_log) {
    RETURN_IF_ERROR(each_line(text, [&](std::string_view line, uint32_t number) -> Result<void> {
      if (!line.starts_with("INFO"))
        return error(ErrorCode::kInvalid, "{}: expected a line that begins with INFO", number);
      ASSIGN_OR_RETURN(Edn entry, from_log_line(line, number));
      entries.push_back(std::move(entry));
      return {};
    }));
    return entries;
  }
  // The first key of a JSON map is a string; one of EDN is a keyword.
  const size_t key = begin.find_first_not_of("[{ \t\r\n");
  const bool is_json = key != std::string_view::npos && begin[key] == '"';
  if (is_json && begin[0] == '[') {
    ASSIGN_OR_RETURN(const Json json, parse_json(text, 1));
    for (const Json& entry : json)
      entries.push_back(from_json(entry, static_cast<uint32_t>(entries.size() + 1)));
    return entries;
  }
  if (is_json) {
    RETURN_IF_ERROR(each_line(text, [&](std::string_view line, uint32_t number) -> Result<void> {
      ASSIGN_OR_RETURN(const Json json, parse_json(line, number));
      entries.push_back(from_json(json, number));
      return {};
    }));
    return entries;
  }
  EdnReader reader(text);
  while (true) {
    ASSIGN_OR_RETURN(std::optional<Edn> form, reader.next());
    if (!form) return entries;
    if (form->kind == Edn::Kind::kMap) {
      entries.push_back(std::move(*form));
    } else if (form->kind == Edn::Kind::kItems) {
      for (Edn& entry : form->items) entries.push_back(std::move(entry));
    } else {
      return error(ErrorCode::kInvalid,
                   "{}: expected a map, such as {{:process 0, :type :invoke, …}}", form->line);
    }
  }
}

class JepsenReader {
 public:
  explicit JepsenReader(bool is_log) : is_log_(is_log) {}

  Result<Found> read(const std::vector<Edn>& entries) {
    find_out_about_keys(entries);
    for (const Edn& entry : entries) {
      ++event_;
      RETURN_IF_ERROR(take(entry));
    }
    for (auto& [process, open] : open_) {
      open.operation.outcome = Outcome::kUnknown;
      open.operation.completed = kNever;
      RETURN_IF_ERROR(finish(open, nullptr));
    }
    found_.nil_is_unknown = !is_log_ && with_read_ && !with_get_;
    found_.failed_cas_is_read = is_log_ || with_get_;
    if (with_get_) found_.initial = found_.history.text("");
    return std::move(found_);
  }

 private:
  struct Open {
    Operation operation;
    Edn invoked;  // its map
  };

  // A compare-and-set of [key [from to]] says that all values are [key value].
  void find_out_about_keys(const std::vector<Edn>& entries) {
    for (const Edn& entry : entries) {
      const Edn* f = entry.get("f");
      const Edn* value = entry.get("value");
      if (f == nullptr) continue;
      with_read_ |= f->name() == "read" || f->name() == "write";
      with_get_ |= f->name() == "get" || f->name() == "put" || f->name() == "append";
      keyed_ |= f->name() == "cas" && value != nullptr && value->items.size() == 2 &&
                value->items[1].kind == Edn::Kind::kItems;
    }
  }

  Result<void> take(const Edn& entry) {
    const Edn* process = entry.get("process");
    const Edn* type = entry.get("type");
    const Edn* f = entry.get("f");
    if (process == nullptr || type == nullptr || f == nullptr)
      return error(ErrorCode::kInvalid, "{}: expected a map with process, type and f", entry.line);
    if (process->kind != Edn::Kind::kInteger) return {};  // the nemesis
    const std::string_view is = type->name();
    const auto open = open_.find(process->integer);
    if (is == "invoke") {
      if (open != open_.end())
        return error(ErrorCode::kInvalid,
                     "{}: process {} invokes an operation, but the one of line {} has not ended",
                     entry.line, process->integer, open->second.operation.line);
      ASSIGN_OR_RETURN(Operation operation, begun(entry, *f));
      open_.emplace(process->integer, Open{operation, entry});
      return {};
    }
    if (is != "ok" && is != "fail" && is != "info")
      return error(ErrorCode::kInvalid, "{}: type is '{}'; expected invoke, ok, fail or info",
                   entry.line, is);
    if (open == open_.end()) {
      if (is == "info") return {};  // a message of the harness
      return error(ErrorCode::kInvalid, "{}: process {} ends an operation that it did not invoke",
                   entry.line, process->integer);
    }
    Operation& operation = open->second.operation;
    operation.completed = event_;
    operation.outcome = is == "ok"     ? Outcome::kOk
                        : is == "fail" ? Outcome::kFail
                                       : Outcome::kUnknown;
    RETURN_IF_ERROR(finish(open->second, &entry));
    open_.erase(open);
    return {};
  }

  Result<Operation> begun(const Edn& entry, const Edn& f) {
    Operation operation = {};
    operation.invoked = event_;
    operation.line = entry.line;
    operation.session = session(entry.get("process")->integer);
    const std::string_view name = f.name();
    if (name == "read" || name == "get" || name == "r") {
      operation.kind = Kind::kGet;
    } else if (name == "write" || name == "put" || name == "w") {
      operation.kind = Kind::kPut;
    } else if (name == "append") {
      operation.kind = Kind::kAppend;
    } else if (name == "delete") {
      operation.kind = Kind::kDelete;
    } else if (name == "cas") {
      operation.kind = Kind::kCompareAndSet;
    } else if (name == "txn") {
      operation.kind = Kind::kTransaction;
    } else {
      return error(ErrorCode::kInvalid,
                   "{}: f is '{}'; expected read, write, cas, get, put, append, delete or txn",
                   entry.line, name);
    }
    return operation;
  }

  // What was asked for stands where it was invoked; what was answered, where it ended.
  Result<void> finish(Open& open, const Edn* completed) {
    Operation& operation = open.operation;
    const Edn* asked = open.invoked.get("value");
    const Edn* answered = completed == nullptr ? nullptr : completed->get("value");
    const bool ok = operation.outcome == Outcome::kOk;
    const Edn nil;
    if (operation.kind == Kind::kTransaction) {
      const Edn* steps = ok && answered != nullptr ? answered : asked;
      return transaction(operation, steps == nullptr ? nil : *steps, ok);
    }
    const Edn* value = operation.kind == Kind::kGet ? (ok ? answered : nullptr) : asked;
    if (value == nullptr) value = &nil;
    Edn key = nil;
    if (const Edn* named = open.invoked.get("key")) key = *named;
    if (keyed_) {
      const Edn* pair = value->items.size() == 2 ? value : asked;
      if (pair == nullptr || pair->items.size() != 2)
        return error(ErrorCode::kInvalid, "{}: expected a value [key value]", operation.line);
      key = pair->items[0];
      value = value == pair ? &pair->items[1] : &nil;
    }
    operation.key = found_.history.key(key.is_nil() ? "register" : word(key));
    switch (operation.kind) {
      case Kind::kGet:
        operation.result = this->value(*value);
        break;
      case Kind::kCompareAndSet:
        if (value->items.size() != 2)
          return error(ErrorCode::kInvalid, "{}: expected the value of cas to be [from to]",
                       operation.line);
        operation.result = this->value(value->items[0]);
        operation.argument = this->value(value->items[1]);
        break;
      case Kind::kDelete:
        break;
      default:
        operation.argument = this->value(*value);
    }
    found_.history.add(operation);
    return {};
  }

  Result<void> transaction(Operation& operation, const Edn& steps, bool ok) {
    operation.steps_begin = found_.history.step_count();
    for (const Edn& step : steps.items) {
      if (step.items.size() != 3)
        return error(ErrorCode::kInvalid, "{}: expected steps [f key value]", operation.line);
      const std::string_view f = step.items[0].name();
      const bool read = f == "r";
      if (!read && f != "w" && f != "append")
        return error(ErrorCode::kInvalid, "{}: a step is '{}'; expected r, w or append",
                     operation.line, f);
      if (read && !ok) continue;  // nobody knows what it read
      found_.history.add_step({read       ? Kind::kGet
                               : f == "w" ? Kind::kPut
                                          : Kind::kAppend,
                               found_.history.key(word(step.items[1])), value(step.items[2])});
    }
    operation.steps_end = found_.history.step_count();
    found_.history.add(operation);
    return {};
  }

  Value value(const Edn& edn) {
    switch (edn.kind) {
      case Edn::Kind::kNil:
        return {};
      case Edn::Kind::kInteger:
        return found_.history.number(edn.integer);
      case Edn::Kind::kItems: {
        std::vector<Value> items;
        for (const Edn& item : edn.items) items.push_back(value(item));
        return found_.history.list(items);
      }
      default:
        return found_.history.text(word(edn));
    }
  }
  static std::string word(const Edn& edn) {
    switch (edn.kind) {
      case Edn::Kind::kNil:
        return "nil";
      case Edn::Kind::kBoolean:
        return edn.integer != 0 ? "true" : "false";
      case Edn::Kind::kInteger:
        return fmt::format("{}", edn.integer);
      case Edn::Kind::kReal:
        return fmt::format("{}", edn.real);
      case Edn::Kind::kKeyword:
      case Edn::Kind::kText:
        return edn.text;
      default:
        return "…";
    }
  }
  uint32_t session(int64_t process) {
    return sessions_.try_emplace(process, static_cast<uint32_t>(sessions_.size())).first->second;
  }

  bool is_log_;
  bool with_read_ = false, with_get_ = false, keyed_ = false;
  Found found_;
  int64_t event_ = 0;
  std::map<int64_t, Open> open_;  // by process
  std::map<int64_t, uint32_t> sessions_;
};

}  // namespace

Result<Found> read_jepsen(std::string_view text) {
  bool is_log = false;
  ASSIGN_OR_RETURN(const std::vector<Edn> entries, entries_of(text, is_log));
  return JepsenReader(is_log).read(entries);
}

}  // namespace revenant::history
