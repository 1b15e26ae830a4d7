#include "engine/replication/options.h"

#include <gtest/gtest.h>

namespace revenant::replication {
namespace {

TEST(ConsistencyLevel, ReadsBackWhatItPrints) {
  for (const char* text : {"ONE", "QUORUM", "ALL", "1", "2", "17"}) {
    const auto level = parse_consistency_level(text);
    ASSERT_TRUE(level.has_value()) << text;
    EXPECT_EQ(to_string(*level), text);
  }
}

TEST(ConsistencyLevel, RefusesEverythingElse) {
  for (const char* text :
       {"", "quorum", "ALL ", "0", "-1", "2x", " 2", "+2", "99999999999999999999"}) {
    const auto level = parse_consistency_level(text);
    ASSERT_FALSE(level.has_value()) << text;
    EXPECT_EQ(level.error().code, ErrorCode::kInvalid);
    EXPECT_NE(level.error().message.find(text), std::string::npos);
  }
}

TEST(ConsistencyLevel, AQuorumIsAMajorityOfTheReplicationFactor) {
  const ConsistencyLevel quorum;
  const int64_t expected[] = {1, 2, 2, 3, 3, 4};
  for (int64_t factor = 1; factor <= 6; ++factor) {
    EXPECT_EQ(quorum.required(factor), expected[factor - 1]) << factor;
    EXPECT_EQ(parse_consistency_level("ONE")->required(factor), 1);
    EXPECT_EQ(parse_consistency_level("ALL")->required(factor), factor);
    EXPECT_EQ(parse_consistency_level("2")->required(factor), 2);
  }
}

}  // namespace
}  // namespace revenant::replication
