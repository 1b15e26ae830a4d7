#include "sim/scenario/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/scenario/spelling.h"

namespace revenant::sim {
namespace {

// Comments and trailing commas become spaces, so that what is left is JSON and every byte keeps its
// place. An unfinished comment stays, for the parser to stumble over.
std::string blank_extras(std::string_view text) {
  std::string out(text);
  size_t comma = std::string::npos;  // the last byte that counts, if it is a comma after a value
  char previous = 0;  // the last byte that counts before `comma`, else the last that counts
  for (size_t i = 0; i < out.size(); ++i) {
    const char c = out[i];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    if (c == '/' && i + 1 < out.size() && (out[i + 1] == '/' || out[i + 1] == '*')) {
      const bool to_line_end = out[i + 1] == '/';
      size_t end = to_line_end ? out.find('\n', i) : out.find("*/", i + 2);
      if (end == std::string::npos && !to_line_end) return out;
      end = end == std::string::npos ? out.size() : end + (to_line_end ? 0 : 2);
      for (; i < end; ++i) {
        if (out[i] != '\n') out[i] = ' ';
      }
      --i;
      continue;
    }
    if (c == ',' && comma == std::string::npos && previous != '[' && previous != '{' &&
        previous != ':') {
      comma = i;
      continue;
    }
    if ((c == ']' || c == '}') && comma != std::string::npos) out[comma] = ' ';
    comma = std::string::npos;
    previous = c;
    if (c == '"') {
      for (++i; i < out.size() && out[i] != '"'; ++i) {
        if (out[i] == '\\') ++i;
      }
    }
  }
  return out;
}

// Reads a text byte by byte and counts, so that a handler of the parser's events knows where it
// stands.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  [[maybe_unused]] friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ == b.at_;
  }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ != b.at_;
  }

 private:
  const char* at_;
  const char** furthest_;
};

// Builds the value from the parser's events and notes the line of each.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, std::string file)
      : begin_(text.data()), read_(text.data()), counted_(text.data()), file_(std::move(file)) {}

  const char** furthest() { return &read_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    const std::string& parent = open_.back().path;
    path_ = field_path(parent, name);
    const auto [at, added] = positions.try_emplace(path_, Source::Position{file_, line()});
    if (!added) {
      return fail(path_, fmt::format("stands twice, first on line {}", at->second.line));
    }
    key_ = std::move(name);
    return true;
  }
  bool parse_error(size_t at, const std::string&, const Json::exception& exception) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: WHAT": the position is
    // told our own way.
    std::string what = exception.what();
    if (const size_t colon = what.find(": "); colon != std::string::npos) what.erase(0, colon + 2);
    at = std::min(at > 0 ? at - 1 : 0, static_cast<size_t>(read_ - begin_));
    const std::string_view before(begin_, at);
    const size_t line_start =
        before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    const int line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    error = ScenarioError{file_, line, "",
                          fmt::format("not JSON: column {}: {}", at - line_start + 1, what)};
    return false;
  }

  Json root;
  std::map<std::string, Source::Position, std::less<>> positions;
  ScenarioError error;

 private:
  struct Open {
    Json* value;
    std::string path;
  };

  // The line of the last byte of the value or key just read. After a number the parser has read one
  // byte more, which may be the line's end, but never lies beyond it.
  int line() {
    for (; counted_ + 1 < read_; ++counted_) line_ += *counted_ == '\n';
    return line_;
  }
  bool fail(std::string path, std::string message) {
    error = ScenarioError{file_, line(), std::move(path), std::move(message)};
    return false;
  }
  Json* place(Json value) {
    if (open_.empty()) {
      positions.try_emplace("", Source::Position{file_, line()});
      path_.clear();
      root = std::move(value);
      return &root;
    }
    Json& parent = *open_.back().value;
    if (parent.is_object()) {
      parent.get_ref<Json::object_t&>().emplace_back(std::move(key_), std::move(value));
      return &parent.get_ref<Json::object_t&>().back().second;
    }
    path_ = element_path(open_.back().path, parent.size());
    positions.try_emplace(path_, Source::Position{file_, line()});
    parent.push_back(std::move(value));
    return &parent.back();
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (open_.size() >= Source::kDepthMax) {
      return fail(open_.back().path,
                  fmt::format("nested deeper than {} levels", Source::kDepthMax));
    }
    Json* placed = place(std::move(value));
    open_.push_back({placed, path_});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const char* begin_;
  const char* read_;     // behind the last byte the parser took
  const char* counted_;  // lines are counted up to here
  int line_ = 1;
  std::string file_;
  std::vector<Open> open_;  // their addresses hold: only the innermost one grows
  std::string key_, path_;
};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Takes "name", ".name" or "[3]" off the front of a path.
bool take_step(std::string_view& path, bool first, PathStep& step) {
  if (path.starts_with('[')) {
    const size_t end = path.find(']');
    if (first || end == std::string_view::npos) return false;
    const auto [stop, failure] = std::from_chars(path.data() + 1, path.data() + end, step.index);
    if (failure != std::errc{} || stop != path.data() + end) return false;
    step.is_index = true;
    path.remove_prefix(end + 1);
    return true;
  }
  if (!first) {
    if (!path.starts_with('.')) return false;
    path.remove_prefix(1);
  }
  step.name = path.substr(0, path.find_first_of(".["));
  path.remove_prefix(step.name.size());
  return !step.name.empty() && std::ranges::none_of(step.name, is_control);
}

