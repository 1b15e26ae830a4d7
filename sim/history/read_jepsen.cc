#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "sim/history/edn.h"
#include "sim/history/formats.h"

// What an operation's f and value are:
//
//   read, get · write, put · append · delete · cas [from to]      of a register; r and w are read and write
//   read [[r x nil] …], write [[w x 1] …], txn, or no f at all    a transaction of such steps
//   acquire, release          of a lock: a compare-and-set of nil and "held"
//   add                       to a counter, if reads return numbers; to a set, if lists. Where reads return lists of
//                             what was written one by one, write is add
//   transfer {from to amount} an add to each of two accounts; a read {account amount …} is a transaction of gets
//
// A key stands beside it (:key k), or as the first of the value: [k value]. That values are such pairs a read shows
// that asks for [k nil], or a cas [k [from to]].
//
// An event without a process ends the first that is open with the same f and a value that it may have come from. If
// nothing was invoked, every completion is an operation.

namespace revenant::history {

namespace {

using Json = nlohmann::json;

Edn from_json(const Json& json, KeptTexts& kept, uint32_t line) {
  Edn edn{.line = line};
  switch (json.type()) {
    case Json::value_t::boolean:
      edn.kind = Edn::Kind::kBoolean;
      edn.integer = json.get<bool>() ? 1 : 0;
      break;
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        edn.kind = Edn::Kind::kText;
        edn.text = kept.emplace_back(json.dump());
        break;
      }
      [[fallthrough]];
    case Json::value_t::number_integer:
      edn.kind = Edn::Kind::kInteger;
      edn.integer = json.get<int64_t>();
      break;
    case Json::value_t::number_float:
      edn.kind = Edn::Kind::kReal;
      edn.real = json.get<double>();
      break;
    case Json::value_t::string:
      edn.kind = Edn::Kind::kText;
      edn.text = kept.emplace_back(json.get<std::string>());
      break;
    case Json::value_t::array:
      edn.kind = Edn::Kind::kItems;
      for (const Json& item : json) edn.items.push_back(from_json(item, kept, line));
      break;
    case Json::value_t::object:
      edn.kind = Edn::Kind::kMap;
      for (const auto& [key, value] : json.items()) {
        edn.items.push_back(
            {.kind = Edn::Kind::kKeyword, .text = kept.emplace_back(key), .line = line});
        edn.items.push_back(from_json(value, kept, line));
      }
      break;
    default:
      break;
  }
  return edn;
}

// [process type f value], as a map.
Edn from_fields(Edn fields) {
  Edn map{.kind = Edn::Kind::kMap, .line = fields.line};
  map.items.reserve(8);
  constexpr std::string_view kKeys[] = {"process", "type", "f", "value"};
  for (size_t i = 0; i < 4; ++i) {
    map.items.push_back({.kind = Edn::Kind::kKeyword, .text = kKeys[i], .line = fields.line});
    map.items.push_back(std::move(fields.items[i]));
  }
  return map;
}

// "INFO  jepsen.util - 4\t:invoke\t:write\t3" as a map.
Result<Edn> from_log_line(std::string_view line, KeptTexts& kept, uint32_t number) {
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
  Edn event{.kind = Edn::Kind::kItems, .line = number};
  for (size_t i = 0; i < 4; ++i) {
    ASSIGN_OR_RETURN(std::optional<Edn> field, EdnReader(fields[i], number).next(kept));
    event.items.push_back(field ? std::move(*field) : Edn{.line = number});
  }
  return from_fields(std::move(event));
}

Result<Json> parse_json(std::string_view text, uint32_t first_line,
                        const Json::parser_callback_t& take = nullptr) {
  try {
    return Json::parse(text, take);
  } catch (const Json::parse_error& e) {
    const std::string_view before = text.substr(0, e.byte);
    return error(ErrorCode::kInvalid, "{}: not JSON: {}",
                 first_line + std::ranges::count(before, '\n'), e.what());
  }
}

bool is_event_of_fields(const Edn& form) {
  return form.kind == Edn::Kind::kItems && form.items.size() >= 4 &&
         form.items[0].kind != Edn::Kind::kMap && form.items[1].kind == Edn::Kind::kKeyword;
}

// A map, and what it refers to.
struct Event {
  Edn map;
  KeptTexts kept = {};
};

enum class Notation { kLog, kJson, kJsonLines, kEdn };

Notation notation_of(std::string_view text) {
  const std::string_view begin =
      text.substr(std::min(text.find_first_not_of(" \t\r\n,"), text.size()));
  if (begin.starts_with("INFO")) return Notation::kLog;
  // The first key of a JSON map is a string; one of EDN is a keyword.
  const size_t key = begin.find_first_not_of("[{ \t\r\n");
  if (key == std::string_view::npos || begin[key] != '"') return Notation::kEdn;
  return begin[0] == '[' ? Notation::kJson : Notation::kJsonLines;
}

// Calls visit(event), a Result<void>, for one after the other: a history may be larger than memory for all at once.
template <typename Visit>
Result<void> each_event(std::string_view text, Notation notation, Visit visit) {
  if (notation == Notation::kLog) {
    return each_line(text, [&](std::string_view line, uint32_t number) -> Result<void> {
      if (!line.starts_with("INFO"))
        return error(ErrorCode::kInvalid, "{}: expected a line that begins with INFO", number);
      Event event;
      ASSIGN_OR_RETURN(event.map, from_log_line(line, event.kept, number));
      return visit(std::move(event));
    });
  }
  if (notation == Notation::kJsonLines) {
    return each_line(text, [&](std::string_view line, uint32_t number) -> Result<void> {
      ASSIGN_OR_RETURN(const Json json, parse_json(line, number));
      Event event;
      event.map = from_json(json, event.kept, number);
      return visit(std::move(event));
    });
  }
  if (notation == Notation::kJson) {
    uint32_t number = 0;
    Result<void> visited;
    const auto take = [&](int depth, Json::parse_event_t at, Json& parsed) {
      const bool ends = at == Json::parse_event_t::object_end ||
                        at == Json::parse_event_t::array_end || at == Json::parse_event_t::value;
      if (depth != 1 || !ends || !visited) return true;
      Event event;
      event.map = from_json(parsed, event.kept, ++number);
      visited = visit(std::move(event));
      return false;  // it is not kept
    };
    ASSIGN_OR_RETURN(const Json rest, parse_json(text, 1, take));
    return visited;
  }
  EdnReader reader(text);
  while (true) {
    Event event;
    ASSIGN_OR_RETURN(std::optional<Edn> form, reader.next_item(event.kept));
    if (!form) return {};
    event.map = is_event_of_fields(*form) ? from_fields(std::move(*form)) : std::move(*form);
    if (event.map.kind != Edn::Kind::kMap)
      return error(ErrorCode::kInvalid,
                   "{}: expected a map, such as {{:process 0, :type :invoke, …}}", event.map.line);
    RETURN_IF_ERROR(visit(std::move(event)));
  }
}

bool equal(const Edn& a, const Edn& b) {
  return a.kind == b.kind && a.integer == b.integer && a.real == b.real && a.text == b.text &&
         std::ranges::equal(a.items, b.items, equal);
}

// Whether this was answered to that: where nothing was said, anything may have been.
bool may_answer(const Edn& answered, const Edn& asked) {
  if (asked.is_nil()) return true;
  if (asked.kind != Edn::Kind::kItems || answered.kind != Edn::Kind::kItems)
    return equal(answered, asked);
  return answered.items.size() >= asked.items.size() &&
         std::ranges::equal(
             asked.items, std::span(answered.items).first(asked.items.size()),
             [](const Edn& asked_for, const Edn& given) { return may_answer(given, asked_for); });
}

bool is_step_name(std::string_view f) {
  return f == "r" || f == "read" || f == "w" || f == "write" || f == "append";
}

// [r x nil], [r x] or [append y 1].
bool is_step(const Edn& step) {
  if (step.kind != Edn::Kind::kItems || step.items.size() < 2) return false;
  const std::string_view f = step.items[0].name();
  return is_step_name(f) &&
         (step.items.size() == 3 || (step.items.size() == 2 && (f == "r" || f == "read")));
}

bool is_steps(const Edn* value) {
  return value != nullptr && value->kind == Edn::Kind::kItems && !value->items.empty() &&
         std::ranges::all_of(value->items, is_step);
}

std::string_view name_of(const Edn* edn) {
  return edn == nullptr ? std::string_view() : edn->name();
}

class JepsenReader {
 public:
  // Twice through: what some of it means, later events tell.
  Result<Found> read(std::string_view text) {
    const Notation notation = notation_of(text);
    is_log_ = notation == Notation::kLog;
    Shape shape;
    RETURN_IF_ERROR(each_event(text, notation, [&](const Event& event) -> Result<void> {
      look_at(event.map, shape);
      return {};
    }));
    writes_add_ = shape.reads_lists[keyed_] && !shape.writes_otherwise[keyed_];
    RETURN_IF_ERROR(each_event(text, notation, [&](Event event) {
      ++event_;
      return take(std::move(event));
    }));
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
    Event invoked;
  };

