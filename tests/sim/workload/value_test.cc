#include "sim/workload/value.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace revenant::sim {
namespace {

TEST(Value, NamesTheWriteThatMadeItAtEverySize) {
  for (size_t size : {16, 17, 23, 24, 25, 100, 239, 240, 241, 4096, 1 << 20}) {
    for (uint64_t id : {uint64_t{0}, uint64_t{1}, uint64_t{77}, UINT64_MAX}) {
      const Buffer value = encode_value({id}, size);
      EXPECT_EQ(value.size(), size);
      EXPECT_EQ(decode_value(value), WriteId{id});
    }
  }
}

TEST(Value, IsTheSameEachTimeAndDiffersBetweenWrites) {
  EXPECT_EQ(encode_value({5}, 100), encode_value({5}, 100));
  EXPECT_NE(encode_value({5}, 100).substr(16), encode_value({6}, 100).substr(16));
}

TEST(Value, EveryDamagedBitIsSeen) {
  Buffer value = encode_value({12345}, 61);
  for (size_t bit = 0; bit < 8 * value.size(); ++bit) {
    value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(decode_value(value), std::nullopt) << bit;
    value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << bit % 8));
  }
  EXPECT_EQ(decode_value(value), WriteId{12345});
}

TEST(Value, EveryTruncationAndExtensionIsSeen) {
  const Buffer value = encode_value({12345}, 61);
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(decode_value(Bytes(value).substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(decode_value(value + '\0'), std::nullopt);
}

TEST(Value, AMixOfTwoWritesIsSeen) {
  const Buffer a = encode_value({1}, 128), b = encode_value({2}, 128);
  for (size_t cut = 1; cut < 128; ++cut) {
    EXPECT_EQ(decode_value(a.substr(0, cut) + b.substr(cut)), std::nullopt) << cut;
  }
}

TEST(Value, RandomBytesAndZerosAreNoValues) {
  Random random(1, "value");
  for (int i = 0; i < 10'000; ++i) {
    Buffer bytes(random.below(64), '\0');
    for (char& c : bytes) c = static_cast<char>(random.next());
    EXPECT_EQ(decode_value(bytes), std::nullopt);
  }
  for (size_t size = 0; size < 5000; size += 7) {
    EXPECT_EQ(decode_value(Buffer(size, '\0')), std::nullopt) << size;
  }
}

TEST(ValueDeathTest, RefusesASizeWithoutRoomForItsHead) {
  EXPECT_EXIT((void)encode_value({1}, 15), testing::ExitedWithCode(4), "size=15");
}

}  // namespace
}  // namespace revenant::sim
