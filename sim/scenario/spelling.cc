#include "sim/scenario/spelling.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace revenant::sim {
namespace {

struct Unit {
  std::string_view name;
  int64_t scale;
};
constexpr int64_t kReplicasMax = 64;  // of a key, or of a key in one region

constexpr std::array<Unit, 7> kTimeUnits = {{{"ns", 1},
                                             {"us", 1'000},
                                             {"ms", 1'000'000},
                                             {"s", seconds(1).ns},
                                             {"m", minutes(1).ns},
                                             {"h", hours(1).ns},
                                             {"d", days(1).ns}}};
constexpr std::array<Unit, 5> kByteUnits = {
    {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", int64_t{1} << 40}}};
constexpr std::array<Unit, 1> kPercent = {{{"%", 10'000'000}}};  // in parts per billion

std::string_view text_of(const Json& value) {
  return value.is_string() ? std::string_view(value.get_ref<const std::string&>())
                           : std::string_view();
}

std::unexpected<std::string> expected_but(std::string_view what, const Json& found,
                                          std::string_view reason = {}) {
  return std::unexpected(fmt::format("expected {}, found {}{}{}", what, quoted(found),
                                     reason.empty() ? "" : ": ", reason));
}

// "1.5GiB" in the least of the units, exactly; or why not.
template <size_t kUnits>
Parsed<int64_t> parse_amount(std::string_view text, const std::array<Unit, kUnits>& units) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t at = 0;
  __int128 digits = 0, denominator = 1;
  for (bool fraction = false; at < text.size(); ++at) {
    if (text[at] == '.' && !fraction && at > 0) {
      fraction = true;
    } else if (is_digit(text[at])) {
      digits = digits * 10 + (text[at] - '0');
      if (fraction) denominator *= 10;
    } else {
      break;
    }
    // Keeps digits * scale below 2^127: the greatest scale is 1 d, below 2^47.
    if (digits >= (__int128{1} << 76) || denominator >= (__int128{1} << 76)) {
      return std::unexpected("too many digits");
    }
  }
  if (at == 0 || !is_digit(text[0]) || !is_digit(text[at - 1])) {
    return std::unexpected(std::string());
  }
  const std::string_view name = text.substr(at);
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (unit == units.end()) {
    std::string known;
    for (const Unit& each : units) known += (known.empty() ? "" : ", ") + std::string(each.name);
    if (name.empty()) return std::unexpected(fmt::format("no unit; units are {}", known));
    // Powers of 1000 are refused rather than guessed at: many who write MB mean MiB.
    const std::string binary =
        name.size() == 2 && name[1] == 'B' ? fmt::format("{}iB", name[0]) : "";
    const bool suggest = std::ranges::find(units, binary, &Unit::name) != units.end();
    return std::unexpected(fmt::format(
        "unknown unit; units are {}{}", known,
        suggest ? fmt::format(" (did you mean \"{}{}\"?)", text.substr(0, at), binary) : ""));
  }
  const __int128 amount = digits * unit->scale;
  if (amount % denominator != 0) {
    return std::unexpected(fmt::format("not a whole number of {}", units[0].name));
  }
  if (amount / denominator > INT64_MAX) return std::unexpected("too large");
  return static_cast<int64_t>(amount / denominator);
}

Json schema_pattern(const char* pattern) { return Json{{"type", "string"}, {"pattern", pattern}}; }

}  // namespace

std::string quoted(const Json& value) {
  constexpr size_t kLengthMax = 60;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLengthMax) text = text.substr(0, kLengthMax) + "…";
  return text;
}

std::string not_among(const std::vector<std::string_view>& names, const Json& found) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 < names.size() ? ", " : " or ";
    list += fmt::format("\"{}\"", names[i]);
  }
  return fmt::format("expected {}, found {}{}", list, quoted(found),
                     did_you_mean(text_of(found), names));
}

