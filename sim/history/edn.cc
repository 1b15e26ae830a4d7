#include "sim/history/edn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace revenant::history {

namespace {

constexpr int kDepthMax = 100;
constexpr auto kEndsAtom = [] {
  std::array<bool, 256> ends = {};
  for (const char c : std::string_view("()[]{}\"; \t\r\n,")) ends[static_cast<uint8_t>(c)] = true;
  return ends;
}();

}  // namespace

const Edn* Edn::get(std::string_view key) const {
  if (kind != Kind::kMap) return nullptr;
  for (size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i].name() == key) return &items[i + 1];
  return nullptr;
}

std::string_view Edn::name() const {
  return kind == Kind::kKeyword || kind == Kind::kText ? text : std::string_view();
}

Result<std::optional<Edn>> EdnReader::next_item(KeptTexts& kept) {
  skip_space();
  if (opened_ && !at_end() && text_[at_] == opened_->end) {
    ++at_;
    opened_.reset();
    return next_item(kept);
  }
  if (opened_ && at_end())
    return error(ErrorCode::kInvalid, "{}: '{}' is missing for what began in line {}", line_,
                 opened_->end, opened_->line);
  if (!opened_ && !at_end() && (text_[at_] == '[' || text_[at_] == '(')) {
    const size_t before = at_;
    const Opened opened = {text_[at_++] == '[' ? ']' : ')', line_};
    skip_space();
    if (!at_end() && std::string_view("{[(#").find(text_[at_]) != std::string_view::npos) {
      opened_ = opened;
    } else {
      at_ = before;
      line_ = opened.line;
    }
  }
  return next(kept);
}

Result<std::optional<Edn>> EdnReader::next(KeptTexts& kept) {
  kept_ = &kept;
  skip_space();
  if (at_end()) return std::nullopt;
  ASSIGN_OR_RETURN(Edn edn, form());
  return edn;
}

void EdnReader::skip_space() {
  while (!at_end()) {
    const char c = text_[at_];
    if (c == ';') {
      while (!at_end() && text_[at_] != '\n') ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',') {
      line_ += c == '\n' ? 1 : 0;
      ++at_;
    } else {
      break;
    }
  }
}

Result<Edn> EdnReader::form() {
  if (++depth_ > kDepthMax) return error(ErrorCode::kInvalid, "{}: nested too deeply", line_);
  skip_space();
  if (at_end()) return error(ErrorCode::kInvalid, "{}: the text ends within a form", line_);
  Result<Edn> edn = [&]() -> Result<Edn> {
    switch (const char c = text_[at_]; c) {
      case '(':
        return items_until(')', Edn::Kind::kItems);
      case '[':
        return items_until(']', Edn::Kind::kItems);
      case '{':
        return items_until('}', Edn::Kind::kMap);
      case '"':
        return text();
      case ')':
      case ']':
      case '}':
        return error(ErrorCode::kInvalid, "{}: '{}' closes nothing", line_, c);
      case '#':
        ++at_;
        if (!at_end() && text_[at_] == '{') return items_until('}', Edn::Kind::kItems);
        if (!at_end() && text_[at_] == '_') {
          ++at_;
          RETURN_IF_ERROR(form());
          return form();
        }
        RETURN_IF_ERROR(atom());
        return form();
      default:
        return atom();
    }
  }();
  --depth_;
  return edn;
}

Result<Edn> EdnReader::items_until(char end, Edn::Kind kind) {
  Edn edn{.kind = kind, .line = line_};
  edn.items.reserve(kind == Edn::Kind::kMap ? 10 : 2);
  ++at_;
  while (true) {
    skip_space();
    if (at_end())
      return error(ErrorCode::kInvalid, "{}: '{}' is missing for what began in line {}", line_, end,
                   edn.line);
    if (text_[at_] == end) break;
    ASSIGN_OR_RETURN(Edn item, form());
    edn.items.push_back(std::move(item));
  }
  ++at_;
  if (kind == Edn::Kind::kMap && edn.items.size() % 2 != 0)
    return error(ErrorCode::kInvalid, "{}: a key of this map has no value", edn.line);
  return edn;
}

