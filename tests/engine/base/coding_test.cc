#include "engine/base/coding.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/base/random.h"

namespace revenant {
namespace {

TEST(CodingTest, FixedIntegersAreLittleEndian) {
  Buffer out;
  put_fixed(out, uint32_t{0x01020304});
  EXPECT_EQ(out, Bytes("\x04\x03\x02\x01"));
  EXPECT_EQ(get_fixed<uint32_t>(out.data()), 0x01020304);
}

TEST(CodingTest, BigEndianNumbersOrderAsTheirBytes) {
  Random random(1, "coding");
  for (int i = 0; i < 1000; ++i) {
    const uint64_t a = random.next() >> random.below(64);
    const uint64_t b = random.next() >> random.below(64);
    Buffer bytes_a, bytes_b;
    put_big_endian64(bytes_a, a);
    put_big_endian64(bytes_b, b);
    EXPECT_EQ(a < b, bytes_a < bytes_b);
    EXPECT_EQ(get_big_endian64(bytes_a.data()), a);
  }
}

TEST(CodingTest, VarintsTakeAByteForEachSevenBits) {
  const auto size = [](uint64_t value) {
    Buffer out;
    put_varint(out, value);
    return out.size();
  };
  EXPECT_EQ(size(0), 1);
  EXPECT_EQ(size(127), 1);
  EXPECT_EQ(size(128), 2);
  EXPECT_EQ(size((uint64_t{1} << 63) - 1), 9);
  EXPECT_EQ(size(UINT64_MAX), 10);
}

TEST(CodingTest, AVarintThatNeverEndsFails) {
  const Buffer endless(11, '\x80');
  Decoder decoder(endless);
  EXPECT_EQ(decoder.varint(), 0);
  EXPECT_TRUE(decoder.failed());
}

TEST(CodingTest, ALengthBeyondTheInputFails) {
  Buffer out;
  put_varint(out, UINT64_MAX);
  out += "abc";
  Decoder decoder(out);
  EXPECT_EQ(decoder.bytes(), "");
  EXPECT_TRUE(decoder.failed());
}

TEST(CodingTest, AfterAFailureEverythingIsZeroOrEmpty) {
  Decoder decoder("ab");
  EXPECT_EQ(decoder.fixed<uint32_t>(), 0);
  EXPECT_TRUE(decoder.failed());
  EXPECT_EQ(decoder.fixed<uint8_t>(), 0);
  EXPECT_EQ(decoder.varint(), 0);
  EXPECT_EQ(decoder.bytes(), "");
  EXPECT_EQ(decoder.raw(0), "");
  EXPECT_TRUE(decoder.empty());
}

// A record of random fields, as a sequence of (kind, value).
struct Field {
  enum class Kind { kVarint, kFixed16, kFixed64, kBytes } kind;
  uint64_t number;
  Buffer bytes;
};

std::vector<Field> random_fields(Random& random) {
  std::vector<Field> fields(random.below(10));
  for (Field& field : fields) {
    field.kind = static_cast<Field::Kind>(random.below(4));
    field.number = random.next() >> random.below(64);
    if (field.kind == Field::Kind::kFixed16) field.number &= 0xffff;
    field.bytes.resize(random.below(200));
    for (char& c : field.bytes) c = static_cast<char>(random.below(256));
  }
  return fields;
}

Buffer encode(const std::vector<Field>& fields) {
  Buffer out;
  for (const Field& field : fields) {
    switch (field.kind) {
      case Field::Kind::kVarint:
        put_varint(out, field.number);
        break;
      case Field::Kind::kFixed16:
        put_fixed(out, static_cast<uint16_t>(field.number));
        break;
      case Field::Kind::kFixed64:
        put_fixed(out, field.number);
        break;
      case Field::Kind::kBytes:
        put_bytes(out, field.bytes);
        break;
    }
  }
  return out;
}

// How many fields come back as they went in, before the first that does not.
size_t decode(Decoder& decoder, const std::vector<Field>& fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    bool same = false;
    switch (field.kind) {
      case Field::Kind::kVarint:
        same = decoder.varint() == field.number;
        break;
      case Field::Kind::kFixed16:
        same = decoder.fixed<uint16_t>() == field.number;
        break;
      case Field::Kind::kFixed64:
        same = decoder.fixed<uint64_t>() == field.number;
        break;
      case Field::Kind::kBytes:
        same = decoder.bytes() == field.bytes;
        break;
    }
    if (!same || decoder.failed()) return i;
  }
  return fields.size();
}

TEST(CodingTest, RandomRecordsComeBackAndEveryTruncationIsNoticed) {
  Random random(2, "coding");
  for (int i = 0; i < 300; ++i) {
    const std::vector<Field> fields = random_fields(random);
    const Buffer whole = encode(fields);
    Decoder decoder(whole);
    EXPECT_EQ(decode(decoder, fields), fields.size());
    EXPECT_FALSE(decoder.failed());
    EXPECT_TRUE(decoder.empty());
    for (size_t size = 0; size < whole.size(); ++size) {
      const Buffer truncated =
          whole.substr(0, size);  // its own memory, so that reading beyond is seen
      Decoder short_decoder(truncated);
      EXPECT_LT(decode(short_decoder, fields), fields.size());
      EXPECT_TRUE(short_decoder.failed());
    }
  }
}

}  // namespace
}  // namespace revenant
