#include "engine/wal/wal_reader.h"

#include <algorithm>
#include <utility>

#include "engine/wal/wal_format.h"

namespace revenant::wal {
namespace {

// Bytes asked of the file at a time; a longer record is read whole.
constexpr uint64_t kReadSize = 256 << 10;
static_assert(kRecordHeaderSize == sizeof(uint64_t));

}  // namespace

std::string_view to_string(WalDamage damage) {
  switch (damage) {
    case WalDamage::kCutShort:
      return "cut short";
    case WalDamage::kZeros:
      return "zeros";
    case WalDamage::kChecksum:
      return "wrong checksum";
    case WalDamage::kHeader:
      return "not the header of a log of format 1";
  }
  return "";
}

Result<std::optional<WalPiece>> WalReader::next() {
  if (!std::exchange(begun_, true)) {
    ASSIGN_OR_RETURN(const auto damage, header());
    at_ = std::min(kSegmentHeaderSize, file_.size());
    if (damage.has_value()) {
      ASSIGN_OR_RETURN(const bool unused, is_unused_end(*damage));
      if (unused) return std::nullopt;
      return damage;
    }
  }
  if (damaged_) return find_record();
  if (at_ >= file_.size()) return std::nullopt;
  ASSIGN_OR_RETURN(WalPiece piece, piece_at(at_));
  ASSIGN_OR_RETURN(const bool unused, is_unused_end(piece));
  if (unused) return std::nullopt;
  damaged_ = piece.damage.has_value();
  if (!damaged_) at_ += piece.size;
  return piece;
}

// Whether zeros are all that is left of the file. Then there is nothing more to tell.
Result<bool> WalReader::is_unused_end(const WalPiece& piece) {
  if (piece.damage != WalDamage::kZeros) return false;
  for (uint64_t offset = piece.offset; offset < file_.size();) {
    ASSIGN_OR_RETURN(const Bytes bytes, window(offset, 1));
    if (bytes.find_first_not_of('\0') != Bytes::npos) return false;
    if (bytes.empty()) break;
    offset += bytes.size();
  }
  at_ = file_.size();
  return true;
}

// The bytes from `offset` on: at least `size`, or as many as the file has.
Result<Bytes> WalReader::window(uint64_t offset, uint64_t size) {
  if (offset < bytes_offset_ || offset + size > bytes_offset_ + bytes_.size()) {
    RETURN_IF_ERROR(file_.read(offset, std::max(size, kReadSize), bytes_, cause_));
    bytes_offset_ = offset;
  }
  return Bytes(bytes_).substr(offset - bytes_offset_);
}

// What is wrong with the header, if something is.
Result<std::optional<WalPiece>> WalReader::header() {
  ASSIGN_OR_RETURN(Bytes bytes, window(0, kSegmentHeaderSize));
  bytes = bytes.substr(0, kSegmentHeaderSize);
  if (bytes == segment_header()) return std::nullopt;
  WalPiece piece{.damage = WalDamage::kHeader};
  if (bytes.size() < kSegmentHeaderSize) piece.damage = WalDamage::kCutShort;
  if (bytes == Buffer(kSegmentHeaderSize, '\0')) piece.damage = WalDamage::kZeros;
  return piece;
}

Result<WalPiece> WalReader::piece_at(uint64_t offset) {
  WalPiece piece{.offset = offset, .damage = WalDamage::kCutShort};
  const uint64_t left = file_.size() - offset;
  claimed_size_ = 0;
  if (left < kRecordHeaderSize) return piece;
  ASSIGN_OR_RETURN(Bytes bytes, window(offset, kRecordHeaderSize));
  if (bytes.size() < kRecordHeaderSize) return piece;
  if (get_fixed<uint64_t>(bytes.data()) == 0) {
    piece.damage = WalDamage::kZeros;
    return piece;
  }
  const uint64_t size = kRecordHeaderSize + get_fixed<uint32_t>(bytes.data() + 4);
  // Before reading: a torn length must not ask for gigabytes.
  if (size > left) return piece;
  ASSIGN_OR_RETURN(bytes, window(offset, size));
  if (bytes.size() < size) return piece;
  bytes = bytes.substr(0, size);
  claimed_size_ = size;
  if (get_fixed<uint32_t>(bytes.data()) != checksum32(bytes.substr(4))) {
    piece.damage = WalDamage::kChecksum;
    return piece;
  }
  piece.size = size;
  piece.payload = bytes.substr(kRecordHeaderSize);
  piece.damage.reset();
  return piece;
}

Result<std::optional<WalPiece>> WalReader::find_record() {
  const auto found = [this](WalPiece piece) {
    damaged_ = false;
    at_ = piece.offset + piece.size;
    return piece;
  };
  if (const uint64_t end = at_ + claimed_size_; claimed_size_ > 0 && end < file_.size()) {
    ASSIGN_OR_RETURN(const WalPiece piece, piece_at(end));
    if (!piece.damage.has_value()) return found(piece);
  }
  for (uint64_t offset = at_ + 1; offset + kRecordHeaderSize <= file_.size(); ++offset) {
    ASSIGN_OR_RETURN(const WalPiece piece, piece_at(offset));
    if (!piece.damage.has_value()) return found(piece);
  }
  at_ = file_.size();
  damaged_ = false;
  return std::nullopt;
}

}  // namespace revenant::wal