Parsed<bool> Spelling<bool>::parse(const Json& value) {
  if (!value.is_boolean()) return expected_but("true or false", value);
  return value.get<bool>();
}
Json Spelling<bool>::print(const bool& value) { return value; }
Json Spelling<bool>::schema() { return {{"type", "boolean"}}; }

Parsed<int64_t> Spelling<int64_t>::parse(const Json& value) {
  if (!value.is_number_integer()) return expected_but("a whole number such as 3", value);
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX}) {
    return expected_but("a whole number such as 3", value, "too large");
  }
  return value.get<int64_t>();
}
Json Spelling<int64_t>::print(const int64_t& value) { return value; }
Json Spelling<int64_t>::schema() { return {{"type", "integer"}}; }

Parsed<double> Spelling<double>::parse(const Json& value) {
  if (!value.is_number()) return expected_but("a number such as 0.5", value);
  return value.get<double>();
}
Json Spelling<double>::print(const double& value) { return value; }
Json Spelling<double>::schema() { return {{"type", "number"}}; }

Parsed<std::string> Spelling<std::string>::parse(const Json& value) {
  if (!value.is_string()) return expected_but("text such as \"readers\"", value);
  return value.get<std::string>();
}
Json Spelling<std::string>::print(const std::string& value) { return value; }
Json Spelling<std::string>::schema() { return {{"type", "string"}}; }

Parsed<Duration> Spelling<Duration>::parse(const Json& value) {
  const auto ns = parse_amount(text_of(value), kTimeUnits);
  if (!ns) return expected_but("a duration such as \"250ms\" or \"10d\"", value, ns.error());
  return Duration{*ns};
}
Json Spelling<Duration>::print(const Duration& value) { return revenant::to_string(value); }
Json Spelling<Duration>::schema() {
  return schema_pattern("^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d)$");
}

Parsed<ByteSize> Spelling<ByteSize>::parse(const Json& value) {
  const auto bytes = parse_amount(text_of(value), kByteUnits);
  if (!bytes) return expected_but("a size such as \"64MiB\" or \"100B\"", value, bytes.error());
  return ByteSize{*bytes};
}
Json Spelling<ByteSize>::print(const ByteSize& value) { return revenant::to_string(value); }
Json Spelling<ByteSize>::schema() {
  return schema_pattern("^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB|TiB)$");
}

Parsed<Rate> Spelling<Rate>::parse(const Json& value) {
  constexpr std::string_view kExpected = "a rate such as \"200/s\", \"6/m\" or \"1/h\"";
  const std::string_view text = text_of(value);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return expected_but(kExpected, value);
  double count = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + slash, count);
  if (failure != std::errc{} || stop != text.data() + slash || !std::isfinite(count) || count < 0) {
    return expected_but(kExpected, value);
  }
  const std::string_view per = text.substr(slash + 1);
  if (per == "s") return Rate{count};
  if (per == "m") return Rate{count / 60};
  if (per == "h") return Rate{count / 3600};
  return expected_but(kExpected, value, "unknown unit; units are /s, /m, /h");
}
Json Spelling<Rate>::print(const Rate& value) { return revenant::to_string(value); }
Json Spelling<Rate>::schema() {
  return schema_pattern("^[0-9]+(\\.[0-9]+)?(e[-+]?[0-9]+)?/(s|m|h)$");
}

Parsed<Bandwidth> Spelling<Bandwidth>::parse(const Json& value) {
  constexpr std::string_view kExpected = "a bandwidth such as \"200MiB/s\" or \"unlimited\"";
  const std::string_view text = text_of(value);
  if (text == "unlimited") return Bandwidth{INT64_MAX};
  if (!text.ends_with("/s")) return expected_but(kExpected, value);
  const auto bytes = parse_amount(text.substr(0, text.size() - 2), kByteUnits);
  if (!bytes) return expected_but(kExpected, value, bytes.error());
  return Bandwidth{*bytes};
}
Json Spelling<Bandwidth>::print(const Bandwidth& value) {
  if (value.bytes_per_second == INT64_MAX) return "unlimited";
  return revenant::to_string(value);
}
Json Spelling<Bandwidth>::schema() {
  return schema_pattern("^([0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB|TiB)/s|unlimited)$");
}

