#include "engine/lsm/compactor.h"

#include <algorithm>
#include <utility>

namespace revenant::lsm {
namespace {

// A clock that is stepped or drifts may wake a check early: at least this long to the next.
constexpr Duration kCheckPeriodMin = milliseconds(1);

ManifestEdit edit_of(const CompactionPick& pick, const std::vector<SstableMetaPtr>& outputs) {
  ManifestEdit edit;
  for (const SstableMetaPtr& input : pick.inputs) edit.removed.push_back(input->number);
  for (const SstableMetaPtr& output : outputs) edit.added.push_back({pick.to, output});
  return edit;
}

// Of the tombstones that the clock alone would let go; 0 if there are none.
Version greatest_droppable_version(const CompactionRequest& request) {
  Version greatest;
  for (const SstableMetaPtr& input : request.inputs) {
    const auto& p = input->properties;
    if (p.tombstones + p.expiring + p.range_tombstones == 0) continue;
    const CellView oldest{.kind = CellKind::kTombstone,
                          .version = p.greatest_version,
                          .deletion_time = p.least_deletion_time,
                          .value = {}};
    if (request.guards.grace && !past_grace(oldest, request.now, request.gc_grace)) continue;
    greatest = std::max(greatest, p.greatest_version);
  }
  return greatest;
}

}  // namespace

Compactor::Compactor(Core& core)
    : core_(core),
      picker_(make_picker(core.options.compaction, core.options.gc_grace)),
      check_changed_(core.env.tasks) {}

void Compactor::schedule() {
  if (running_ || core_.stopped()) return;
  running_ = true;
  core_.background("compaction", [this] { run(); });
}

void Compactor::run() {
  while (!core_.stopped() && majors_waiting_ == 0) {
    const std::optional<CompactionPick> pick =
        picker_->pick(core_.view->sstables->metas(), core_.env.clock.now());
    if (!pick.has_value()) break;
    auto ending = pick->purpose == CompactionPurpose::kMove ? move(*pick) : compact(*pick);
    if (!ending.has_value()) failed(ending.error());
    core_.progress.wake_all();
  }
  running_ = false;
  core_.progress.wake_all();
  arm_check();
}

Result<void> Compactor::compact_all() {
  ++majors_waiting_;
  while (running_ && !core_.stopped()) core_.progress.wait("major compaction");
  --majors_waiting_;
  RETURN_IF_ERROR(core_.writable());
  running_ = true;
  Result<void> result;
  for (bool again = true; again;) {
    again = false;
    const std::optional<CompactionPick> pick = picker_->pick_major(core_.view->sstables->metas());
    if (!pick.has_value()) break;
    auto ending = compact(*pick);
    if (!ending.has_value()) {
      failed(ending.error());
      result = std::unexpected(ending.error());
    } else {
      again = *ending == Ending::kAbandoned;
    }
  }
  running_ = false;
  core_.progress.wake_all();
  schedule();
  return result;
}

Result<Compactor::Ending> Compactor::move(const CompactionPick& pick) {
  RETURN_IF_ERROR(core_.install_when_there_is_room(edit_of(pick, pick.inputs)));
  CompactionOutcome outcome;
  outcome.outputs = pick.inputs;
  report(pick, outcome, Ending::kInstalled);
  return Ending::kInstalled;
}

Result<Compactor::Ending> Compactor::compact(const CompactionPick& pick) {
  Start start{
      .view = core_.view, .sequence = core_.last_sequence, .memtables = {core_.view->active}};
  core_.watched_memtables = &start.memtables;
  struct Unwatch {
    Core& core;
    ~Unwatch() { core.watched_memtables = nullptr; }
  } unwatch{core_};

  ASSIGN_OR_RETURN(const CompactionRequest request,
                   make_request(pick, *start.view, core_.env.clock.now()));
  CompactionOutcome outcome;
  core_.env.tasks.run_job("compaction", env::JobUrgency::kLong,
                          [&] { outcome = run_compaction(core_.env.files, request); });
  if (!outcome.status.has_value()) {
    discard(outcome);
    return std::unexpected(outcome.status.error());
  }
  for (;;) {
    auto ending = install(pick, start, outcome);
    if (ending.has_value() || ending.error().code != ErrorCode::kNoSpace) {
      if (ending.has_value()) core_.room_again();
      return ending;
    }
    // The manifest had no room. The result is kept, and looked at again before the next attempt:
    // what is in the manifest of this one is unknown, so its files must stay.
    core_.out_of_space(ending.error());
    core_.retry_later();
    if (core_.stopped()) return std::unexpected(core_.writable().error());
  }
}

Result<CompactionRequest> Compactor::make_request(const CompactionPick& pick, const View& view,
                                                  Instant now) {
  CompactionRequest request;
  request.directory = core_.directory;
  request.sstable = core_.options.sstable;
  request.from = pick.from;
  request.to = pick.to;
  request.inputs = pick.inputs;
  request.output_bytes_max = pick.output_bytes_max;
  uint64_t input_bytes = 0;
  for (const SstableMetaPtr& input : pick.inputs) input_bytes += input->file_bytes;
  // More than it can need; numbers are not scarce.
  request.output_numbers = 2 + 2 * (input_bytes / pick.output_bytes_max);
  request.first_output = core_.reserve_file_numbers(request.output_numbers);
  request.now = now;
  request.gc_grace = core_.options.gc_grace;
  request.guards = core_.options.purge_guards;
  request.between_steps = [&tasks = core_.env.tasks] { tasks.run_urgent_jobs(); };
  request.least_version_memtables = view.least_version_memtables();
  request.least_version_log = core_.log.least_version();
  request.snapshots = core_.snapshots->sequences();
  if (std::exchange(keep_tombstones_, false)) request.least_version_memtables = Version{};
  // Nothing above this line suspends: all of it is of one moment.
  if (request.guards.sstables) RETURN_IF_ERROR(add_bystanders(request, view));
  return request;
}

Result<void> Compactor::add_bystanders(CompactionRequest& request, const View& view) {
  const KeyRange range = key_range(request.inputs);
  const Version greatest = greatest_droppable_version(request);
  for (const auto& level : view.sstables->levels()) {
    for (const SstablePtr& sstable : level) {
      // One that cannot matter is not opened.
      if (sstable->meta().properties.least_version > greatest) continue;
      if (!range.overlaps(sstable->meta())) continue;
      if (std::ranges::find(request.inputs, sstable->meta_ptr()) != request.inputs.end()) continue;
      ASSIGN_OR_RETURN(auto filter,
                       sstable->open(core_.env.files, core_.directory,
                                     env::Cause::compaction(request.from, request.to)));
      request.bystanders.push_back({sstable->meta_ptr(), std::move(filter)});
    }
  }
  return {};
}

bool Compactor::older_writes_arrived(const Start& start,
                                     const std::vector<PurgedTombstone>& purged) const {
  return std::ranges::any_of(purged, [&](const PurgedTombstone& tombstone) {
    return std::ranges::any_of(start.memtables, [&](const std::shared_ptr<Memtable>& memtable) {
      if (tombstone.end.empty()) {
        return memtable->holds_older(tombstone.key, tombstone.version, start.sequence);
      }
      return memtable->holds_older(tombstone.key, tombstone.end, tombstone.version, start.sequence);
    });
  });
}

Result<Compactor::Ending> Compactor::install(const CompactionPick& pick, const Start& start,
                                             const CompactionOutcome& outcome) {
  std::optional<env::Mutex::Lock> no_commits;
  if (!outcome.purged.empty() && core_.options.purge_guards.memtables) {
    no_commits.emplace(core_.commit_lock);
    if (older_writes_arrived(start, outcome.purged)) {
      keep_tombstones_ = true;
      discard(outcome);
      report(pick, outcome, Ending::kAbandoned);
      return Ending::kAbandoned;
    }
  }
  RETURN_IF_ERROR(core_.install(edit_of(pick, outcome.outputs)));
  for (const PurgedTombstone& tombstone : outcome.purged) {
    if (tombstone.end.empty()) {
      core_.env.events.purged(tombstone.key, tombstone.version);
    } else {
      core_.env.events.range_purged(tombstone.key, tombstone.end, tombstone.version);
    }
  }
  report(pick, outcome, Ending::kInstalled);
  return Ending::kInstalled;
}

void Compactor::failed(const Error& failure) {
  if (failure.code == ErrorCode::kNoSpace) {
    core_.retry_later();
  } else if (!core_.closing()) {
    core_.fence(failure);
  }
}

void Compactor::discard(const CompactionOutcome& outcome) {
  for (FileNumber number : outcome.created) core_.remove_soon({FileKind::kSstable, number});
}

void Compactor::report(const CompactionPick& pick, const CompactionOutcome& outcome,
                       Ending ending) {
  const bool installed = ending == Ending::kInstalled;
  LsmMetrics& metrics = core_.metrics;
  if (installed) {
    ++metrics.compactions;
    metrics.shadowed_dropped += outcome.shadowed;
    for (size_t i = 0; i < kPurgeReasons; ++i) metrics.purge_decisions[i] += outcome.decisions[i];
  } else {
    ++metrics.compactions_abandoned;
  }
  core_.env.events.compacted({.from = pick.from,
                              .to = pick.to,
                              .inputs = static_cast<int>(pick.inputs.size()),
                              .outputs = static_cast<int>(outcome.outputs.size()),
                              .bytes_read = outcome.bytes_read,
                              .bytes_written = outcome.bytes_written,
                              .tombstones_purged = outcome.purged.size(),
                              .installed = installed});
}

void Compactor::arm_check() {
  check_at_ = picker_->next_check(core_.view->sstables->metas(), core_.env.clock.now());
  check_changed_.wake_all();
  if (check_armed_ || !check_at_.has_value() || core_.stopped()) return;
  check_armed_ = true;
  core_.background("tombstone check", [this] {
    while (check_at_.has_value() && !core_.stopped()) {
      const Instant now = core_.env.clock.now();
      if (now >= *check_at_) {
        check_at_.reset();
        schedule();
        break;
      }
      check_changed_.wait("tombstone check", std::max(*check_at_ - now, kCheckPeriodMin));
    }
    check_armed_ = false;
  });
}

}  // namespace revenant::lsm
