#include "engine/lsm/write_log.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/lsm/file_names.h"

namespace revenant::lsm {

constexpr env::Cause kLogCause{env::CauseKind::kWal};

Result<void> WriteLog::begin(FileNumber number) {
  CHECK(!open_);
  CHECK(segments_.empty() || segments_.back()->number < number);
  ASSIGN_OR_RETURN(auto file, files_.create_log(path_of(directory_, {FileKind::kWal, number})));
  segments_.push_back(std::make_shared<Segment>(
      Segment{.number = number, .writer = wal::WalWriter(std::move(file), kLogCause)}));
  open_ = true;
  return {};
}

Result<void> WriteLog::append(Bytes record, Version least_version) {
  CHECK(open_);
  Segment& segment = *segments_.back();
  // Before the append: a recovery may meet the record even if the append fails.
  segment.least_version = std::min(segment.least_version, least_version);
  segment.unsynced = true;
  Result<void> appended = segment.writer.append(record);
  if (appended.has_value()) return appended;
  if (appended.error().code == ErrorCode::kNoSpace) {
    full_segment_ = segment.number;
  } else {
    failure_ = appended.error();
  }
  return appended;
}

std::optional<FileNumber> WriteLog::end(uint64_t bytes_min) {
  if (!open_) return std::nullopt;
  open_ = segments_.back()->writer.size() < bytes_min;
  return segments_.back()->number;
}

Result<void> WriteLog::sync() {
  // A copy: segments may be begun and released while this task is suspended.
  const std::deque<std::shared_ptr<Segment>> segments = segments_;
  for (const std::shared_ptr<Segment>& segment : segments) {
    // Also one that came while this task was suspended.
    if (failure_.has_value()) return std::unexpected(*failure_);
    if (segment->unsynced) {
      segment->unsynced = false;
      if (auto synced = segment->writer.sync(); !synced.has_value()) {
        failure_ = synced.error();
        return synced;
      }
    }
    if (!segment->entry_durable && !defects_.has(Defect::kSegmentNameNotSynced)) {
      if (auto synced = files_.sync_directory(directory_, kLogCause); !synced.has_value()) {
        failure_ = synced.error();
        return synced;
      }
      segment->entry_durable = true;
    }
  }
  return {};
}

bool WriteLog::unsynced() const {
  return std::ranges::any_of(segments_,
                             [](const auto& s) { return s->unsynced || !s->entry_durable; });
}

std::vector<FileNumber> WriteLog::release(FileNumber number) {
  std::vector<FileNumber> released;
  while (!segments_.empty() && segments_.front()->number < number) {
    released.push_back(segments_.front()->number);
    segments_.pop_front();
  }
  CHECK(!open_ || !segments_.empty(), "the active segment was released");
  if (full_segment_.has_value() && *full_segment_ < number) full_segment_.reset();
  return released;
}

uint64_t WriteLog::bytes() const {
  uint64_t sum = 0;
  for (const auto& segment : segments_) sum += segment->writer.size();
  return sum;
}

std::optional<Version> WriteLog::least_version() const {
  std::optional<Version> least;
  for (const auto& segment : segments_) {
    least = std::min(least.value_or(Version::max()), segment->least_version);
  }
  return least;
}

}  // namespace revenant::lsm
