#include "engine/replication/repair_history.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/coding.h"

namespace revenant::replication {
namespace {

constexpr const char* kDirectory = "repairs";
constexpr env::Cause kCause{env::CauseKind::kRepair};
// A file is replaced once it has this many records, and twice as many as there are pieces.
constexpr uint64_t kRecordsMin = 64;

using Piece = lsm::RepairedRanges::Piece;

}  // namespace

RepairHistory::RepairHistory(env::Environment environment)
    : environment_(environment),
      writing_(environment.tasks, "lock of the repair history"),
      ranges_(std::make_shared<lsm::RepairedRanges>()) {}

std::string RepairHistory::path(uint64_t number) const {
  return fmt::format("{}/{:06}.log", kDirectory, number);
}

Result<void> RepairHistory::open() {
  RETURN_IF_ERROR(environment_.files.make_directory(kDirectory));
  ASSIGN_OR_RETURN(auto names, environment_.files.list(kDirectory));
  auto ranges = std::make_shared<lsm::RepairedRanges>();
  for (const std::string& name : names) {
    uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto [dot, bad] = std::from_chars(name.data(), end, number);
    if (bad != std::errc{} || std::string_view(dot, end) != ".log") continue;
    files_.push_back(number);
    next_number_ = std::max(next_number_, number + 1);
    auto file = environment_.files.open(path(number));
    if (!file) continue;
    (void)wal::replay_wal(
        **file,
        [&](Bytes payload) -> Result<void> {
          Decoder in(payload);
          Piece piece;
          piece.least = in.bytes();
          piece.limit = in.bytes();
          piece.began.ns = in.fixed<int64_t>();
          if (!in.failed() && in.empty()) ranges->add(piece);
          return {};
        },
        kCause);
  }
  const std::vector<Piece> pieces = ranges->pieces();
  if (pieces.empty()) return {};
  // After a kill what was read may lie in the page cache alone.
  if (begin_file(pieces)) {
    ranges_ = std::move(ranges);
  } else {
    writer_ = nullptr;
  }
  return {};
}

Result<void> RepairHistory::append(const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    Buffer record;
    put_bytes(record, piece.least);
    put_bytes(record, piece.limit);
    put_fixed(record, piece.began.ns);
    RETURN_IF_ERROR(writer_->append(record));
    ++records_;
  }
  return writer_->sync();
}

Result<void> RepairHistory::begin_file(const std::vector<Piece>& pieces) {
  const uint64_t number = next_number_++;
  ASSIGN_OR_RETURN(auto file, environment_.files.create(path(number)));
  const std::vector<uint64_t> old = files_;
  files_.push_back(number);
  writer_ = std::make_unique<wal::WalWriter>(std::move(file), kCause);
  records_ = 0;
  RETURN_IF_ERROR(append(pieces));
  RETURN_IF_ERROR(environment_.files.sync_directory(kDirectory, kCause));
  for (uint64_t obsolete : old) {
    if (!environment_.files.remove(path(obsolete))) continue;
    std::erase(files_, obsolete);
  }
  return {};
}

Result<void> RepairHistory::add(ring::TokenRange range, Instant began) {
  const env::Mutex::Lock lock(writing_);
  auto ranges = std::make_shared<lsm::RepairedRanges>(*ranges_);
  std::vector<Piece> added;
  for (ring::KeyInterval& interval : ring::storage_intervals(range)) {
    added.push_back({std::move(interval.least), std::move(interval.limit), began});
    ranges->add(added.back());
  }
  const std::vector<Piece> all = ranges->pieces();
  const bool full = records_ >= std::max<uint64_t>(kRecordsMin, 2 * all.size());
  const Result<void> written = writer_ == nullptr || full ? begin_file(all) : append(added);
  if (!written) {
    writer_ = nullptr;  // its tail is unknown
    return written;
  }
  ranges_ = std::move(ranges);
  return {};
}

}  // namespace revenant::replication