Result<Edn> EdnReader::text() {
  Edn edn{.kind = Edn::Kind::kText, .line = line_};
  const size_t begin = ++at_;
  at_ = std::min(text_.find_first_of("\"\\", at_), text_.size());
  edn.text = text_.substr(begin, at_ - begin);
  line_ += static_cast<uint32_t>(std::ranges::count(edn.text, '\n'));
  if (!at_end() && text_[at_] == '\\') {
    std::string& unescaped = kept_->emplace_back(edn.text);
    for (; !at_end() && text_[at_] != '"'; ++at_) {
      char c = text_[at_];
      if (c == '\n') ++line_;
      if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      }
      unescaped += c;
    }
    edn.text = unescaped;
  }
  if (at_end())
    return error(ErrorCode::kInvalid, "{}: the string that begins here does not end", edn.line);
  ++at_;
  return edn;
}

Result<Edn> EdnReader::atom() {
  if (at_end()) return error(ErrorCode::kInvalid, "{}: the text ends within a form", line_);
  const size_t begin = at_;
  while (!at_end() && !kEndsAtom[static_cast<uint8_t>(text_[at_])]) ++at_;
  const std::string_view word = text_.substr(begin, at_ - begin);
  if (word.empty())
    return error(ErrorCode::kInvalid, "{}: '{}' begins nothing known", line_, text_[begin]);
  Edn edn{.line = line_};
  if (word == "nil") return edn;
  if (word == "true" || word == "false") {
    edn.kind = Edn::Kind::kBoolean;
    edn.integer = word == "true" ? 1 : 0;
    return edn;
  }
  if (word.front() == ':') {
    edn.kind = Edn::Kind::kKeyword;
    edn.text = word.substr(1);
    return edn;
  }
  std::string_view number = word.front() == '+' ? word.substr(1) : word;
  if (!number.empty() && number.back() == 'N') number.remove_suffix(1);
  const auto integer = std::from_chars(number.data(), number.data() + number.size(), edn.integer);
  if (integer.ec == std::errc() && integer.ptr == number.data() + number.size()) {
    edn.kind = Edn::Kind::kInteger;
    return edn;
  }
  if (integer.ec == std::errc::result_out_of_range &&
      integer.ptr == number.data() + number.size()) {
    edn.kind = Edn::Kind::kText;  // two of them must not become one
    edn.text = number;
    return edn;
  }
  const auto real = std::from_chars(number.data(), number.data() + number.size(), edn.real);
  if (real.ec == std::errc() && real.ptr == number.data() + number.size()) {
    edn.kind = Edn::Kind::kReal;
    return edn;
  }
  edn.kind = Edn::Kind::kText;
  edn.text = word;
  return edn;
}

std::string to_string(const Edn& edn) {
  switch (edn.kind) {
    case Edn::Kind::kNil:
      return "nil";
    case Edn::Kind::kBoolean:
      return edn.integer != 0 ? "true" : "false";
    case Edn::Kind::kInteger:
      return fmt::format("{}", edn.integer);
    case Edn::Kind::kReal:
      return fmt::format("{}", edn.real);
    case Edn::Kind::kText:
      return fmt::format("\"{}\"", edn.text);
    case Edn::Kind::kKeyword:
      return fmt::format(":{}", edn.text);
    case Edn::Kind::kItems:
    case Edn::Kind::kMap:
      break;
  }
  const bool is_map = edn.kind == Edn::Kind::kMap;
  std::string out = is_map ? "{" : "[";
  for (size_t i = 0; i < edn.items.size(); ++i) {
    if (i > 0) out += is_map && i % 2 == 0 ? ", " : " ";
    out += to_string(edn.items[i]);
  }
  return out + (is_map ? "}" : "]");
}

}  // namespace revenant::history
