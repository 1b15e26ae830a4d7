#include "engine/lsm/compaction/compaction_job.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/compaction/sstable_writer.h"
#include "engine/lsm/compaction/winners.h"

namespace revenant::lsm {
namespace {

class CompactionJob {
 public:
  CompactionJob(env::FileSystem& files, const CompactionRequest& request)
      : files_(files),
        request_(request),
        cause_(env::Cause::compaction(request.from, request.to)),
        writer_(files, {.directory = request.directory,
                        .sstable = request.sstable,
                        .cause = cause_,
                        .creation_time = request.now,
                        .first_number = request.first_output,
                        .numbers = request.output_numbers,
                        .file_bytes_max = request.output_bytes_max}) {}

  CompactionOutcome run() && {
    outcome_.status = merge();
    outcome_.created = writer_.created();
    outcome_.bytes_read = counters_.bytes_from_file;
    return std::move(outcome_);
  }

 private:
  Result<void> merge() {
    ASSIGN_OR_RETURN(auto entries, open_inputs());
    Winners winners(std::move(entries));
    for (winners.seek_to_first(); winners.valid(); winners.next()) {
      const CellView cell = winners.cell();
      if (cell.is_tombstone() && purges(winners.user_key(), cell)) continue;
      RETURN_IF_ERROR(writer_.add(winners.internal_key(), winners.value()));
    }
    RETURN_IF_ERROR(winners.status());
    ASSIGN_OR_RETURN(outcome_.outputs, writer_.finish());
    outcome_.shadowed = winners.shadowed();
    for (const SstableMetaPtr& output : outcome_.outputs)
      outcome_.bytes_written += output->file_bytes;
    return {};
  }

  Result<std::unique_ptr<sstable::Iterator>> open_inputs() {
    std::vector<std::unique_ptr<sstable::Iterator>> iterators;
    for (const SstableMetaPtr& input : request_.inputs) {
      const std::string path = sstable_path(request_.directory, input->number);
      ASSIGN_OR_RETURN(auto file, files_.open(path));
      ASSIGN_OR_RETURN(auto reader,
                       sstable::SstableReader::open(std::move(file), input->number, path, cause_));
      iterators.push_back(
          reader->iterate({.cause = cause_, .cache = nullptr, .counters = &counters_}));
    }
    return sstable::make_merging_iterator(std::move(iterators));
  }

  bool purges(Bytes user_key, const CellView& tombstone) {
    PurgeInputs inputs{.now = request_.now,
                       .gc_grace = request_.gc_grace,
                       .least_version_sstables = std::nullopt,
                       .least_version_memtables = request_.least_version_memtables,
                       .least_version_log = request_.least_version_log};
    // Looking at the bystanders costs something, so not for a tombstone that its grace keeps
    // anyway.
    if (!request_.guards.grace || past_grace(tombstone, request_.now, request_.gc_grace)) {
      inputs.least_version_sstables = least_version_of_bystanders(user_key, tombstone.version);
    }
    const PurgeReason reason = may_purge(tombstone, inputs, request_.guards);
    ++outcome_.decisions[static_cast<size_t>(reason)];
    if (reason != PurgeReason::kPurged) return false;
    outcome_.purged.push_back({Buffer(user_key), tombstone.version});
    return true;
  }

  // Of those that may hold the key; tables with nothing as old as `version` are left out, they
  // cannot matter.
  std::optional<Version> least_version_of_bystanders(Bytes user_key, Version version) const {
    std::optional<Version> least;
    for (const Bystander& bystander : request_.bystanders) {
      const Version theirs = bystander.meta->properties.least_version;
      if (theirs > version || (least.has_value() && *least <= theirs)) continue;
      if (!bystander.meta->covers(user_key)) continue;
      if (bystander.filter != nullptr && !bystander.filter->may_contain(user_key, nullptr))
        continue;
      least = theirs;
    }
    return least;
  }

  env::FileSystem& files_;
  const CompactionRequest& request_;
  const env::Cause cause_;
  SstableWriter writer_;
  sstable::ReadCounters counters_;
  CompactionOutcome outcome_;
};

}  // namespace

CompactionOutcome run_compaction(env::FileSystem& files, const CompactionRequest& request) {
  return CompactionJob(files, request).run();
}

}  // namespace revenant::lsm
