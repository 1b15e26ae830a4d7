// A manifest: reading it gives an error or edits that say the same when they are encoded again.
#include "engine/base/check.h"
#include "engine/lsm/manifest.h"
#include "engine/wal/wal.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/log_records.h"
#include "tests/support/memory_file_system.h"

namespace revenant::fuzz {
namespace {

void run(const Input& input) {
  tests::MemoryFileSystem files;
  files.put("db/CURRENT", "MANIFEST-000001");
  files.put("db/MANIFEST-000001", input.reseal ? reseal_segment(input.bytes) : Buffer(input.bytes));
  const auto contents = lsm::read_current_manifest(files, "db");
  if (contents.has_value()) {
    CHECK(contents->has_value());
    const Buffer encoded = lsm::encode_manifest_edit((*contents)->whole);
    const auto again = lsm::decode_manifest_edit(encoded);
    CHECK(again.has_value(), "{}", again.error());
    CHECK(lsm::encode_manifest_edit(*again) == encoded);
  }
  // The bytes as the name that CURRENT holds.
  files.put("db/CURRENT", Buffer(input.bytes.substr(0, 64)));
  (void)lsm::read_current_manifest(files, "db");
}

}  // namespace
}  // namespace revenant::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto input = revenant::fuzz::Input::of(data, size)) revenant::fuzz::run(*input);
  return 0;
}