std::string_view element_name(const Json& element) {
  if (!element.is_object()) return {};
  const auto name = element.find("name");
  if (name == element.end() || !name->is_string()) return {};
  return name->get_ref<const std::string&>();
}

// The index of the list's element that a step means, or the list's size.
size_t element_index(const Json& list, const PathStep& step) {
  if (step.is_index) return std::min(step.index, list.size());
  size_t i = 0;
  while (i < list.size() && element_name(list[i]) != step.name) ++i;
  return i;
}

}  // namespace

std::expected<Assignment, ScenarioError> parse_assignment(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return std::unexpected(
        ScenarioError{"--set", 0, "",
                      fmt::format("expected PATH=VALUE such as storage.gc_grace=1d, found {}",
                                  quoted(Json(std::string(text))))});
  }
  Assignment out{.path = std::string(text.substr(0, equals)), .value = {}};
  const std::string_view value = text.substr(equals + 1);
  // Read inside a list, so that any value may stand there and the limit on depth holds for it too.
  auto list = Source::read(fmt::format("{{\"value\":[{}]}}", value), "--set");
  const bool is_json = list && list->root().size() == 1 && list->root()["value"].size() == 1;
  out.value = is_json ? list->root()["value"][0] : Json(std::string(value));
  return out;
}

std::vector<PathStep> parse_path(std::string_view path) {
  std::vector<PathStep> steps;
  while (!path.empty()) {
    PathStep step;
    if (!take_step(path, steps.empty(), step)) return {};
    steps.push_back(std::move(step));
  }
  return steps;
}

std::string field_path(std::string_view parent, std::string_view name) {
  std::string path(parent);
  if (!path.empty()) path += '.';
  for (char c : name) path += is_control(c) ? '?' : c;
  return path;
}

std::string element_path(std::string_view parent, size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

const Json* find_value(const Json& root, std::string_view path) {
  const Json* at = &root;
  for (const PathStep& step : parse_path(path)) {
    if (at->is_array()) {
      const size_t index = element_index(*at, step);
      if (index == at->size()) return nullptr;
      at = &(*at)[index];
    } else {
      if (!at->is_object() || step.is_index) return nullptr;
      const auto field = at->find(step.name);
      if (field == at->end()) return nullptr;
      at = &*field;
    }
  }
  return at == &root ? nullptr : at;
}

std::expected<Source, ScenarioError> Source::read(std::string_view text, std::string file) {
  const std::string plain = blank_extras(text);
  Builder builder(plain, file);
  const char* end = plain.data() + plain.size();
  // parse_error() makes sax_parse return false; it does not throw.
  const bool whole = Json::sax_parse(CountingIterator(plain.data(), builder.furthest()),
                                     CountingIterator(end, builder.furthest()), &builder);
  if (!whole) return std::unexpected(std::move(builder.error));
  if (!builder.root.is_object()) {
    return std::unexpected(
        ScenarioError{file, 1, "", "expected an object { … }, found " + quoted(builder.root)});
  }
  Source source;
  source.file_ = std::move(file);
  source.root_ = std::move(builder.root);
  source.positions_ = std::move(builder.positions);
  return source;
}

const Source::Position& Source::position(std::string_view path) const {
  while (true) {
    if (const auto found = positions_.find(path); found != positions_.end()) return found->second;
    const size_t parent = path.find_last_of(".[");
    path = parent == std::string_view::npos ? std::string_view() : path.substr(0, parent);
  }
}

std::expected<void, ScenarioError> Source::assign(const Assignment& assignment) {
  const auto fail = [&](std::string message) {
    return std::unexpected(
        ScenarioError{assignment.origin, 0, field_path("", assignment.path), std::move(message)});
  };
  const std::vector<PathStep> steps = parse_path(assignment.path);
  if (steps.empty()) return fail("not a path such as storage.gc_grace or workload[0].rate");
  Json* at = &root_;
  std::string path;
  const auto mark = [&] { positions_.insert_or_assign(path, Position{assignment.origin, 0}); };
  for (const PathStep& step : steps) {
    if (at->is_array()) {
      const size_t index = element_index(*at, step);
      if (index == at->size()) {
        if (step.is_index)
          return fail(fmt::format("{} has {} elements, numbered from 0", path, at->size()));
        std::vector<std::string_view> names;
        for (const Json& element : *at) names.push_back(element_name(element));
        return fail(fmt::format("no element of {} is named \"{}\"{}", path, step.name,
                                did_you_mean(step.name, names)));
      }
      path = element_path(path, index);
      at = &(*at)[index];
      continue;
    }
    if (step.is_index) return fail(fmt::format("{} is not a list", path));
    if (*at == "off" || at->is_null()) {
      *at = Json::object();
      mark();
    }
    if (!at->is_object())
      return fail(fmt::format("{} is {}, which has no settings inside", path, quoted(*at)));
    path = field_path(path, step.name);
    if (!at->contains(step.name)) mark();
    at = &(*at)[step.name];
  }
  // What stood inside the old value stands no more.
  for (auto inside = positions_.lower_bound(path);
       inside != positions_.end() && inside->first.starts_with(path);) {
    const std::string_view rest = std::string_view(inside->first).substr(path.size());
    const bool within = rest.empty() || rest[0] == '.' || rest[0] == '[';
    inside = within ? positions_.erase(inside) : std::next(inside);
  }
  *at = assignment.value;
  mark();
  return {};
}

}  // namespace revenant::sim