  static bool is_read(std::string_view f) { return f == "read" || f == "get" || f == "r"; }

  static bool is_pair(const Edn& value) {
    return value.kind == Edn::Kind::kItems && value.items.size() == 2;
  }

  const Edn& of_key(const Edn& value) const { return of_key(value, keyed_); }
  static const Edn& of_key(const Edn& value, bool keyed) {
    return keyed && is_pair(value) ? value.items[1] : value;
  }

  // By whether values are pairs of a key and a value, which is known at the end.
  struct Shape {
    bool reads_lists[2] = {}, writes_otherwise[2] = {};
  };

  void look_at(const Edn& entry, Shape& shape) {
    const std::string_view f = name_of(entry.get("f"));
    const std::string_view is = name_of(entry.get("type"));
    const Edn* value = entry.get("value");
    with_invoke_ |= is == "invoke";
    with_read_ |= f == "read" || f == "write";
    with_get_ |= f == "get" || f == "put" || f == "append";
    if (value == nullptr) return;
    if (is_pair(*value)) {
      const Edn& second = value->items[1];
      keyed_ |= f == "cas" && second.kind == Edn::Kind::kItems;
      keyed_ |= is_read(f) && is == "invoke" && second.is_nil();
    }
    if (is_steps(value)) return;
    if (is_read(f) && is == "ok") of_accounts_ |= value->kind == Edn::Kind::kMap;
    for (const bool keyed : {false, true}) {
      const bool is_list = of_key(*value, keyed).kind == Edn::Kind::kItems;
      if (is_read(f) && is == "ok") {
        shape.reads_lists[keyed] |= is_list;
      } else if (f == "write" || f == "cas") {
        shape.writes_otherwise[keyed] |= f == "cas" || is_list;
      }
    }
  }

