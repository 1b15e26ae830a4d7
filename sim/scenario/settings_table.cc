#include "sim/scenario/settings_table.h"

#include "sim/scenario/reader.h"

namespace revenant::sim {
namespace {

enum class Initial { kShown, kOfProfile, kLeftOut };

template <typename T, typename R>
Setting describe_setting(std::string_view name, T& value, const R& range, const char* help,
                         Initial initial);

class Tabulator {
 public:
  explicit Tabulator(Initial initial) : initial_(initial) {}

  template <typename T>
  void field(std::string_view name, T& value, const char* help) {
    add(name, value, widest_range<T>(), help);
  }
  template <typename T, typename R>
  void field(std::string_view name, T& value, Range<R> range, const char* help) {
    add(name, value, range, help);
  }

  std::vector<Setting> take() { return std::move(table_); }

 private:
  template <typename T, typename R>
  void add(std::string_view name, T& value, const R& range, const char* help) {
    const bool is_profile = initial_ == Initial::kOfProfile && name == "profile";
    table_.push_back(
        describe_setting(name, value, range, help, is_profile ? Initial::kShown : initial_));
  }

  Initial initial_;
  std::vector<Setting> table_;
};

template <typename T>
void describe_value(T& value, const auto& range, Initial initial, Setting& out) {
  out.shape = Setting::Shape::kValue;
  out.type = Spelling<T>::kType;
  out.schema = Spelling<T>::schema();
  if constexpr (std::is_enum_v<T>) {
    for (const auto& entry : enum_names(T{})) {
      out.help += fmt::format(" {}: {}.", entry.name, entry.help);
    }
  }
  if (initial == Initial::kShown) out.initial = Spelling<T>::print(value);
  if constexpr (std::is_same_v<T, std::string>) {
    if (value.empty()) out.initial.reset();
  }
  if constexpr (std::is_same_v<T, NodeSet>) {
    if (value == NodeSet{}) out.initial.reset();
  }
  if constexpr (!std::is_same_v<std::decay_t<decltype(range)>, std::nullopt_t>) {
    out.range = range_text(range);
    // A default outside its own range means that the setting has to be given.
    if (value < range.least || value > range.greatest) out.initial.reset();
    if constexpr (std::is_arithmetic_v<T>) {
      if (range.least > Bounds<T>::kAll.least) out.schema["minimum"] = range.least;
      if (range.greatest < Bounds<T>::kAll.greatest) out.schema["maximum"] = range.greatest;
    }
  }
}

template <typename T, typename R>
Setting describe_setting(std::string_view name, T& value, const R& range, const char* help,
                         Initial initial) {
  Setting out{.name = std::string(name),
              .type = {},
              .initial = {},
              .range = {},
              .help = help,
              .schema = {},
              .inside = {}};
  if constexpr (Spelled<T>) {
    describe_value(value, range, initial, out);
  } else if constexpr (kIsOptional<T>) {
    typename T::value_type content = value.value_or(typename T::value_type{});
    if constexpr (Spelled<typename T::value_type>) {
      if constexpr (std::is_same_v<R, std::nullopt_t>) {
        describe_value(content, widest_range<typename T::value_type>(), Initial::kLeftOut, out);
      } else {
        describe_value(content, range, Initial::kLeftOut, out);
      }
    } else {
      Tabulator inside(initial);
      content.describe(inside);
      out.shape = Setting::Shape::kOptionalStruct;
      out.type = "settings, or \"off\"";
      if (initial == Initial::kShown && !value) out.initial = "off";
      out.inside = inside.take();
    }
  } else if constexpr (kIsSpelledList<T>) {
    using Element = typename T::value_type;
    out.shape = Setting::Shape::kValue;
    out.type = fmt::format("list of {}s", Spelling<Element>::kType);
    out.schema = Json{{"type", "array"}, {"items", Spelling<Element>::schema()}};
    if constexpr (std::is_enum_v<Element>) {
      for (const auto& entry : enum_names(Element{})) {
        out.help += fmt::format(" {}: {}.", entry.name, entry.help);
      }
    }
    if (initial == Initial::kShown) {
      out.initial = Json::array();
      for (const Element& element : value)
        out.initial->push_back(Spelling<Element>::print(element));
    }
  } else if constexpr (kIsList<T>) {
    typename T::value_type element;
    Tabulator inside(Initial::kShown);
    element.describe(inside);
    out.shape = Setting::Shape::kList;
    out.type = "list";
    out.inside = inside.take();
  } else {
    Tabulator inside(AlwaysProfiled<T> ? Initial::kOfProfile : initial);
    value.describe(inside);
    out.shape = Setting::Shape::kStruct;
    out.type = "settings";
    out.inside = inside.take();
  }
  return out;
}

void find_paths(const std::vector<Setting>& table, const std::string& parent, std::string_view name,
                std::vector<std::string>& out) {
  for (const Setting& setting : table) {
    const std::string path = field_path(parent, setting.name);
    // What operators change, they change from its place elsewhere.
    if (setting.name == name && parent != "operations[…].alter") out.push_back(path);
    find_paths(setting.inside, setting.shape == Setting::Shape::kList ? path + "[…]" : path, name,
               out);
  }
}

}  // namespace

const std::vector<Setting>& settings_table() {
  static const std::vector<Setting> table = [] {
    Scenario scenario;
    Tabulator tabulator(Initial::kShown);
    scenario.describe(tabulator);
    return tabulator.take();
  }();
  return table;
}

std::string did_you_mean_elsewhere(std::string_view name) {
  std::vector<std::string> paths;
  find_paths(settings_table(), "", name, paths);
  // A name that stands in many places hints at none.
  return paths.size() == 1 ? fmt::format(" (did you mean \"{}\"?)", paths[0]) : "";
}

}  // namespace revenant::sim
