#include "engine/lsm/compaction/sstable_writer.h"

#include <utility>

#include "engine/base/check.h"

namespace revenant::lsm {

Result<void> SstableWriter::add(Bytes internal_key, Bytes value) {
  if (builder_ != nullptr && builder_->file_bytes() >= options_.file_bytes_max &&
      created_.size() < options_.numbers) {
    RETURN_IF_ERROR(close_file());
  }
  if (builder_ == nullptr) {
    const FileNumber number{options_.first_number.value + created_.size()};
    created_.push_back(number);
    ASSIGN_OR_RETURN(auto file, files_.create(sstable_path(options_.directory, number)));
    builder_ = std::make_unique<sstable::SstableBuilder>(std::move(file), options_.sstable,
                                                         options_.cause);
  }
  return builder_->add(internal_key, value);
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
  if (builder_ != nullptr) RETURN_IF_ERROR(close_file());
  if (!finished_.empty())
    RETURN_IF_ERROR(files_.sync_directory(options_.directory, options_.cause));
  return std::move(finished_);
}

}  // namespace revenant::lsm