Parsed<Probability> Spelling<Probability>::parse(const Json& value) {
  constexpr std::string_view kExpected = "a probability such as 0.01 or \"1%\"";
  if (value.is_string()) {
    const auto ppb = parse_amount(text_of(value), kPercent);
    // A percentage that is no whole number of parts per billion has no other spelling to offer.
    if (!ppb) return expected_but(kExpected, value);
    return Probability{*ppb};
  }
  if (!value.is_number()) return expected_but(kExpected, value);
  const double chance = value.get<double>();
  if (!(chance >= 0 && chance <= 1)) return expected_but(kExpected, value, "must be from 0 to 1");
  const auto ppb = static_cast<int64_t>(chance * 1e9 + 0.5);
  if (ppb == 0 && chance > 0) return expected_but(kExpected, value, "finer than one in a billion");
  return Probability{ppb};
}
Json Spelling<Probability>::print(const Probability& value) {
  return static_cast<double>(value.ppb) / 1e9;
}
Json Spelling<Probability>::schema() {
  return {{"anyOf", Json::array({Json{{"type", "number"}, {"minimum", 0}, {"maximum", 1}},
                                 schema_pattern("^[0-9]+(\\.[0-9]+)?%$")})}};
}

Parsed<replication::ConsistencyLevel> Spelling<replication::ConsistencyLevel>::parse(
    const Json& value) {
  const std::string text = value.is_number_integer() ? value.dump() : std::string(text_of(value));
  const auto level = replication::parse_consistency_level(text);
  if (!level) {
    const std::vector<std::string_view> names = replication::consistency_level_names();
    return std::unexpected(fmt::format("expected \"{}\" or a number such as 2, found {}{}",
                                       fmt::join(names, "\", \""), quoted(value),
                                       did_you_mean(text, names)));
  }
  return *level;
}
Json Spelling<replication::ConsistencyLevel>::print(const replication::ConsistencyLevel& value) {
  if (value.kind == replication::ConsistencyLevel::Kind::kNumber) return value.number;
  return replication::to_string(value);
}
Json Spelling<replication::ConsistencyLevel>::schema() {
  return {{"anyOf", Json::array({Json{{"enum", replication::consistency_level_names()}},
                                 Json{{"type", "integer"}, {"minimum", 1}},
                                 schema_pattern("^[1-9][0-9]*$")})}};
}

Parsed<replication::SpeculativeRetry> Spelling<replication::SpeculativeRetry>::parse(
    const Json& value) {
  using replication::SpeculativeRetry;
  constexpr std::string_view kExpected =
      "\"never\", \"always\", a percentile such as \"99p\" or a duration such as \"50ms\"";
  const std::string_view text = text_of(value);
  if (text == "never") return SpeculativeRetry{};
  if (text == "always") return SpeculativeRetry{.kind = SpeculativeRetry::Kind::kAlways};
  if (text.ends_with('p')) {
    const auto ppb = parse_amount(std::string(text.substr(0, text.size() - 1)) + "%", kPercent);
    if (!ppb || *ppb < 1 || *ppb > 1'000'000'000) {
      return expected_but(kExpected, value, "a percentile is above 0p and at most 100p");
    }
    return SpeculativeRetry{.kind = SpeculativeRetry::Kind::kPercentile, .percentile = {*ppb}};
  }
  const auto delay = Spelling<Duration>::parse(value);
  if (!delay) {
    return std::unexpected(fmt::format("expected {}, found {}{}", kExpected, quoted(value),
                                       did_you_mean(text, {"never", "always"})));
  }
  return SpeculativeRetry{.kind = SpeculativeRetry::Kind::kAfter, .delay = *delay};
}
Json Spelling<replication::SpeculativeRetry>::print(const replication::SpeculativeRetry& value) {
  using enum replication::SpeculativeRetry::Kind;
  switch (value.kind) {
    case kNever:
      return "never";
    case kAlways:
      return "always";
    case kPercentile:
      return fmt::format("{}p", static_cast<double>(value.percentile.ppb) / 1e7);
    case kAfter:
      return Spelling<Duration>::print(value.delay);
  }
  return "?";
}
Json Spelling<replication::SpeculativeRetry>::schema() {
  return {{"anyOf",
           Json::array({Json{{"enum", {"never", "always"}}},
                        schema_pattern("^[0-9]+(\\.[0-9]+)?p$"), Spelling<Duration>::schema()})}};
}

