#include "engine/replication/messages.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace revenant::replication {
namespace {

template <typename T>
Buffer encoded(const T& message) {
  Buffer out;
  encode(out, message);
  return out;
}

// Two messages are equal if they encode to the same bytes.
template <typename T>
void expect_round_trip(const T& message) {
  const Buffer bytes = encoded(message);
  const auto back = decode_all<T>(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(encoded(*back), bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_all<T>(Bytes(bytes).substr(0, size)).has_value())
        << "cut to " << size << " of " << bytes.size();
  }
  EXPECT_FALSE(decode_all<T>(bytes + "x").has_value()) << "something follows";
}

Cell value(Bytes bytes, uint64_t version) {
  return Cell(CellView{CellKind::kValue, Version{version}, {}, bytes});
}
Cell tombstone(uint64_t version, Instant deleted) {
  return Cell(CellView{CellKind::kTombstone, Version{version}, deleted, {}});
}

TEST(MessagesTest, EachComesBackAsItWasSentAndNotCutShort) {
  const std::vector<KeyedCell> cells{{"a", value("x", 1)},
                                     {"", tombstone(UINT64_MAX, Instant{-5})}};
  expect_round_trip(Apply{env::ApplySource::kRepair, cells});
  expect_round_trip(cells);
  expect_round_trip(StreamProgress{3, 400, true});
  expect_round_trip(HandedHint{NodeId{3}, Instant{5}, cells.front()});
  expect_round_trip(ReadRange{"least", "", 12});
  expect_round_trip(RangeAnswer{cells, false});
  expect_round_trip(RangeAnswer{{}, true});
  expect_round_trip(TreeRequest{{ring::Token{5}, ring::Token{2}}, 10, Instant{7}});
  expect_round_trip(StreamRequest{
      NodeId{3}, Instant{9}, {{ring::Token{1}, ring::Token{2}}, {ring::Token{4}, ring::Token{0}}}});
  expect_round_trip(ClientWrite{
      "key", CellKind::kTombstone, Version{8}, "", {ConsistencyLevel::Kind::kNumber, 2}});
  expect_round_trip(ClientWrite{"key",
                                CellKind::kExpiring,
                                Version{8},
                                "v",
                                {ConsistencyLevel::Kind::kNumber, 2},
                                seconds(5)});
  expect_round_trip(BeginSession{Instant{3}, {{ring::Token{1}, ring::Token{2}}}});
  expect_round_trip(EndSession{true, Instant{9}});
  const std::vector<HeartbeatState> states{{NodeId{0}, 1, 2}, {NodeId{300}, 1'700'000'000, 4}};
  expect_round_trip(states);
  expect_round_trip(GossipAck{{states.front()}, states});
  expect_round_trip(ClientRead{"key", {ConsistencyLevel::Kind::kEachQuorum}});
  expect_round_trip(ClientScan{"from", {ConsistencyLevel::Kind::kAll}, 100});
  expect_round_trip(ClientReadReply{Status::kOk,
                                    tombstone(4, Instant{1}),
                                    {{NodeId{1}, true, Version{4}}, {NodeId{2}, false, {}}}});
  expect_round_trip(ReadAnswer{.cell = value("v", 3), .digest = {}});
  expect_round_trip(ReadAnswer{});
  expect_round_trip(ReadAnswer{.cell = {}, .digest = 0x0102030405060708});
  expect_round_trip(std::optional<Cell>());
  expect_round_trip(std::optional<Cell>(value("v", 3)));
}

TEST(MessagesTest, AWriteIsAnsweredWithItsStampIfTheCoordinatorGaveOne) {
  for (uint64_t stamp : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 60}) {
    const auto back =
        decode_all<ClientWriteReply>(encoded(ClientWriteReply{Status::kTimeout, Version{stamp}}));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->status, Status::kTimeout);
    EXPECT_EQ(back->version, Version{stamp});
  }
  EXPECT_EQ(encoded(ClientWriteReply{Status::kOk, {}}).size(), 1u);
  EXPECT_FALSE(decode_all<ClientWriteReply>("").has_value());
}

TEST(MessagesTest, CellsThatDifferInAnythingHaveDifferentDigests) {
  const std::vector<std::optional<Cell>> cells = {std::nullopt,
                                                  value("x", 1),
                                                  value("x", 2),
                                                  value("y", 1),
                                                  value("", 1),
                                                  tombstone(1, Instant{1}),
                                                  tombstone(1, Instant{2}),
                                                  tombstone(2, Instant{1})};
  for (size_t i = 0; i < cells.size(); ++i) {
    for (size_t j = 0; j < cells.size(); ++j)
      EXPECT_EQ(digest_of(cells[i]) == digest_of(cells[j]), i == j) << i << " and " << j;
  }
}

TEST(MessagesTest, NonsenseIsRefusedWithoutHarm) {
  Random random(3, "nonsense");
  for (int round = 0; round < 20'000; ++round) {
    Buffer bytes(random.below(40), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    (void)decode_all<Apply>(bytes);
    (void)decode_all<StreamRequest>(bytes);
    (void)decode_all<ClientReadReply>(bytes);
    (void)decode_all<std::vector<KeyedCell>>(bytes);
  }
}

TEST(MessagesTest, ACountThatCannotBeTrueAllocatesNothing) {
  Buffer bytes;
  bytes.push_back(0);
  put_varint(bytes, uint64_t{1} << 60);
  EXPECT_FALSE(decode_all<Apply>(bytes).has_value());
}

}  // namespace
}  // namespace revenant::replication
