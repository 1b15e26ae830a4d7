#include "engine/lsm/compaction/compaction_job.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/check.h"
#include "engine/lsm/compaction/retention.h"
#include "engine/lsm/compaction/sstable_writer.h"

namespace revenant::lsm {
namespace {

constexpr uint64_t kKeysPerStep = 1024;

}  // namespace

struct CompactionJob::Impl {
  Impl(env::FileSystem& files, CompactionRequest r)
      : files_(files),
        request_(std::move(r)),
        cause_(env::Cause::compaction(request_.from, request_.to)),
        writer_(files, {.directory = request_.directory,
                        .sstable = request_.sstable,
                        .cause = cause_,
                        .creation_time = request_.now,
                        .first_number = request_.first_output,
                        .numbers = request_.output_numbers,
                        .run = request_.run,
                        .file_bytes_max = request_.output_bytes_max,
                        .boundaries = request_.boundaries,
                        .grandparent_bytes_max = request_.grandparent_bytes_max,
                        .grandparents = request_.grandparents,
                        .repaired_at = request_.repaired_at}) {}

  State advance(Pause pause) {
    auto state = merge(pause);
    if (state.has_value()) return *state;
    outcome_.status = std::unexpected(std::move(state.error()));
    return State::kEnded;
  }

  CompactionOutcome take() {
    const auto& created = writer_.created();
    outcome_.created.assign(created.begin() + static_cast<std::ptrdiff_t>(taken_files_),
                            created.end());
    outcome_.bytes_read =
        counters_.bytes_from_file - std::exchange(taken_bytes_read_, counters_.bytes_from_file);
    const uint64_t shadowed = retention_.has_value() ? retention_->dropped() : 0;
    outcome_.shadowed = shadowed - std::exchange(taken_shadowed_, shadowed);
    for (const SstableMetaPtr& output : outcome_.outputs)
      outcome_.bytes_written += output->file_bytes;
    taken_files_ = created.size();
    return std::exchange(outcome_, {});
  }

  Buffer position() const { return writer_.limit_of_closed(); }
  uint64_t bytes_written() const { return writer_.bytes(); }

 private:
  Result<State> merge(Pause pause) {
    if (!retention_.has_value()) RETURN_IF_ERROR(begin());
    const uint64_t begin = writer_.bytes();
    Retention& retention = *retention_;
    for (; retention.valid(); retention.next()) {
      if (++keys_met_ % kKeysPerStep == 0 && request_.between_steps) request_.between_steps();
      if (!request_.limit.empty() && retention.user_key() >= request_.limit) break;
      if (pause.at_output) {
        ASSIGN_OR_RETURN(const bool closed, writer_.close_before(retention.user_key()));
        if (closed) {
          ASSIGN_OR_RETURN(outcome_.outputs, writer_.take_closed());
          return State::kClosedOutput;
        }
      }
      if (writer_.bytes() - begin >= pause.bytes) return State::kPaused;
      RETURN_IF_ERROR(write(retention.user_key(), retention.kept()));
    }
    if (auto read = retention.status(); !read.has_value()) {
      for (const auto& [number, iterator] : iterators_) {
        if (!iterator->status().has_value()) outcome_.unreadable = number;
      }
      return std::unexpected(std::move(read.error()));
    }
    ASSIGN_OR_RETURN(outcome_.outputs, writer_.finish());
    return State::kEnded;
  }

  Result<void> begin() {
    ASSIGN_OR_RETURN(auto entries, open_inputs());
    cut_ranges();
    ranges_.emplace(input_ranges_);
    writer_.add(retained_ranges(*ranges_));
    retention_.emplace(std::move(entries), *ranges_, request_.snapshots, request_.now);
    request_.least.empty() ? retention_->seek_to_first() : retention_->seek(request_.least);
    return {};
  }

  // To what lies within this job's bounds.
  void cut_ranges() {
    for (sstable::RangeTombstone& range : input_ranges_) {
      if (range.start < request_.least) range.start = request_.least;
      if (!request_.limit.empty() && range.end > request_.limit) range.end = request_.limit;
    }
    std::erase_if(input_ranges_,
                  [](const sstable::RangeTombstone& range) { return range.start >= range.end; });
  }

  Result<std::unique_ptr<sstable::Iterator>> open_inputs() {
    std::vector<std::unique_ptr<sstable::Iterator>> iterators;
    for (const SstableMetaPtr& input : request_.inputs) {
      auto reader = open_input(input->number);
      if (!reader.has_value()) {
        outcome_.unreadable = input->number;
        return std::unexpected(std::move(reader.error()));
      }
      std::ranges::copy((*reader)->range_tombstones().list(), std::back_inserter(input_ranges_));
      iterators.push_back(
          (*reader)->iterate({.cause = cause_, .cache = nullptr, .counters = &counters_}));
      iterators_.emplace_back(input->number, iterators.back().get());
    }
    return sstable::make_merging_iterator(std::move(iterators));
  }
  Result<std::shared_ptr<sstable::SstableReader>> open_input(FileNumber number) {
    const std::string path = sstable_path(request_.directory, number);
    ASSIGN_OR_RETURN(auto file, files_.open(path));
    return sstable::SstableReader::open(std::move(file), number, path, cause_);
  }

