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
  if (builder_ != nullptr && builder_->file_bytes() >= options_.file_bytes_max &&
      created_.size() < options_.numbers && user_key != last_user_key_) {
    take_range_tombstones(last_user_key_ + '\0');
    RETURN_IF_ERROR(close_file());
  }
  if (builder_ == nullptr) RETURN_IF_ERROR(open_file());
  last_user_key_ = user_key;
  return builder_->add(internal_key, value);
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
  meta->properties = std::move(properties);
  CHECK(finished_.empty() || finished_.back()->greatest_key() < meta->least_key());
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
  if (!finished_.empty())
    RETURN_IF_ERROR(files_.sync_directory(options_.directory, options_.cause));
  return std::move(finished_);
}

}  // namespace revenant::lsm
