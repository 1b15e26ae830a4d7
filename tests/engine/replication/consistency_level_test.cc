#include "engine/replication/consistency_level.h"

#include <gtest/gtest.h>

#include <vector>

namespace revenant::replication {
namespace {

TEST(ConsistencyLevel, ReadsBackWhatItPrints) {
  std::vector<std::string_view> texts = consistency_level_names();
  EXPECT_EQ(texts.size(), 9u);
  texts.insert(texts.end(), {"1", "2", "17"});
  for (std::string_view text : texts) {
    const auto level = parse_consistency_level(text);
    ASSERT_TRUE(level.has_value()) << text;
    EXPECT_EQ(to_string(*level), text);
  }
}

TEST(ConsistencyLevel, RefusesEverythingElse) {
  for (const char* text : {"", "quorum", "FOUR", "LOCAL_ALL", "LOCAL_QUORUM ", "ALL ", "0", "-1",
                           "2x", " 2", "+2", "99999999999999999999"}) {
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
    EXPECT_EQ(parse_consistency_level("THREE")->required(factor), 3);
    EXPECT_EQ(parse_consistency_level("ANY")->required(factor), 0);
    EXPECT_EQ(parse_consistency_level("LOCAL_QUORUM")->required(factor), std::nullopt);
  }
}

}  // namespace
}  // namespace revenant::replication
