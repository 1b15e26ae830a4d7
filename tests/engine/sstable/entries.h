// What an SSTable is compared with: its entries in a std::map, and the files it lies in.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "engine/base/random.h"
#include "engine/sstable/internal_key.h"
#include "engine/sstable/iterator.h"
#include "engine/sstable/sstable_reader.h"
#include "tests/support/memory_file_system.h"

namespace revenant::sstable {

struct InternalKeyLess {
  bool operator()(Bytes a, Bytes b) const { return compare_internal_keys(a, b) < 0; }
};
using Entries = std::map<Buffer, Buffer, InternalKeyLess>;  // internal key -> entry's value

inline Buffer internal_key(Bytes user_key, uint64_t version, CellKind kind = CellKind::kValue) {
  Buffer key;
  append_internal_key(key, user_key, Version{version}, SequenceNumber{version}, kind);
  return key;
}
inline void put(Entries& entries, Bytes user_key, uint64_t version, Bytes value) {
  entries[internal_key(user_key, version)] = Buffer(value);
}
inline void erase(Entries& entries, Bytes user_key, uint64_t version, Instant deletion_time) {
  const CellView tombstone{CellKind::kTombstone, Version{version}, deletion_time, {}};
  entries[internal_key(user_key, version, CellKind::kTombstone)] = encode_entry_value(tombstone);
}

// Keys that are prefixes of each other, empty, of zeros and 0xff bytes; now and then too long for a
// KeyBuffer's inline part.
inline Buffer random_user_key(Random& random) {
  static constexpr Bytes kAlphabet(
      "\x00\x01"
      "ab\xff",
      5);
  Buffer key;
  if (random.below(50) == 0) key.assign(random.below(400), 'a');
  for (uint64_t i = random.below(6); i > 0; --i) key += kAlphabet[random.below(kAlphabet.size())];
  return key;
}
inline Buffer random_value(Random& random) {
  const uint64_t size = random.below(20) == 0 ? random.below(3000) : random.below(40);
  return Buffer(size, static_cast<char>(random.below(256)));
}
inline Entries random_entries(Random& random, uint64_t count) {
  Entries entries;
  for (uint64_t i = 0; i < count; ++i) {
    const Buffer key = random_user_key(random);
    // Now and then one key has more versions than a block holds.
    for (uint64_t versions = random.below(30) == 0 ? 100 : 1; versions > 0; --versions) {
      const uint64_t version = random.below(1'000'000);
      if (random.below(4) == 0) {
        erase(entries, key, version, Instant{random.between(-1000, 1'000'000)});
      } else {
        put(entries, key, version, random_value(random));
      }
    }
  }
  return entries;
}

inline void expect_at(const Iterator& it, const Entries& entries, Entries::const_iterator at) {
  ASSERT_TRUE(it.status()) << it.status().error().message;
  ASSERT_EQ(it.valid(), at != entries.end());
  if (!it.valid()) return;
  ASSERT_EQ(it.key(), at->first);
  ASSERT_EQ(it.value(), at->second);
}
// Everything, once through.
inline void expect_scan(Iterator& it, const Entries& entries) {
  it.seek_to_first();
  for (auto at = entries.begin(); at != entries.end(); ++at) {
    ASSERT_NO_FATAL_FAILURE(expect_at(it, entries, at));
    it.next();
  }
  expect_at(it, entries, entries.end());
}
// Everything, once through from the end.
inline void expect_scan_back(Iterator& it, const Entries& entries) {
  it.seek_to_last();
  for (auto at = entries.end(); at != entries.begin();) {
    ASSERT_NO_FATAL_FAILURE(expect_at(it, entries, --at));
    it.prev();
  }
  expect_at(it, entries, entries.end());
}
// Steps to and fro from where `it` and `at` stand, until it leaves the entries.
inline void expect_walk(Iterator& it, const Entries& entries, Entries::const_iterator at,
                        Random& random) {
  for (uint64_t steps = random.below(40); steps > 0 && at != entries.end(); --steps) {
    if (random.below(3) > 0) {
      it.next();
      ++at;
    } else {
      it.prev();
      at = at == entries.begin() ? entries.end() : std::prev(at);
    }
    ASSERT_NO_FATAL_FAILURE(expect_at(it, entries, at));
  }
}
// Seeks to keys that are there and keys that are not, and a walk from there.
inline void expect_seeks(Iterator& it, const Entries& entries, Random& random, int seeks) {
  for (int i = 0; i < seeks; ++i) {
    Buffer target;
    if (random.below(2) == 0) {
      auto at = entries.begin();
      std::advance(at, random.below(entries.size()));
      target = at->first;
    } else {
      const Buffer user_key = random_user_key(random);
      target = random.below(2) == 0 ? seek_key(user_key)
                                    : internal_key(user_key, random.below(1'000'000));
    }
    it.seek(target);
    auto at = entries.lower_bound(target);
    ASSERT_NO_FATAL_FAILURE(expect_at(it, entries, at));
    ASSERT_NO_FATAL_FAILURE(expect_walk(it, entries, at, random));
  }
}

// One SSTable in a file system of its own.
class SstableTest : public testing::Test {
 protected:
  static constexpr env::Cause kFlush{env::CauseKind::kFlush};
  const std::string kPath = "db/000007.sst";

  SstableProperties build(const Entries& entries, const SstableOptions& options = {},
                          const std::vector<RangeTombstone>& ranges = {}) {
    if (files_.exists(kPath)) files_.remove(kPath).value();
    SstableBuilder builder(files_.create(kPath).value(), options, kFlush);
    for (const auto& [key, value] : entries) builder.add(key, value).value();
    for (const RangeTombstone& range : ranges) builder.add(range);
    EXPECT_EQ(builder.entries(), entries.size());
    SstableProperties properties = builder.finish().value();
    EXPECT_EQ(builder.file_bytes(), bytes().size());
    return properties;
  }
  Result<std::shared_ptr<SstableReader>> open(const MetadataCaching& caching = {}) {
    return SstableReader::open(files_.open(kPath).value(), FileNumber{7}, kPath,
                               {env::CauseKind::kRecovery}, caching);
  }
  Buffer& bytes() { return files_.contents(kPath); }

  // All entries of a user key, as get() gives them.
  static Result<Entries> get(SstableReader& reader, Bytes user_key, const ReadContext& context) {
    Entries found;
    RETURN_IF_ERROR(reader.get(user_key, context, [&](const InternalKey& key, Bytes value) {
      Buffer internal;
      append_internal_key(internal, key.user_key, key.version, key.sequence, key.kind);
      const bool is_new = found.emplace(internal, value).second;
      EXPECT_TRUE(is_new);
      return true;
    }));
    return found;
  }
  static Entries entries_of(const Entries& entries, Bytes user_key) {
    Entries result;
    for (auto at = entries.lower_bound(seek_key(user_key));
         at != entries.end() && user_key_of(at->first) == user_key; ++at) {
      result.insert(*at);
    }
    return result;
  }

  tests::MemoryFileSystem files_;
};

}  // namespace revenant::sstable
