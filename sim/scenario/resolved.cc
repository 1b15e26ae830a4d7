#include "sim/scenario/resolved.h"

#include "sim/scenario/reader.h"

namespace revenant::sim {
namespace {

enum class Within { kStruct, kList };

template <typename T>
std::optional<Json> printed(T& value, Within place);

// The visitor that prints a struct.
class Printer {
 public:
  explicit Printer(Within place) : place_(place) {}

  template <typename T>
  void field(std::string_view name, T& value, const char*) {
    if (auto json = printed(value, place_)) object[std::string(name)] = std::move(*json);
  }
  template <typename T, typename R>
  void field(std::string_view name, T& value, Range<R>, const char* help) {
    field(name, value, help);
  }

  Json object = Json::object();

 private:
  Within place_;
};

template <typename T>
std::optional<Json> printed(T& value, Within place) {
  if constexpr (std::is_same_v<T, NodeSet>) {
    if (value == NodeSet{}) return std::nullopt;
  }
  if constexpr (Spelled<T>) {
    return Spelling<T>::print(value);
  } else if constexpr (kIsOptional<T>) {
    if (value) return printed(*value, place);
    return place == Within::kList ? std::nullopt : std::optional<Json>("off");
  } else if constexpr (kIsList<T>) {
    Json list = Json::array();
    for (auto& element : value) list.push_back(*printed(element, Within::kList));
    return list;
  } else {
    Printer printer(place);
    value.describe(printer);
    return std::move(printer.object);
  }
}

Json print_expectations(const std::vector<Expectation>& expectations) {
  Json out = Json::object();
  for (const Expectation& expectation : expectations) {
    Json bound = Json::object();
    if (expectation.min) bound["min"] = *expectation.min;
    if (expectation.max) bound["max"] = *expectation.max;
    for (const auto& [path, values] : expectation.when) bound["when"][path] = values;
    out[expectation.metric].push_back(std::move(bound));
  }
  return out;
}

// The visitor that follows one path: it goes on at the field of the next step's name, and at the
// last one reads a value, if there is one, as that setting's.
class Follower {
 public:
  Follower(const std::vector<PathStep>& steps, size_t next, const Json* in,
           const std::string& error_path, Errors& errors)
      : steps_(steps), next_(next), in_(in), error_path_(error_path), errors_(errors) {}

  template <typename T>
  void field(std::string_view name, T& value, const char*) {
    match(name, value, widest_range<T>());
  }
  template <typename T, typename R>
  void field(std::string_view name, T& value, Range<R> range, const char*) {
    match(name, value, range);
  }

  template <typename T, typename R>
  void go_on(T& value, const R& range) {
    if constexpr (kIsOptional<T>) {
      using Content = typename T::value_type;
      if constexpr (!Spelled<Content>) {
        if (next_ < steps_.size()) {
          Content content = value.value_or(Content{});
          go_on(content, range);
          return;
        }
      }
    }
    if (next_ == steps_.size()) {
      finish(value, range);
    } else if constexpr (Spelled<T> || kIsOptional<T> || kIsSpelledList<T>) {
      fail(fmt::format("has no settings inside, so no \"{}\"", step_text()));
    } else if constexpr (kIsList<T>) {
      enter_element(value);
    } else {
      enter_struct(value);
    }
  }

  Json out;

 private:
  template <typename T, typename R>
  void match(std::string_view name, T& value, const R& range) {
    names_.push_back(name);
    if (found_ || steps_[next_].is_index || name != steps_[next_].name) return;
    found_ = true;
    Follower inside(steps_, next_ + 1, in_, error_path_, errors_);
    inside.go_on(value, range);
    out = std::move(inside.out);
  }

  template <typename T>
  void enter_struct(T& value) {
    value.describe(*this);
    if (!found_) {
      fail(fmt::format("no such setting: \"{}\"{}", step_text(),
                       did_you_mean(steps_[next_].name, names_)));
    }
  }

  template <typename T>
  void enter_element(T& list) {
    const PathStep& step = steps_[next_];
    for (size_t i = 0; i < list.size(); ++i) {
      if (step.is_index ? i != step.index : list[i].name != step.name) continue;
      ++next_;
      go_on(list[i], std::nullopt);
      return;
    }
    std::vector<std::string_view> names;
    for (const auto& element : list) {
      if constexpr (kIsOptional<decltype(element.name)>) {
        if (element.name) names.push_back(*element.name);
      } else {
        names.push_back(element.name);
      }
    }
    fail(fmt::format("no such element: \"{}\" of {}{}", step_text(), list.size(),
                     did_you_mean(step.name, names)));
  }

  template <typename T, typename R>
  void finish(T& value, const R& range) {
    if (in_ == nullptr) return;
    T read = value;
    read_value(*in_, error_path_, errors_, read, range);
    if constexpr (Spelled<T>) {
      out = Spelling<T>::print(read);
    } else if constexpr (kIsOptional<T>) {
      out = *in_;
      if constexpr (Spelled<typename T::value_type>) {
        if (read) out = Spelling<typename T::value_type>::print(*read);
      }
    } else {
      out = *in_;
    }
  }

  std::string step_text() const {
    const PathStep& step = steps_[next_];
    return step.is_index ? fmt::format("[{}]", step.index) : step.name;
  }
  void fail(std::string message) { errors_.add(error_path_, std::move(message)); }

  const std::vector<PathStep>& steps_;
  size_t next_;
  const Json* in_;
  const std::string& error_path_;
  Errors& errors_;
  std::vector<std::string_view> names_;
  bool found_ = false;
};

Json follow(const Scenario& scenario, std::string_view path, const Json* value,
            const std::string& error_path, Errors& errors) {
  const std::vector<PathStep> steps = parse_path(path);
  if (steps.empty()) {
    errors.add(error_path, "not a path such as storage.gc_grace or workload.readers.rate");
    return {};
  }
  Scenario copy = scenario;  // describe() takes its fields by reference
  Follower follower(steps, 0, value, error_path, errors);
  follower.go_on(copy, std::nullopt);
  return std::move(follower.out);
}

}  // namespace

Json to_json(const Scenario& scenario) {
  Scenario copy = scenario;
  Json out = *printed(copy, Within::kStruct);
  out["checks"] = scenario.checks;
  out["must_happen"] = print_expectations(scenario.must_happen);
  out["expect"] = print_expectations(scenario.expect);
  Json sweep = Json::object();
  for (const auto& [path, values] : scenario.sweep) sweep[path] = values;
  sweep["seed"] = scenario.sweep_seeds;
  out["sweep"] = std::move(sweep);
  return out;
}

Json to_json(const FaultOptions& fault) {
  FaultOptions copy = fault;
  return *printed(copy, Within::kList);
}

bool has_setting(const Scenario& scenario, std::string_view path, const std::string& error_path,
                 Errors& errors) {
  const size_t before = errors.size();
  follow(scenario, path, nullptr, error_path, errors);
  return errors.size() == before;
}

Json normalised(const Scenario& scenario, std::string_view path, const Json& value,
                const std::string& error_path, Errors& errors) {
  return follow(scenario, path, &value, error_path, errors);
}

}  // namespace revenant::sim