  // One key's entries. A tombstone goes only if no entry that it shadows stays, so the oldest is
  // judged first.
  Result<void> write(Bytes user_key, std::span<const Retention::Entry> kept) {
    if (request_.owned != nullptr && !contains(*request_.owned, user_key)) {
      outcome_.cells_not_owned += kept.size();
      for (const Retention::Entry& entry : kept)
        outcome_.bytes_not_owned += user_key.size() + entry.cell().value.size();
      return {};
    }
    reasons_.assign(kept.size(), std::nullopt);
    std::optional<Version> least_kept;
    for (size_t i = kept.size(); i-- > 0;) {
      const CellView cell = kept[i].cell();
      if (cell.is_tombstone()) {
        reasons_[i] = decide(
            {Buffer(user_key), cell.version, {}}, cell, request_.gc.of(user_key, request_.now),
            [&] { return least_version_of_bystanders(user_key, cell.version); }, least_kept,
            request_.streaming != nullptr && contains(*request_.streaming, user_key));
      }
      if (reasons_[i] != PurgeReason::kPurged)
        least_kept = std::min(least_kept.value_or(Version::max()), cell.version);
    }
    for (size_t i = 0; i < kept.size(); ++i) {
      if (reasons_[i] != PurgeReason::kPurged)
        RETURN_IF_ERROR(writer_.add(kept[i].key, kept[i].value));
    }
    if (!request_.watched.empty() && std::ranges::binary_search(request_.watched, user_key)) {
      tell_of(user_key, kept);
    }
    return {};
  }

  void tell_of(Bytes user_key, std::span<const Retention::Entry> kept) {
    for (size_t i = 0; i < kept.size(); ++i) {
      const CellView cell = kept[i].cell();
      const bool purged = reasons_[i] == PurgeReason::kPurged;
      outcome_.watched.push_back({Buffer(user_key), cell.kind, cell.version,
                                  purged ? FileNumber{} : writer_.created().back(),
                                  reasons_[i] ? to_string(*reasons_[i]) : ""});
    }
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
      const PurgeReason reason = decide(
          {t.start, t.version, t.end}, cell,
          request_.gc.of_all(KeyRange{t.start, t.end}, request_.now),
          [&] { return least_version_of_bystanders(KeyRange{t.start, t.end}, t.version); },
          snapshots,
          request_.streaming != nullptr && overlaps(*request_.streaming, t.start, t.end));
      return reason == PurgeReason::kPurged;
    });
    return retained;
  }

  template <typename LeastOfBystanders>
  PurgeReason decide(PurgedTombstone name, const CellView& tombstone, GcBefore gc,
                     LeastOfBystanders least_of_bystanders,
                     std::optional<Version> least_version_snapshots, bool streaming) {
    PurgeInputs inputs{.mode = request_.gc.mode,
                       .gc = gc,
                       .unrepaired = request_.only_repaired && !request_.repaired_at.has_value(),
                       .least_version_sstables = std::nullopt,
                       .least_version_memtables = request_.least_version_memtables,
                       .least_version_log = request_.least_version_log,
                       .least_version_snapshots = least_version_snapshots,
                       .streaming = streaming};
    // Looking at the bystanders costs something, so not for a tombstone that its grace keeps
    // anyway.
    if (!request_.guards.grace || gc.passed(tombstone)) {
      inputs.least_version_sstables = least_of_bystanders();
    }
    const PurgeReason reason = may_purge(tombstone, inputs, request_.guards);
    ++outcome_.decisions[static_cast<size_t>(reason)];
    if (reason == PurgeReason::kPurged) outcome_.purged.push_back(std::move(name));
    return reason;
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
  const CompactionRequest request_;
  const env::Cause cause_;
  SstableWriter writer_;
  sstable::ReadCounters counters_;  // outlives the iterators below
  std::vector<sstable::RangeTombstone> input_ranges_;
  std::optional<sstable::RangeTombstones> ranges_;  // these two once begun
  std::optional<Retention> retention_;
  std::vector<std::pair<FileNumber, const sstable::Iterator*>> iterators_;  // within retention_
  // Of one key's entries, where tombstones.
  std::vector<std::optional<PurgeReason>> reasons_;
  CompactionOutcome outcome_;  // not yet taken
  uint64_t keys_met_ = 0;
  size_t taken_files_ = 0;
  uint64_t taken_bytes_read_ = 0, taken_shadowed_ = 0;
};

CompactionJob::CompactionJob(env::FileSystem& files, CompactionRequest request)
    : impl_(std::make_unique<Impl>(files, std::move(request))) {}
CompactionJob::~CompactionJob() = default;
CompactionJob::State CompactionJob::advance(Pause pause) { return impl_->advance(pause); }
Buffer CompactionJob::position() const { return impl_->position(); }
uint64_t CompactionJob::bytes_written() const { return impl_->bytes_written(); }
CompactionOutcome CompactionJob::take() { return impl_->take(); }

void CompactionOutcome::append(CompactionOutcome next) {
  if (status.has_value()) {
    status = std::move(next.status);
    unreadable = next.unreadable;
  }
  created.insert(created.end(), next.created.begin(), next.created.end());
  outputs.insert(outputs.end(), next.outputs.begin(), next.outputs.end());
  std::ranges::move(next.purged, std::back_inserter(purged));
  std::ranges::move(next.watched, std::back_inserter(watched));
  for (size_t i = 0; i < kPurgeReasons; ++i) decisions[i] += next.decisions[i];
  shadowed += next.shadowed;
  cells_not_owned += next.cells_not_owned;
  bytes_not_owned += next.bytes_not_owned;
  bytes_read += next.bytes_read;
  bytes_written += next.bytes_written;
}

CompactionOutcome run_compaction(env::FileSystem& files, const CompactionRequest& request) {
  CompactionJob job(files, request);
  CHECK(job.advance({}) == CompactionJob::State::kEnded);
  return job.take();
}

}  // namespace revenant::lsm