namespace {

// "region 1 zone 0", or nothing if it is no place.
std::optional<PlacePattern> parse_place(std::string_view text) {
  PlacePattern place;
  const std::array<std::pair<std::string_view, std::optional<int64_t>*>, 3> parts = {
      {{"region ", &place.region}, {"zone ", &place.zone}, {"rack ", &place.rack}}};
  for (const auto& [name, number] : parts) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    int64_t value = 0;
    const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || value < 0) return std::nullopt;
    *number = value;
    text.remove_prefix(static_cast<size_t>(stop - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  if (!text.empty() || place == PlacePattern{}) return std::nullopt;
  return place;
}

std::string print_place(const PlacePattern& place) {
  std::string out;
  const auto add = [&out](const char* name, std::optional<int64_t> number) {
    if (number) out += fmt::format("{}{} {}", out.empty() ? "" : " ", name, *number);
  };
  add("region", place.region);
  add("zone", place.zone);
  add("rack", place.rack);
  return out;
}

}  // namespace

Parsed<ring::ReplicationFactor> Spelling<ring::ReplicationFactor>::parse(const Json& value) {
  constexpr std::string_view kExpected =
      "a number such as 3, or regions with theirs such as { \"region 0\": 3, \"region 1\": 2 }";
  const auto in_range = [](const Json& number) {
    return number.is_number_integer() && number >= 1 && number <= kReplicasMax;
  };
  ring::ReplicationFactor factor;
  if (value.is_number_integer()) {
    if (!in_range(value)) {
      return expected_but(kExpected, value, fmt::format("must be from 1 to {}", kReplicasMax));
    }
    factor.of_all = value.get<int64_t>();
    return factor;
  }
  if (!value.is_object() || value.empty()) return expected_but(kExpected, value);
  for (const auto& [name, replicas] : value.items()) {
    const auto place = parse_place(name);
    if (!place || place->zone || place->rack) {
      return expected_but(kExpected, value, fmt::format("\"{}\" is no region", name));
    }
    if (!in_range(replicas)) {
      return expected_but(kExpected, value,
                          fmt::format("\"{}\": must be from 1 to {}", name, kReplicasMax));
    }
    factor.of_data_centers[*place->region] = replicas.get<int64_t>();
  }
  return factor;
}
Json Spelling<ring::ReplicationFactor>::print(const ring::ReplicationFactor& value) {
  if (value.of_data_centers.empty()) return value.of_all;
  Json out = Json::object();
  for (const auto& [region, replicas] : value.of_data_centers)
    out[fmt::format("region {}", region)] = replicas;
  return out;
}
Json Spelling<ring::ReplicationFactor>::schema() {
  const Json number{{"type", "integer"}, {"minimum", 1}, {"maximum", kReplicasMax}};
  return {{"anyOf", Json::array({number, Json{{"type", "object"},
                                              {"minProperties", 1},
                                              {"propertyNames", schema_pattern("^region [0-9]+$")},
                                              {"additionalProperties", number}}})}};
}

Parsed<NodeSet> Spelling<NodeSet>::parse(const Json& value) {
  constexpr std::string_view kExpected = "nodes such as 2, [0, 2], \"zone 1\" or \"all\"";
  if (value == "all") return NodeSet{.all = true, .nodes = {}};
  NodeSet set;
  if (value.is_string()) {
    std::vector<std::string_view> selectors;
    for (const auto& entry : enum_names(NodeSelector{})) {
      if (text_of(value) == entry.name) set.selector = entry.value;
      selectors.push_back(entry.name);
    }
    if (set.selector) return set;
    set.place = parse_place(text_of(value));
    if (set.place) return set;
    return std::unexpected(fmt::format("expected {}, found {}{}", kExpected, quoted(value),
                                       did_you_mean(text_of(value), selectors)));
  }
  const auto add = [&set](const Json& node) {
    const auto number = Spelling<int64_t>::parse(node);
    if (!number || *number < 0 || *number > UINT32_MAX) return false;
    set.nodes.push_back(static_cast<uint32_t>(*number));
    return true;
  };
  if (value.is_array()) {
    if (value.empty()) return expected_but(kExpected, value, "names no node");
    if (!std::ranges::all_of(value, add)) return expected_but(kExpected, value);
  } else if (!add(value)) {
    return expected_but(kExpected, value);
  }
  std::ranges::sort(set.nodes);
  const auto repeats = std::ranges::unique(set.nodes);
  set.nodes.erase(repeats.begin(), repeats.end());
  return set;
}
Json Spelling<NodeSet>::print(const NodeSet& value) {
  if (value.all) return "all";
  if (value.place) return print_place(*value.place);
  if (value.selector) return enum_name(*value.selector);
  if (value.nodes.size() == 1) return value.nodes[0];
  return value.nodes;
}
Json Spelling<NodeSet>::schema() {
  const Json node{{"type", "integer"}, {"minimum", 0}};
  return {
      {"anyOf", Json::array({Json{{"const", "all"}},
                             schema_pattern("^(region|zone|rack) [0-9]+( (zone|rack) [0-9]+)*$"),
                             Spelling<NodeSelector>::schema(), node,
                             Json{{"type", "array"}, {"items", node}, {"minItems", 1}}})}};
}

Parsed<Quantiles> Spelling<Quantiles>::parse(const Json& value) {
  constexpr std::string_view kExpected =
      "quantiles such as { \"min\": \"1ms\", \"p50\": \"2ms\", \"p99.9\": \"9ms\" }";
  if (!value.is_object()) return expected_but(kExpected, value);
  Quantiles quantiles;
  for (const auto& [name, delay] : value.items()) {
    int64_t level = name == "max" ? 1'000'000'000 : 0;
    if (name != "min" && name != "max") {
      const auto ppb = name.starts_with('p') ? parse_amount(name.substr(1) + "%", kPercent)
                                             : Parsed<int64_t>(std::unexpected(""));
      if (!ppb || *ppb > 1'000'000'000) return expected_but(kExpected, value, "\"" + name + "\"");
      level = *ppb;
    }
    const auto duration = Spelling<Duration>::parse(delay);
    if (!duration) return std::unexpected(duration.error());
    quantiles.points.emplace_back(Probability{level}, *duration);
  }
  std::ranges::sort(quantiles.points);
  for (size_t i = 1; i < quantiles.points.size(); ++i) {
    const auto &before = quantiles.points[i - 1], &here = quantiles.points[i];
    if (before.first == here.first) return expected_but(kExpected, value, "a level stands twice");
    if (before.second > here.second) {
      return expected_but(kExpected, value, "delays must ascend with their levels");
    }
  }
  return quantiles;
}
Json Spelling<Quantiles>::print(const Quantiles& value) {
  Json out = Json::object();
  for (const auto& [level, delay] : value.points) {
    const std::string name = level.ppb == 0 ? "min"
                             : level.ppb == 1'000'000'000
                                 ? "max"
                                 : fmt::format("p{}", static_cast<double>(level.ppb) / 1e7);
    out[name] = Spelling<Duration>::print(delay);
  }
  return out;
}
Json Spelling<Quantiles>::schema() {
  return {{"type", "object"},
          {"propertyNames", schema_pattern("^(min|max|p[0-9]+(\\.[0-9]+)?)$")},
          {"additionalProperties", Spelling<Duration>::schema()}};
}

namespace {

constexpr OperationKind kKinds[] = {OperationKind::kRead, OperationKind::kInsert,
                                    OperationKind::kUpdate, OperationKind::kDelete,
                                    OperationKind::kScan};
static_assert(std::size(kKinds) == kOperationKinds);

// "c3" for ('c', 3).
template <typename T>
bool parse_numbered(std::string_view word, char letter, T& out) {
  if (word.size() < 2 || word[0] != letter) return false;
  const auto [stop, failure] = std::from_chars(word.data() + 1, word.data() + word.size(), out);
  return failure == std::errc{} && stop == word.data() + word.size();
}

bool has_size(OperationKind kind) {
  return kind == OperationKind::kInsert || kind == OperationKind::kUpdate ||
         kind == OperationKind::kScan;
}

}  // namespace

Parsed<ScriptedOperation> Spelling<ScriptedOperation>::parse(const Json& value) {
  constexpr std::string_view kExpected =
      "an operation such as \"1.25s c0 update k17 100B QUORUM n2\"";
  std::vector<std::string_view> words;
  for (std::string_view rest = text_of(value); !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (words.size() < 3) return expected_but(kExpected, value);
  ScriptedOperation operation;
  const auto kind =
      std::ranges::find(kKinds, words[2], [](OperationKind k) { return to_string(k); });
  if (kind == std::end(kKinds)) {
    std::vector<std::string_view> names;
    for (const OperationKind k : kKinds) names.push_back(to_string(k));
    return std::unexpected(not_among(names, Json(std::string(words[2]))));
  }
  operation.kind = *kind;
  if (words.size() != (has_size(*kind) ? 7 : 6)) return expected_but(kExpected, value);
  const auto at = Spelling<Duration>::parse(Json(std::string(words[0])));
  const auto level =
      Spelling<replication::ConsistencyLevel>::parse(Json(std::string(words[words.size() - 2])));
  if (!at || !level || !parse_numbered(words[1], 'c', operation.client) ||
      !parse_numbered(words[3], 'k', operation.key) ||
      !parse_numbered(words.back(), 'n', operation.coordinator)) {
    return expected_but(kExpected, value);
  }
  operation.at = *at;
  operation.level = *level;
  if (*kind == OperationKind::kScan) {
    const auto [stop, failure] =
        std::from_chars(words[4].data(), words[4].data() + words[4].size(), operation.size);
    if (failure != std::errc{} || stop != words[4].data() + words[4].size() || operation.size < 1) {
      return expected_but(kExpected, value);
    }
  } else if (has_size(*kind)) {
    const auto size = Spelling<ByteSize>::parse(Json(std::string(words[4])));
    if (!size || size->bytes < 16 || *size > mib(16)) return expected_but(kExpected, value);
    operation.size = size->bytes;
  }
  return operation;
}
Json Spelling<ScriptedOperation>::print(const ScriptedOperation& o) {
  std::string size;
  if (o.kind == OperationKind::kScan) {
    size = fmt::format("{} ", o.size);
  } else if (has_size(o.kind)) {
    size = revenant::to_string(ByteSize{o.size}) + " ";
  }
  return fmt::format("{} c{} {} k{} {}{} n{}", revenant::to_string(o.at), o.client,
                     to_string(o.kind), o.key, size, replication::to_string(o.level),
                     o.coordinator);
}
Json Spelling<ScriptedOperation>::schema() {
  return schema_pattern(
      "^[0-9.]+(ns|us|ms|s|m|h|d) c[0-9]+ (read|insert|update|delete|scan) k[0-9]+ .*n[0-9]+$");
}

}  // namespace revenant::sim
