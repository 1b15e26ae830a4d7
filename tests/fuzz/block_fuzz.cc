// A data block's payload: the cursor stays inside it, and finds going back what it found going on.
#include <vector>

#include "engine/base/check.h"
#include "engine/sstable/block_cursor.h"
#include "tests/fuzz/fuzz.h"

namespace revenant::fuzz {
namespace {

using sstable::BlockCursor;

void run(Bytes payload) {
  // A copy that ends where its memory ends.
  const std::vector<char> bytes(payload.begin(), payload.end());
  const Bytes block(bytes.data(), bytes.size());
  if (!sstable::restarts_are_sound(block)) return;

  BlockCursor cursor;
  cursor.reset(block);
  std::vector<Buffer> keys;
  for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
    keys.emplace_back(cursor.key());
    const sstable::InternalKey key = sstable::parse_internal_key(cursor.key());
    (void)sstable::entry_cell(key, cursor.value());
  }
  const bool whole = !cursor.corrupt();

  cursor.reset(block);
  size_t left = keys.size();
  for (cursor.seek_to_last(); cursor.valid(); cursor.prev()) {
    if (!whole) continue;  // each direction may meet the damage elsewhere
    // A restart inside an entry is damage that only a jump to it meets.
    if (left == 0 || cursor.key() != keys[left - 1]) break;
    --left;
  }
  for (const Buffer& key : keys) {
    cursor.reset(block);
    cursor.seek(sstable::SeekTarget::exactly(key));
    for (int i = 0; i < 3 && cursor.valid(); ++i) cursor.next();
  }
}

}  // namespace
}  // namespace revenant::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto input = revenant::fuzz::Input::of(data, size)) revenant::fuzz::run(input->bytes);
  return 0;
}
