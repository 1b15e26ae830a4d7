#include "engine/lsm/compaction/sstable_writer.h"

#include <utility>

#include "engine/base/check.h"

namespace revenant::lsm {

void SstableWriter::add(std::vector<sstable::RangeTombstone> tombstones) {
  CHECK(created_.empty(), "range tombstones come first");
  range_tombstones_ = std::move(tombstones);
}

Result<void> SstableWriter::add(Bytes internal_key, Bytes value) {
  const Bytes user_key = sstable::user_key_of(internal_key);
  RETURN_IF_ERROR(close_before(user_key));
  if (builder_ == nullptr) RETURN_IF_ERROR(open_file());
  last_user_key_ = user_key;
  return builder_->add(internal_key, value);
}

Result<bool> SstableWriter::close_before(Bytes user_key) {
  if (added_ && user_key == last_user_key_) return false;
  if (!must_end_before(user_key) || builder_ == nullptr || created_.size() == options_.numbers) {
    return false;
  }
  take_range_tombstones(limit_of_closed());
  RETURN_IF_ERROR(close_file());
  return true;
}

// LevelDB: ShouldStopBefore. Called for every key, also where no file is in progress.
bool SstableWriter::must_end_before(Bytes user_key) {
  bool ends = builder_ != nullptr && builder_->file_bytes() >= options_.file_bytes_max;
  for (; next_boundary_ < options_.boundaries.size() &&
         options_.boundaries[next_boundary_] <= user_key;
       ++next_boundary_) {
    ends = true;
  }
  for (; next_grandparent_ < options_.grandparents.size(); ++next_grandparent_) {
    const SstableMeta& grandparent = *options_.grandparents[next_grandparent_];
    if (user_key <= grandparent.greatest_key()) break;
    if (added_) grandparent_bytes_ += grandparent.file_bytes;
  }
  added_ = true;
  if (grandparent_bytes_ > options_.grandparent_bytes_max) {
    grandparent_bytes_ = 0;
    ends = true;
  }
  return ends;
}

void SstableWriter::take_range_tombstones(const std::optional<Buffer>& limit) {
  std::vector<sstable::RangeTombstone> rest;
  for (sstable::RangeTombstone& tombstone : range_tombstones_) {
    if (!limit.has_value() || tombstone.end <= *limit) {
      builder_->add(std::move(tombstone));
      continue;
    }
    if (tombstone.start < *limit) {
      sstable::RangeTombstone head = tombstone;
      head.end = *limit;
      builder_->add(std::move(head));
      tombstone.start = *limit;
    }
    rest.push_back(std::move(tombstone));
  }
  range_tombstones_ = std::move(rest);
}

Result<void> SstableWriter::open_file() {
  const FileNumber number{options_.first_number.value + created_.size()};
  created_.push_back(number);
  ASSIGN_OR_RETURN(auto file, files_.create(sstable_path(options_.directory, number)));
  builder_ =
      std::make_unique<sstable::SstableBuilder>(std::move(file), options_.sstable, options_.cause);
  return {};
}

Result<void> SstableWriter::close_file() {
  ASSIGN_OR_RETURN(auto properties, builder_->finish());
  auto meta = std::make_shared<SstableMeta>();
  meta->number = created_.back();
  meta->file_bytes = builder_->file_bytes();
  meta->creation_time = options_.creation_time;
  meta->repaired_at = options_.repaired_at;
  meta->run = options_.run == FileNumber{} ? meta->number : options_.run;
  meta->properties = std::move(properties);
  CHECK(closed_bytes_ == 0 || greatest_key_ < meta->least_key());
  greatest_key_ = meta->greatest_key();
  closed_bytes_ += meta->file_bytes;
  finished_.push_back(std::move(meta));
  builder_.reset();
  return {};
}

Result<std::vector<SstableMetaPtr>> SstableWriter::finish() {
  if (builder_ == nullptr && !range_tombstones_.empty()) RETURN_IF_ERROR(open_file());
  if (builder_ != nullptr) {
    take_range_tombstones(std::nullopt);
    RETURN_IF_ERROR(close_file());
  }
  return take_closed();
}

Result<std::vector<SstableMetaPtr>> SstableWriter::take_closed() {
  CHECK(builder_ == nullptr);
  if (!finished_.empty())
    RETURN_IF_ERROR(files_.sync_directory(options_.directory, options_.cause));
  return std::exchange(finished_, {});
}

}  // namespace revenant::lsm
