#include "engine/lsm/compaction/compaction_job.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/lsm/compaction/retention.h"
#include "engine/lsm/compaction/sstable_writer.h"

namespace revenant::lsm {
namespace {

constexpr uint64_t kKeysPerStep = 1024;

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
    const sstable::RangeTombstones ranges(input_ranges_);
    writer_.add(retained_ranges(ranges));
    Retention retention(std::move(entries), ranges, request_.snapshots, request_.now);
    uint64_t keys_met = 0;
    for (retention.seek_to_first(); retention.valid(); retention.next()) {
      if (++keys_met % kKeysPerStep == 0 && request_.between_steps) request_.between_steps();
      RETURN_IF_ERROR(write(retention.user_key(), retention.kept()));
    }
    RETURN_IF_ERROR(retention.status());
    ASSIGN_OR_RETURN(outcome_.outputs, writer_.finish());
    outcome_.shadowed = retention.dropped();
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
      std::ranges::copy(reader->range_tombstones().list(), std::back_inserter(input_ranges_));
      iterators.push_back(
          reader->iterate({.cause = cause_, .cache = nullptr, .counters = &counters_}));
    }
    return sstable::make_merging_iterator(std::move(iterators));
  }

  // One key's entries. A tombstone goes only if no entry that it shadows stays, so the oldest is
  // judged first.
  Result<void> write(Bytes user_key, std::span<const Retention::Entry> kept) {
    purged_.assign(kept.size(), false);
    std::optional<Version> least_kept;
    for (size_t i = kept.size(); i-- > 0;) {
      const CellView cell = kept[i].cell();
      if (cell.is_tombstone()) {
        purged_[i] = decide(
            {Buffer(user_key), cell.version, {}}, cell,
            [&] { return least_version_of_bystanders(user_key, cell.version); }, least_kept);
      }
      if (!purged_[i]) least_kept = std::min(least_kept.value_or(Version::max()), cell.version);
    }
    for (size_t i = 0; i < kept.size(); ++i) {
      if (!purged_[i]) RETURN_IF_ERROR(writer_.add(kept[i].key, kept[i].value));
    }
    return {};
  }

  // The range tombstones that some bound sees and that may not be purged.
  std::vector<sstable::RangeTombstone> retained_ranges(const sstable::RangeTombstones& ranges) {
    std::vector<sstable::RangeTombstone> pieces;
    Bounds bounds(request_.snapshots);
    for (const sstable::RangeTombstones::Range& range : ranges.ranges()) {
      bounds.restart();
      for (const sstable::RangeMarker& m : range.markers) {
        if (bounds.serve(m.sequence)) {
          pieces.push_back({range.start, range.end, m.version, m.sequence, m.deletion_time});
        }
      }
    }
    std::vector<sstable::RangeTombstone> retained = sstable::join_pieces(std::move(pieces));
    std::erase_if(retained, [&](const sstable::RangeTombstone& t) {
      // What a snapshot from before it sees may be kept; to know would take a second pass.
      std::optional<Version> snapshots;
      if (bounds.before(t.sequence)) snapshots = Version{};
      const CellView cell{CellKind::kTombstone, t.version, t.deletion_time, {}};
      return decide(
          {t.start, t.version, t.end}, cell,
          [&] { return least_version_of_bystanders(KeyRange{t.start, t.end}, t.version); },
          snapshots);
    });
    return retained;
  }

  // Whether it is purged.
  template <typename LeastOfBystanders>
  bool decide(PurgedTombstone name, const CellView& tombstone,
              LeastOfBystanders least_of_bystanders,
              std::optional<Version> least_version_snapshots) {
    PurgeInputs inputs{.now = request_.now,
                       .gc_grace = request_.gc_grace,
                       .least_version_sstables = std::nullopt,
                       .least_version_memtables = request_.least_version_memtables,
                       .least_version_log = request_.least_version_log,
                       .least_version_snapshots = least_version_snapshots};
    // Looking at the bystanders costs something, so not for a tombstone that its grace keeps
    // anyway.
    if (!request_.guards.grace || past_grace(tombstone, request_.now, request_.gc_grace)) {
      inputs.least_version_sstables = least_of_bystanders();
    }
    const PurgeReason reason = may_purge(tombstone, inputs, request_.guards);
    ++outcome_.decisions[static_cast<size_t>(reason)];
    if (reason != PurgeReason::kPurged) return false;
    outcome_.purged.push_back(std::move(name));
    return true;
  }

  // Of those that may hold the key; tables with nothing as old as `version` are left out, they
  // cannot matter.
  std::optional<Version> least_version_of_bystanders(Bytes user_key, Version version) const {
    return least_version_of_bystanders(version, [user_key](const Bystander& bystander) {
      return bystander.meta->covers(user_key) &&
             (bystander.filter == nullptr || bystander.filter->may_contain(user_key, nullptr));
    });
  }
  std::optional<Version> least_version_of_bystanders(const KeyRange& range, Version version) const {
    return least_version_of_bystanders(
        version, [&range](const Bystander& bystander) { return range.overlaps(*bystander.meta); });
  }
  template <typename MayHold>
  std::optional<Version> least_version_of_bystanders(Version version, MayHold may_hold) const {
    std::optional<Version> least;
    for (const Bystander& bystander : request_.bystanders) {
      const Version theirs = bystander.meta->properties.least_version;
      if (theirs > version || (least.has_value() && *least <= theirs)) continue;
      if (may_hold(bystander)) least = theirs;
    }
    return least;
  }

  env::FileSystem& files_;
  const CompactionRequest& request_;
  const env::Cause cause_;
  SstableWriter writer_;
  sstable::ReadCounters counters_;
  std::vector<sstable::RangeTombstone> input_ranges_;
  std::vector<bool> purged_;  // of one key's entries
  CompactionOutcome outcome_;
};

}  // namespace

CompactionOutcome run_compaction(env::FileSystem& files, const CompactionRequest& request) {
  return CompactionJob(files, request).run();
}

}  // namespace revenant::lsm
