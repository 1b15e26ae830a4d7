#include "engine/lsm/manifest_edit.h"

#include "engine/base/coding.h"
#include "engine/sstable/sstable_format.h"

namespace revenant::lsm {
namespace {

enum class Tag : uint8_t {
  kLogNumber = 1,
  kNextFile = 2,
  kLastSequence = 3,
  kRemoved = 4,
  kAdded = 5,
  kCompactPointer = 6,
  kRepaired = 7
};

void put_field(Buffer& out, Tag tag, uint64_t value) {
  put_fixed(out, tag);
  put_varint(out, value);
}

int decode_level(Decoder& in) {
  const uint64_t level = in.varint();
  if (level >= kLevelsMax) in.fail();
  return in.failed() ? 0 : static_cast<int>(level);
}

ManifestEdit::Added decode_added(Decoder& in) {
  const int level = decode_level(in);
  auto meta = std::make_shared<SstableMeta>();
  meta->number.value = in.varint();
  meta->file_bytes = in.varint();
  meta->creation_time.ns = in.fixed<int64_t>();
  meta->run.value = in.varint();
  meta->properties = sstable::decode_properties(in);
  return {level, std::move(meta)};
}

void decode_repaired(Decoder& in, std::vector<ManifestEdit::Added>& added) {
  const FileNumber number{in.varint()};
  const Instant at{in.fixed<int64_t>()};
  if (added.empty() || added.back().meta->number != number) return in.fail();
  auto meta = std::make_shared<SstableMeta>(*added.back().meta);
  meta->repaired_at = at;
  added.back().meta = std::move(meta);
}

}  // namespace

Buffer encode_manifest_edit(const ManifestEdit& edit) {
  Buffer out;
  if (edit.log_number.has_value()) put_field(out, Tag::kLogNumber, edit.log_number->value);
  if (edit.next_file.has_value()) put_field(out, Tag::kNextFile, edit.next_file->value);
  if (edit.last_sequence.has_value()) put_field(out, Tag::kLastSequence, edit.last_sequence->value);
  for (FileNumber number : edit.removed) put_field(out, Tag::kRemoved, number.value);
  for (const auto& [level, meta] : edit.added) {
    put_field(out, Tag::kAdded, static_cast<uint64_t>(level));
    put_varint(out, meta->number.value);
    put_varint(out, meta->file_bytes);
    put_fixed(out, meta->creation_time.ns);
    put_varint(out, meta->run.value);
    sstable::append_properties(out, meta->properties);
    if (!meta->repaired_at.has_value()) continue;
    put_field(out, Tag::kRepaired, meta->number.value);
    put_fixed(out, meta->repaired_at->ns);
  }
  for (const auto& [level, key] : edit.compact_pointers) {
    put_field(out, Tag::kCompactPointer, static_cast<uint64_t>(level));
    put_bytes(out, key);
  }
  return out;
}

Result<ManifestEdit> decode_manifest_edit(Bytes bytes) {
  ManifestEdit edit;
  Decoder in(bytes);
  while (!in.empty()) {
    switch (in.fixed<Tag>()) {
      case Tag::kLogNumber:
        edit.log_number = FileNumber{in.varint()};
        break;
      case Tag::kNextFile:
        edit.next_file = FileNumber{in.varint()};
        break;
      case Tag::kLastSequence:
        edit.last_sequence = SequenceNumber{in.varint()};
        break;
      case Tag::kRemoved:
        edit.removed.push_back(FileNumber{in.varint()});
        break;
      case Tag::kAdded:
        edit.added.push_back(decode_added(in));
        break;
      case Tag::kRepaired:
        decode_repaired(in, edit.added);
        break;
      case Tag::kCompactPointer: {
        const int level = decode_level(in);
        edit.compact_pointers.emplace_back(level, in.bytes());
        break;
      }
      default:
        return error(ErrorCode::kCorruption, "a manifest edit has an unknown field");
    }
  }
  if (in.failed()) return error(ErrorCode::kCorruption, "a manifest edit is cut short");
  return edit;
}

}  // namespace revenant::lsm
