#include "engine/replication/options.h"

#include <charconv>

namespace revenant::replication {

std::string to_string(const ConsistencyLevel& level) {
  switch (level.kind) {
    case ConsistencyLevel::Kind::kOne:
      return "ONE";
    case ConsistencyLevel::Kind::kQuorum:
      return "QUORUM";
    case ConsistencyLevel::Kind::kAll:
      return "ALL";
    case ConsistencyLevel::Kind::kNumber:
      return fmt::format("{}", level.number);
  }
  return "?";
}

Result<ConsistencyLevel> parse_consistency_level(std::string_view text) {
  using Kind = ConsistencyLevel::Kind;
  if (text == "ONE") return ConsistencyLevel{Kind::kOne};
  if (text == "QUORUM") return ConsistencyLevel{Kind::kQuorum};
  if (text == "ALL") return ConsistencyLevel{Kind::kAll};
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || stop != end || number < 1) {
    return error(ErrorCode::kInvalid, "\"{}\" is not ONE, QUORUM, ALL or a number from 1 on", text);
  }
  return ConsistencyLevel{Kind::kNumber, number};
}

}  // namespace revenant::replication
