#include "sim/history/history.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "engine/base/check.h"

namespace revenant::history {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kGet:
      return "get";
    case Kind::kPut:
      return "put";
    case Kind::kDelete:
      return "delete";
    case Kind::kAppend:
      return "append";
    case Kind::kCompareAndSet:
      return "compare_and_set";
    case Kind::kAdd:
      return "add";
    case Kind::kScan:
      return "scan";
    case Kind::kTransaction:
      return "transaction";
  }
  return "";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kFail:
      return "fail";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "";
}

void History::add_end_of(const Operation& put) {
  Operation end = put;
  end.kind = Kind::kCompareAndSet;
  end.result = put.argument;
  end.argument = {};
  end.outcome = Outcome::kUnknown;
  end.session = kNoSession;
  end.completed = kNever;
  add(end);
}

void History::add_deletes_of_all(const Operation& truncation) {
  for (uint32_t key = 0; key < key_count(); ++key) {
    Operation one = truncation;
    one.kind = Kind::kDelete;
    one.outcome = Outcome::kUnknown;
    one.session = kNoSession;
    one.key = key;
    add(one);
  }
}

uint32_t History::key(std::string_view name) {
  if (const auto known = key_of_.find(name); known != key_of_.end()) return known->second;
  const uint32_t id = key_count();
  keys_.emplace_back(name);
  added_to_.push_back(false);
  key_of_.emplace(keys_.back(), id);
  return id;
}

Value History::number(int64_t number) {
  return Value::fits(number) ? Value::number(number) : text(fmt::format("{}", number));
}

Value History::text(std::string_view text) {
  if (const auto known = text_of_.find(text); known != text_of_.end())
    return Value::symbol(known->second);
  texts_.emplace_back(text);
  const Value value = symbol({false, static_cast<uint32_t>(texts_.size() - 1), 0});
  text_of_.emplace(texts_.back(), value.symbol());
  return value;
}

Value History::list(std::span<const Value> items) {
  std::string bits(items.size() * sizeof(uint64_t), '\0');
  for (size_t i = 0; i < items.size(); ++i) {
    const uint64_t item = items[i].bits();
    std::memcpy(bits.data() + i * sizeof(item), &item, sizeof(item));
  }
  if (const auto known = list_of_.find(bits); known != list_of_.end())
    return Value::symbol(known->second);
  const auto begin = static_cast<uint32_t>(items_.size());
  items_.insert(items_.end(), items.begin(), items.end());
  const Value value = symbol({true, begin, static_cast<uint32_t>(items_.size())});
  list_of_.emplace(std::move(bits), value.symbol());
  return value;
}

Value History::symbol(Symbol symbol) {
  symbols_.push_back(symbol);
  return Value::symbol(static_cast<uint32_t>(symbols_.size() - 1));
}

std::string History::session_name(uint32_t session) const {
  const auto name = session_names_.find(session);
  return name == session_names_.end() ? fmt::format("{}", session) : name->second;
}

bool History::is_list(Value value) const {
  return value.is_symbol() && symbols_[value.symbol()].is_list;
}

std::span<const Value> History::items(Value list) const {
  CHECK(is_list(list));
  const Symbol& symbol = symbols_[list.symbol()];
  return std::span(items_).subspan(symbol.begin, symbol.end - symbol.begin);
}

std::string_view History::text(Value text) const {
  CHECK(text.is_symbol() && !is_list(text));
  return texts_[symbols_[text.symbol()].begin];
}

std::string History::print(Value value) const {
  if (value.is_absent()) return "nil";
  if (value.is_number()) return fmt::format("{}", value.number());
  if (!is_list(value)) return fmt::format("\"{}\"", text(value));
  std::string out = "[";
  for (const Value item : items(value)) {
    if (out.size() > 1) out += ' ';
    out += print(item);
  }
  return out + "]";
}

std::string History::print(const Operation& operation, std::optional<uint32_t> key) const {
  const auto one = [&](Kind kind, uint32_t of, Value argument, Value result) {
    const std::string_view name = key_name(of);
    switch (kind) {
      case Kind::kGet:
        return fmt::format("get({}) = {}", name, print(result));
      case Kind::kDelete:
        return fmt::format("delete({})", name);
      case Kind::kCompareAndSet:
        return fmt::format("compare_and_set({}, {}, {})", name, print(result), print(argument));
      default:
        return fmt::format("{}({}, {})", to_string(kind), name, print(argument));
    }
  };
  if (operation.kind != Kind::kScan && operation.kind != Kind::kTransaction) {
    if (operation.kind == Kind::kGet && operation.outcome != Outcome::kOk)
      return fmt::format("get({})", key_name(operation.key));
    return one(operation.kind, operation.key, operation.argument, operation.result);
  }
  std::string out = fmt::format("{} {{", to_string(operation.kind));
  size_t others = 0;
  for (const Step& step : steps(operation)) {
    if (operation.kind == Kind::kScan && key && step.key != *key) {
      ++others;
      continue;
    }
    out += out.back() == '{' ? " " : "; ";
    out += one(step.kind, step.key, step.value, step.value);
  }
  if (others > 0) out += fmt::format("{} … {} more", out.back() == '{' ? "" : ";", others);
  return out + " }";
}

}  // namespace revenant::history
