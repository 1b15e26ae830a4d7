#include "engine/replication/consistency_level.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace revenant::replication {
namespace {

struct LevelName {
  ConsistencyLevel::Kind kind;
  std::string_view name;
};
constexpr auto kLevelNames = [] {
  using enum ConsistencyLevel::Kind;
  return std::array{
      LevelName{kOne, "ONE"},
      LevelName{kTwo, "TWO"},
      LevelName{kThree, "THREE"},
      LevelName{kQuorum, "QUORUM"},
      LevelName{kAll, "ALL"},
      LevelName{kLocalOne, "LOCAL_ONE"},
      LevelName{kLocalQuorum, "LOCAL_QUORUM"},
      LevelName{kEachQuorum, "EACH_QUORUM"},
      LevelName{kAny, "ANY"},
  };
}();

}  // namespace

std::optional<int64_t> ConsistencyLevel::required(int64_t replication_factor) const {
  switch (kind) {
    case Kind::kAny:
      return 0;
    case Kind::kOne:
      return 1;
    case Kind::kTwo:
      return 2;
    case Kind::kThree:
      return 3;
    case Kind::kQuorum:
      return majority(replication_factor);
    case Kind::kAll:
      return replication_factor;
    case Kind::kNumber:
      return number;
    case Kind::kLocalOne:
    case Kind::kLocalQuorum:
    case Kind::kEachQuorum:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string to_string(const ConsistencyLevel& level) {
  if (level.kind == ConsistencyLevel::Kind::kNumber) return fmt::format("{}", level.number);
  const auto at = std::ranges::find(kLevelNames, level.kind, &LevelName::kind);
  return std::string(at == kLevelNames.end() ? "?" : at->name);
}

Result<ConsistencyLevel> parse_consistency_level(std::string_view text) {
  const auto at = std::ranges::find(kLevelNames, text, &LevelName::name);
  if (at != kLevelNames.end()) return ConsistencyLevel{at->kind};
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || stop != end || number < 1) {
    return error(ErrorCode::kInvalid, "\"{}\" is not {} or a number from 1 on", text,
                 fmt::join(consistency_level_names(), ", "));
  }
  return ConsistencyLevel{ConsistencyLevel::Kind::kNumber, number};
}

std::vector<std::string_view> consistency_level_names() {
  std::vector<std::string_view> names;
  for (const LevelName& level : kLevelNames) names.push_back(level.name);
  return names;
}

}  // namespace revenant::replication