  Result<void> take(Event event) {
    const Edn& entry = event.map;
    const Edn* type = entry.get("type");
    if (type == nullptr || (entry.get("f") == nullptr && !is_steps(entry.get("value"))))
      return error(ErrorCode::kInvalid, "{}: expected a map with process, type and f", entry.line);
    const std::string_view is = type->name();
    if (is != "invoke" && is != "ok" && is != "fail" && is != "info")
      return error(ErrorCode::kInvalid, "{}: type is '{}'; expected invoke, ok, fail or info",
                   entry.line, is);
    const std::optional<int64_t> client = client_of(entry, is == "invoke");
    if (!client) {  // the nemesis
      const Edn* value = entry.get("value");
      found_.history.add_event({event_, entry.line, std::string(name_of(entry.get("f"))),
                                value == nullptr || value->is_nil() ? "" : to_string(*value)});
      return {};
    }
    if (is == "invoke" || !with_invoke_) {
      const auto [open, is_new] = open_.try_emplace(*client);
      if (!is_new)
        return error(ErrorCode::kInvalid,
                     "{}: process {} invokes an operation, but the one of line {} has not ended",
                     entry.line, word(*entry.get("process")), open->second.operation.line);
      ASSIGN_OR_RETURN(Operation operation, begun(entry, *client));
      open->second.operation = operation;
      if (is == "invoke") {
        open->second.invoked = std::move(event);
        return {};
      }
      open->second.invoked.map = entry;
    }
    const auto open = open_.find(*client);
    if (open == open_.end()) {
      if (is == "info") return {};  // a message of the harness
      const Edn* process = entry.get("process");
      return error(ErrorCode::kInvalid, "{}: process {} ends an operation that it did not invoke",
                   entry.line, process == nullptr ? "nil" : word(*process));
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

  // By its number; others, and each operation of nobody, have one of their own below all numbers.
  std::optional<int64_t> client_of(const Edn& entry, bool invokes) {
    const Edn* process = entry.get("process");
    if (process != nullptr && process->kind == Edn::Kind::kInteger) return process->integer;
    if (process != nullptr && !process->is_nil()) {
      if (process->kind == Edn::Kind::kKeyword || process->name() == "nemesis") return std::nullopt;
      return named_.try_emplace(word(*process), kNamed + static_cast<int64_t>(named_.size()))
          .first->second;
    }
    if (invokes || !with_invoke_) return kNobody + ++nobodies_;
    const Edn nil;
    const Edn* answered = entry.get("value");
    for (const auto& [client, open] : open_) {
      const Edn* asked = open.invoked.map.get("value");
      if (client > kNobody && client < kNamed &&
          name_of(entry.get("f")) == name_of(open.invoked.map.get("f")) &&
          may_answer(answered == nullptr ? nil : *answered, asked == nullptr ? nil : *asked))
        return client;
    }
    return kNobody;
  }

  Result<Operation> begun(const Edn& entry, int64_t client) {
    Operation operation = {};
    operation.invoked = event_;
    operation.line = entry.line;
    operation.session = session(client);
    if (const Edn* process = entry.get("process"); process != nullptr && !process->is_nil())
      found_.history.name_session(operation.session, word(*process));
    const std::string_view name = name_of(entry.get("f"));
    const bool with_steps = is_steps(entry.get("value"));
    if (name == "txn" || with_steps || name == "transfer" || (is_read(name) && of_accounts_)) {
      operation.kind = Kind::kTransaction;
    } else if (is_read(name)) {
      operation.kind = Kind::kGet;
    } else if (name == "add" || (name == "write" && writes_add_)) {
      operation.kind = Kind::kAdd;
    } else if (name == "write" || name == "put" || name == "w") {
      operation.kind = Kind::kPut;
    } else if (name == "append") {
      operation.kind = Kind::kAppend;
    } else if (name == "delete") {
      operation.kind = Kind::kDelete;
    } else if (name == "cas" || name == "acquire" || name == "release") {
      operation.kind = Kind::kCompareAndSet;
    } else {
      return error(ErrorCode::kInvalid,
                   "{}: f is '{}'; expected read, write, cas, get, put, append, delete, txn, add, "
                   "transfer, acquire or release",
                   entry.line, name);
    }
    return operation;
  }

  // What was asked for stands where it was invoked; what was answered, where it ended.
  Result<void> finish(Open& open, const Edn* completed) {
    Operation& operation = open.operation;
    const std::string_view f = name_of(open.invoked.map.get("f"));
    const Edn* asked = open.invoked.map.get("value");
    const Edn* answered = completed == nullptr ? nullptr : completed->get("value");
    const bool ok = operation.outcome == Outcome::kOk;
    const Edn nil;
    if (operation.kind == Kind::kTransaction) {
      const Edn* steps = f != "transfer" && ok && answered != nullptr ? answered : asked;
      return transaction(operation, f, steps == nullptr ? nil : *steps, ok);
    }
    const Edn* value = operation.kind == Kind::kGet ? (ok ? answered : nullptr) : asked;
    if (value == nullptr) value = &nil;
    Edn key = nil;
    if (const Edn* named = open.invoked.map.get("key")) key = *named;
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
      case Kind::kCompareAndSet: {
        const Value held = found_.history.text("held");
        if (f == "acquire") operation.argument = held;
        if (f == "release") operation.result = held;
        if (f != "cas") break;
        if (value->items.size() != 2)
          return error(ErrorCode::kInvalid, "{}: expected the value of cas to be [from to]",
                       operation.line);
        operation.result = this->value(value->items[0]);
        operation.argument = this->value(value->items[1]);
        break;
      }
      case Kind::kDelete:
        break;
      default:
        operation.argument = this->value(*value);
    }
    found_.history.add(operation);
    return {};
  }

  Result<void> transaction(Operation& operation, std::string_view f, const Edn& value, bool ok) {
    History& history = found_.history;
    operation.steps_begin = history.step_count();
    if (f == "transfer") {
      RETURN_IF_ERROR(transfer(operation, value));
    } else if (value.kind == Edn::Kind::kMap) {
      for (size_t i = 0; ok && i + 1 < value.items.size(); i += 2) {
        const uint32_t account = history.key(word(value.items[i]));
        history.set_added_to(account);
        history.add_step({Kind::kGet, account, this->value(value.items[i + 1])});
      }
    } else {
      RETURN_IF_ERROR(steps(operation, value, ok));
    }
    operation.steps_end = history.step_count();
    history.add(operation);
    return {};
  }

  Result<void> transfer(const Operation& operation, const Edn& value) {
    const Edn *from = value.get("from"), *to = value.get("to"), *amount = value.get("amount");
    if (from == nullptr || to == nullptr || amount == nullptr ||
        amount->kind != Edn::Kind::kInteger)
      return error(ErrorCode::kInvalid,
                   "{}: expected the value of transfer to be {{:from …, :to …, :amount …}}",
                   operation.line);
    History& history = found_.history;
    history.add_step({Kind::kAdd, history.key(word(*from)), history.number(-amount->integer)});
    history.add_step({Kind::kAdd, history.key(word(*to)), history.number(amount->integer)});
    return {};
  }

  Result<void> steps(const Operation& operation, const Edn& steps, bool ok) {
    for (const Edn& step : steps.items) {
      if (!is_step(step))
        return error(ErrorCode::kInvalid,
                     "{}: expected steps [f key value] with r, w or append as f", operation.line);
      const std::string_view f = step.items[0].name();
      const bool read = f == "r" || f == "read";
      if (read && !ok) continue;  // nobody knows what it read
      found_.history.add_step({read            ? Kind::kGet
                               : f == "append" ? Kind::kAppend
                                               : Kind::kPut,
                               found_.history.key(word(step.items[1])),
                               step.items.size() == 3 ? value(step.items[2]) : Value()});
    }
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
        return std::string(edn.text);
      default:
        return "…";
    }
  }
  uint32_t session(int64_t client) {
    return sessions_.try_emplace(client, static_cast<uint32_t>(sessions_.size())).first->second;
  }

  static constexpr int64_t kNobody = std::numeric_limits<int64_t>::min();
  static constexpr int64_t kNamed = kNobody / 2;

  bool is_log_ = false;
  bool with_invoke_ = false, with_read_ = false, with_get_ = false;
  bool keyed_ = false, of_accounts_ = false, writes_add_ = false;
  Found found_;
  int64_t event_ = 0;
  std::map<int64_t, Open> open_;  // by client
  std::map<std::string, int64_t> named_;
  int64_t nobodies_ = 0;
  std::map<int64_t, uint32_t> sessions_;
};

}  // namespace

Result<Found> read_jepsen(std::string_view text) { return JepsenReader().read(text); }

}  // namespace revenant::history
