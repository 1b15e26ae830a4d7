#include "engine/lsm/compactor.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/check.h"
#include "engine/lsm/compaction/anticompaction.h"

namespace revenant::lsm {
namespace {

// A clock that is stepped or drifts may wake a check early: at least this long to the next.
constexpr Duration kCheckPeriodMin = milliseconds(1);

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
    if (request.guards.grace && !request.gc.of_some(key_range(*input), request.now).passed(oldest))
      continue;
    greatest = std::max(greatest, p.greatest_version);
  }
  return greatest;
}

// RocksDB (DBImpl::GetBGJobLimits): a quarter of the jobs is for flushes. Here one flush runs.
int64_t compactions_max(const LsmOptions& options) {
  return std::max<int64_t>(1, options.max_background_jobs - 1);
}

// Keys that divide the inputs into at most `parts` of about the same size. None if one part will do.
std::vector<Buffer> split_keys(const CompactionPick& pick, int64_t parts) {
  std::vector<SstableMetaPtr> inputs = pick.inputs;
  std::ranges::sort(inputs, {},
                    [](const SstableMetaPtr& s) { return std::pair(s->least_key(), s->number); });
  const uint64_t bytes = total_bytes(inputs);
  // No part smaller than an output.
  const auto count = std::min<uint64_t>(static_cast<uint64_t>(parts),
                                        bytes / std::max<uint64_t>(pick.output_bytes_max, 1));
  std::vector<Buffer> keys;
  uint64_t before = 0;
  for (const SstableMetaPtr& input : inputs) {
    // Just after a key, so that a range tombstone cut there ends at that key and not at the next
    // part's first.
    Buffer key = Buffer(input->least_key()) + '\0';
    if (before >= bytes / std::max<uint64_t>(count, 1) * (keys.size() + 1) &&
        keys.size() + 1 < count && (keys.empty() || key > keys.back())) {
      keys.push_back(std::move(key));
    }
    before += input->file_bytes;
  }
  return keys;
}

// Whether no SSTable lies deeper than this level.
bool is_bottommost(int level, const View& view) {
  const auto& levels = view.sstables->levels();
  for (size_t deeper = static_cast<size_t>(level) + 1; deeper < levels.size(); ++deeper) {
    if (!levels[deeper].empty()) return false;
  }
  return level > 0;
}

}  // namespace

// On construction what is written becomes known to picks, until destruction.
class Compactor::Claim {
 public:
  Claim(std::vector<RunningCompaction>& running, const CompactionPick& pick)
      : running_(running), first_(pick.inputs.front()->number) {
    running_.push_back({.to = pick.to, .range = key_range(pick.inputs), .inputs = pick.inputs});
  }
  Claim(const Claim&) = delete;
  ~Claim() {
    // Inputs are claimed once, so the first one names the entry; if it was set aside meanwhile, the
    // entry for that is behind.
    running_.erase(std::ranges::find_if(running_, [&](const RunningCompaction& r) {
      return !r.inputs.empty() && r.inputs.front()->number == first_;
    }));
  }

 private:
  std::vector<RunningCompaction>& running_;
  const FileNumber first_;
};

struct Compactor::Execution {
  Execution(Core& c, CompactionPick& p)
      : core(c), pick(p), view(c.view), sequence(c.last_sequence), memtables{c.view->active} {
    core.memtable_watchers.push_back(&memtables);
  }
  Execution(const Execution&) = delete;
  ~Execution() { std::erase(core.memtable_watchers, &memtables); }

  // Whether a write came, since this began, that `tombstone` should have kept away.
  bool older_write_arrived(const PurgedTombstone& tombstone) const {
    return std::ranges::any_of(memtables, [&](const std::shared_ptr<Memtable>& memtable) {
      if (tombstone.end.empty())
        return memtable->holds_older(tombstone.key, tombstone.version, sequence);
      return memtable->holds_older(tombstone.key, tombstone.end, tombstone.version, sequence);
    });
  }

  Core& core;
  CompactionPick& pick;  // its inputs are those still in the view
  CompactionRequest request;
  const std::shared_ptr<const View> view;            // as it began
  const SequenceNumber sequence;                     // likewise
  std::vector<std::shared_ptr<Memtable>> memtables;  // those that took writes since
  std::vector<PurgedTombstone> purged;               // whose inputs are still there
  CompactionOutcome total;                           // of what is installed
};

Compactor::Compactor(Core& core)
    : core_(core), gc_(core.options.gc_rule()), check_changed_(core.env.tasks) {
  make_picker();
}

void Compactor::make_picker() {
  picker_ = lsm::make_picker(
      core_.options.compaction,
      {.gc = gc_, .memtable_bytes = static_cast<uint64_t>(core_.options.memtable_size.bytes)});
}

void Compactor::set_gc_grace(Duration gc_grace) {
  gc_.gc_grace = gc_grace;
  make_picker();
  schedule();
}

void Compactor::set_repaired(std::shared_ptr<const RepairedRanges> repaired) {
  gc_.repaired = std::move(repaired);
  make_picker();
  schedule();
}

LsmState Compactor::state(const Levels& levels) const {
  return {.levels = levels,
          .now = core_.env.clock.now(),
          .compact_pointers = core_.view->sstables->compact_pointers(),
          .running = running_};
}

template <typename PickFrom>
std::optional<CompactionPick> Compactor::pick_of_sets(PickFrom pick_from) const {
  const Levels& all = core_.view->sstables->metas();
  const auto repaired = [](const SstableMetaPtr& s) { return s->repaired_at.has_value(); };
  if (std::ranges::none_of(
          all, [&](const auto& level) { return std::ranges::any_of(level, repaired); })) {
    return pick_from(all);
  }
  for (const bool wanted : {false, true}) {
    Levels set = all;
    for (auto& level : set)
      std::erase_if(level, [&](const SstableMetaPtr& s) { return repaired(s) != wanted; });
    if (auto pick = pick_from(set)) return pick;
  }
  return std::nullopt;
}

void Compactor::schedule() {
  if (workers_ >= compactions_max(core_.options) || major_ || core_.stopped()) return;
  ++workers_;
  core_.background("compaction", [this] { run(); });
}

void Compactor::run() {
  while (!core_.stopped() && majors_waiting_ == 0) {
    std::optional<CompactionPick> pick =
        pick_of_sets([this](const Levels& levels) { return picker_->pick(state(levels)); });
    if (!pick.has_value()) break;
    const Claim claim(running_, *pick);
    schedule();  // what else is due
    if (auto done = execute(std::move(*pick)); !done.has_value()) failed(done.error());
    core_.progress.wake_all();
  }
  --workers_;
  core_.progress.wake_all();
  arm_check();
}

Result<void> Compactor::wait_for_others(const char* why, uint64_t of_session) {
  ++majors_waiting_;
  const auto others = [&] {
    return workers_ > 0 || major_ || running_.size() > set_aside_ + of_session;
  };
  while (others() && !core_.stopped()) core_.progress.wait(why);
  --majors_waiting_;
  return core_.writable();
}

Result<void> Compactor::drop_all() {
  RETURN_IF_ERROR(wait_for_others("truncation"));
  ManifestEdit edit;
  for (const auto& level : core_.view->sstables->metas()) {
    for (const SstableMetaPtr& sstable : level) edit.removed.push_back(sstable->number);
  }
  if (edit.removed.empty()) return {};
  major_ = true;
  auto dropped = core_.install_when_there_is_room(edit);
  if (dropped.has_value()) {  // those set aside too
    running_.clear();
    set_aside_ = 0;
    unreadable_.reset();
  }
  major_ = false;
  core_.progress.wake_all();
  schedule();
  return dropped;
}

Result<void> Compactor::compact_all(const std::function<KeySpans()>& owned) {
  RETURN_IF_ERROR(wait_for_others("major compaction"));
  if (unreadable_.has_value()) return std::unexpected(*unreadable_);
  major_ = true;
  Result<void> result;
  // One set after the other; of each once, though what it leaves could be picked again.
  std::vector<CompactionPick> picks;
  (void)pick_of_sets([&](const Levels& levels) -> std::optional<CompactionPick> {
    if (auto pick = picker_->pick_major(levels)) picks.push_back(std::move(*pick));
    return std::nullopt;
  });
  for (CompactionPick& pick : picks) {
    if (!result.has_value() || core_.stopped()) break;
    if (owned != nullptr) {
      owned_ = std::make_shared<const KeySpans>(owned());
      // A crash between two of its edits could leave a key's value without its tombstone.
      pick.incremental = false;
    }
    const Claim claim(running_, pick);
    result = execute(std::move(pick));
    owned_.reset();
    if (!result.has_value()) failed(result.error());
    if (unreadable_.has_value()) result = std::unexpected(*unreadable_);
  }
  major_ = false;
  core_.progress.wake_all();
  schedule();
  return result;
}

Result<std::shared_ptr<const SstableSet>> Compactor::begin_session(
    bool pinned, std::shared_ptr<const KeySpans> spans) {
  RETURN_IF_ERROR(wait_for_others("repair session"));
  if (unreadable_.has_value()) return std::unexpected(*unreadable_);
  std::vector<FileNumber> within;
  if (spans != nullptr) {
    major_ = true;
    auto split = anticompact_all(spans);
    major_ = false;
    core_.progress.wake_all();
    schedule();
    if (!split.has_value()) return std::unexpected(std::move(split.error()));
    within = std::move(*split);
  }
  auto taken = core_.view->sstables->only([&](const SstableMeta& sstable) {
    return spans == nullptr ? !sstable.repaired_at.has_value()
                            : std::ranges::find(within, sstable.number) != within.end();
  });
  if (pinned && taken->level0_size() > 0) {
    const std::vector<SstableMetaPtr>& inputs = taken->metas()[0];
    session_ = inputs.front()->number;
    running_.push_back({.to = 0, .range = key_range(inputs), .inputs = inputs});
  }
  schedule();
  return taken;
}

// What is flushed meanwhile was written after the session began, and is not of it.
Result<std::vector<FileNumber>> Compactor::anticompact_all(
    const std::shared_ptr<const KeySpans>& spans) {
  std::vector<FileNumber> within;
  std::vector<SstableMetaPtr> straddling;
  if (const Levels& levels = core_.view->sstables->metas(); !levels.empty()) {
    for (const SstableMetaPtr& sstable : levels[0]) {
      if (sstable->repaired_at.has_value()) continue;
      if (lies_within(*sstable, *spans)) {
        within.push_back(sstable->number);
      } else if (overlaps(*spans, sstable->least_key(), Buffer(sstable->greatest_key()) + '\0')) {
        straddling.push_back(sstable);
      }
    }
  }
  for (const SstableMetaPtr& sstable : straddling)
    RETURN_IF_ERROR(anticompact_one(sstable, spans, within));
  return within;
}

Result<void> Compactor::anticompact_one(const SstableMetaPtr& input,
                                        const std::shared_ptr<const KeySpans>& spans,
                                        std::vector<FileNumber>& within) {
  AnticompactionRequest request;
  request.directory = core_.directory;
  request.sstable = core_.options.sstable.at_level(0, false);
  request.input = input;
  request.spans = spans;
  const FileNumber first = core_.reserve_file_numbers(2);
  request.outputs = {first, FileNumber{first.value + 1}};
  request.watched = core_.env.events.watched_keys();
  request.between_steps = [&tasks = core_.env.tasks] { tasks.run_urgent_jobs(); };
  AnticompactionOutcome outcome;
  core_.env.tasks.run_job("anticompaction", env::JobUrgency::kLong,
                          [&] { outcome = anticompact(core_.env.files, request); });
  if (!outcome.status.has_value()) {
    for (FileNumber number : outcome.created) core_.remove_soon({FileKind::kSstable, number});
    return outcome.status;
  }
  core_.keep_to_rate(outcome.bytes_written);
  ManifestEdit edit;
  edit.removed.push_back(input->number);
  for (const SstableMetaPtr& output : outcome.outputs) {
    if (output != nullptr) edit.added.push_back({0, output});
  }
  RETURN_IF_ERROR(core_.install_when_there_is_room(edit));
  if (outcome.outputs[0] != nullptr) within.push_back(outcome.outputs[0]->number);
  ++core_.metrics.anticompactions;
  core_.metrics.bytes_anticompacted += outcome.bytes_written;
  if (!outcome.watched.empty())
    core_.env.events.rewritten(std::span(&input->number, 1), outcome.watched);
  core_.env.events.compacted({.inputs = 1,
                              .outputs = static_cast<int>(edit.added.size()),
                              .bytes_read = outcome.bytes_read,
                              .bytes_written = outcome.bytes_written,
                              .explanation = "anticompaction: a repair of some of its keys"});
  return {};
}

Result<void> Compactor::mark_repaired(const SstableSet& taken, Instant at,
                                      SstableMetaPtr received) {
  RETURN_IF_ERROR(wait_for_others("mark of a repair", session_.has_value() ? 1 : 0));
  ManifestEdit edit;
  for (const auto& level : taken.levels()) {
    for (const SstablePtr& sstable : level) {
      if (core_.view->sstables->find(sstable->meta().number) == nullptr) continue;
      auto meta = std::make_shared<SstableMeta>(sstable->meta());
      meta->repaired_at = at;
      edit.removed.push_back(meta->number);
      edit.added.push_back({0, std::move(meta)});
    }
  }
  if (received != nullptr) edit.added.push_back({0, std::move(received)});
  if (edit.added.empty()) return {};
  // A compaction that began before `received` is there would not know what it holds.
  major_ = true;
  auto marked = core_.install_when_there_is_room(edit);
  major_ = false;
  core_.progress.wake_all();
  return marked;
}

void Compactor::end_session() {
  if (session_.has_value()) {
    std::erase_if(running_, [&](const RunningCompaction& r) {
      return !r.inputs.empty() && r.inputs.front()->number == *session_;
    });
    session_.reset();
  }
  core_.progress.wake_all();
  schedule();
}

int Compactor::place_flush(const SstableMeta& flushed) {
  const KeyRange range{Buffer(flushed.least_key()), Buffer(flushed.greatest_key())};
  const int level = picker_->flush_level(state(core_.view->sstables->metas()), range);
  running_.push_back({.to = level, .range = range, .inputs = {}});
  return level;
}

void Compactor::flush_installed() {
  std::erase_if(running_, [](const RunningCompaction& r) { return r.inputs.empty(); });
  schedule();
}

uint64_t Compactor::pending_bytes() {
  if (pending_as_of_ != core_.edits) {
    pending_as_of_ = core_.edits;
    pending_bytes_ = picker_->pending_bytes(core_.view->sstables->metas());
  }
  return pending_bytes_;
}

Result<void> Compactor::execute(CompactionPick pick) {
  if (pick.purpose == CompactionPurpose::kMove) return move(pick);
  ASSIGN_OR_RETURN(const Ending ending, compact(pick, false));
  if (ending != Ending::kAbandoned) return {};
  // Keeping all tombstones, it cannot be abandoned again.
  ASSIGN_OR_RETURN(const Ending again, compact(pick, true));
  CHECK(again != Ending::kAbandoned);
  return {};
}

Result<void> Compactor::move(const CompactionPick& pick) {
  ManifestEdit edit;
  CompactionOutcome outcome;
  for (const SstableMetaPtr& input : pick.inputs) edit.removed.push_back(input->number);
  for (const SstableMetaPtr& input : pick.inputs) edit.added.push_back({pick.to, input});
  outcome.outputs = pick.inputs;
  if (pick.compact_pointer.has_value())
    edit.compact_pointers.emplace_back(pick.from, *pick.compact_pointer);
  RETURN_IF_ERROR(core_.install_when_there_is_room(edit));
  report(pick, pick.inputs.size(), outcome, Ending::kInstalled);
  return {};
}

Result<Compactor::Ending> Compactor::compact(CompactionPick& pick, bool keep_tombstones) {
  Execution execution(core_, pick);
  const size_t inputs = pick.inputs.size();
  execution.request = make_request(pick, *execution.view, core_.env.clock.now(), keep_tombstones);
  core_.env.events.reached({.kind = env::Milestone::Kind::kCompactionBegins, .level = pick.to});
  ASSIGN_OR_RETURN(const Ending ending, drive(execution));
  report(pick, inputs, execution.total, ending);
  return ending;
}

Result<Compactor::Ending> Compactor::drive(Execution& execution) {
  const CompactionPick& pick = execution.pick;
  if (!pick.incremental && core_.options.max_subcompactions > 1) {
    const std::vector<Buffer> keys = split_keys(pick, core_.options.max_subcompactions);
    if (!keys.empty()) return drive_split(execution, keys);
  }
  CompactionJob job(core_.env.files, execution.request);
  for (;;) {
    const CompactionJob::State state = advance(job, pick.incremental);
    CompactionOutcome outcome = job.take();
    if (!outcome.status.has_value()) return give_up(outcome);
    const bool ended = state == CompactionJob::State::kEnded;
    const Buffer position = ended ? Buffer() : job.position();
    ASSIGN_OR_RETURN(const Ending ending,
                     settle(execution, std::move(outcome),
                            ended ? std::nullopt : std::optional<Bytes>(position)));
    if (ended || ending != Ending::kInstalled) return ending;
  }
}

// Jobs of their own tasks, for the ranges between the keys.
Result<Compactor::Ending> Compactor::drive_split(Execution& execution,
                                                 const std::vector<Buffer>& keys) {
  // Shared with the tasks: whichever is unwound last lets go of it.
  struct Parts {
    std::vector<std::unique_ptr<CompactionJob>> jobs;
    size_t running = 0;
  };
  const auto parts = std::make_shared<Parts>();
  const uint64_t numbers = execution.request.output_numbers / (keys.size() + 1);
  CHECK(numbers > 0);
  for (size_t i = 0; i <= keys.size(); ++i) {
    CompactionRequest request = execution.request;
    if (i > 0) request.least = keys[i - 1];
    if (i < keys.size()) request.limit = keys[i];
    request.first_output.value += i * numbers;
    request.output_numbers = numbers;
    parts->jobs.push_back(std::make_unique<CompactionJob>(core_.env.files, std::move(request)));
  }
  parts->running = parts->jobs.size();
  for (size_t i = 1; i < parts->jobs.size(); ++i) {
    core_.background("subcompaction", [this, parts, i] {
      advance(*parts->jobs[i], false);
      --parts->running;
      core_.progress.wake_all();
    });
  }
  advance(*parts->jobs[0], false);
  --parts->running;
  while (parts->running > 0) core_.progress.wait("subcompactions");

  CompactionOutcome outcome;
  for (const auto& job : parts->jobs) outcome.append(job->take());
  if (!outcome.status.has_value()) return give_up(outcome);
  return settle(execution, std::move(outcome), std::nullopt);
}

// Until an output is closed, if that is asked for, or the end; at the rate limiter's pace.
CompactionJob::State Compactor::advance(CompactionJob& job, bool at_output) {
  for (;;) {
    const uint64_t before = job.bytes_written();
    CompactionJob::State state{};
    core_.env.tasks.run_job("compaction", env::JobUrgency::kLong, [&] {
      state = job.advance({.bytes = core_.rate_limiter.quantum(), .at_output = at_output});
    });
    core_.keep_to_rate(job.bytes_written() - before);
    if (state != CompactionJob::State::kPaused) return state;
  }
}

CompactionRequest Compactor::make_request(const CompactionPick& pick, const View& view, Instant now,
                                          bool keep_tombstones) {
  CompactionRequest request;
  request.directory = core_.directory;
  request.sstable = core_.options.sstable.at_level(pick.to, is_bottommost(pick.to, view));
  request.from = pick.from;
  request.to = pick.to;
  request.inputs = pick.inputs;
  request.output_bytes_max = pick.output_bytes_max;
  request.grandparent_bytes_max = pick.grandparent_bytes_max;
  request.grandparents = pick.grandparents;
  request.boundaries = pick.boundaries;
  // More than it can need; numbers are not scarce.
  const uint64_t outputs = 2 + 2 * (total_bytes(pick.inputs) / pick.output_bytes_max) +
                           pick.grandparents.size() + pick.boundaries.size();
  request.output_numbers = outputs * static_cast<uint64_t>(core_.options.max_subcompactions);
  request.first_output = core_.reserve_file_numbers(request.output_numbers);
  request.run = request.first_output;
  request.now = now;
  request.gc = gc_;
  request.guards = core_.options.purge_guards;
  request.streaming = streaming_;
  request.owned = owned_;
  request.only_repaired = core_.options.compaction.only_purge_repaired_tombstones;
  request.repaired_at = pick.inputs.front()->repaired_at;
  for (const SstableMetaPtr& input : pick.inputs)
    request.repaired_at = std::min(request.repaired_at, input->repaired_at);
  if (pick.ignores_overlap) request.guards.sstables = false;
  request.watched = core_.env.events.watched_keys();
  request.between_steps = [&tasks = core_.env.tasks] { tasks.run_urgent_jobs(); };
  request.least_version_memtables = view.least_version_memtables();
  request.least_version_log = core_.log.least_version();
  request.snapshots = core_.snapshots->sequences();
  if (keep_tombstones) request.least_version_memtables = Version{};
  // Nothing above this line suspends: all of it is of one moment.
  if (request.guards.sstables) add_bystanders(request, view);
  return request;
}

void Compactor::add_bystanders(CompactionRequest& request, const View& view) {
  const KeyRange range = key_range(request.inputs);
  const Version greatest = greatest_droppable_version(request);
  const auto& levels = view.sstables->levels();
  const bool deeper_only = core_.options.defects.has(Defect::kPurgeAsksDeeperLevelsOnly);
  for (size_t i = deeper_only ? static_cast<size_t>(request.to) + 1 : 0; i < levels.size(); ++i) {
    for (const SstablePtr& sstable : levels[i]) {
      // One that cannot matter is not opened.
      if (sstable->meta().properties.least_version > greatest) continue;
      if (!range.overlaps(sstable->meta())) continue;
      if (std::ranges::find(request.inputs, sstable->meta_ptr()) != request.inputs.end()) continue;
      auto filter = core_.tables.open(*sstable, env::Cause::compaction(request.from, request.to));
      // Of one that cannot be opened nothing is known but its range.
      request.bystanders.push_back(
          {sstable->meta_ptr(), filter.has_value() ? std::move(*filter) : nullptr});
    }
  }
}

namespace {

// Whether it may hold something that the tombstone shadowed, or the tombstone.
bool touches(const SstableMeta& sstable, const PurgedTombstone& tombstone) {
  if (tombstone.end.empty()) return sstable.covers(tombstone.key);
  return sstable.least_key() < tombstone.end && tombstone.key <= sstable.greatest_key();
}

// Takes out of `inputs`, and returns, those that may go now that everything below `position` (or
// everything) lies in outputs.
std::vector<SstableMetaPtr> take_released(std::vector<SstableMetaPtr>& inputs,
                                          const std::vector<PurgedTombstone>& purged,
                                          std::optional<Bytes> position) {
  if (!position.has_value()) return std::exchange(inputs, {});
  std::vector<SstableMetaPtr> released, kept;
  for (const SstableMetaPtr& input : inputs) {
    (input->greatest_key() < *position ? released : kept).push_back(input);
  }
  // A tombstone stays while anything that may hold what it shadowed does.
  for (bool changed = true; changed;) {
    changed = false;
    for (const PurgedTombstone& tombstone : purged) {
      const auto covers = [&](const SstableMetaPtr& s) { return touches(*s, tombstone); };
      if (std::ranges::none_of(kept, covers)) continue;
      const auto stay = std::ranges::stable_partition(released, std::not_fn(covers));
      if (stay.empty()) continue;
      kept.insert(kept.end(), stay.begin(), stay.end());
      released.erase(stay.begin(), stay.end());
      changed = true;
    }
  }
  inputs = std::move(kept);
  return released;
}

}  // namespace

Result<Compactor::Ending> Compactor::settle(Execution& execution, CompactionOutcome outcome,
                                            std::optional<Bytes> position) {
  std::vector<PurgedTombstone>& purged = execution.purged;
  purged.insert(purged.end(), outcome.purged.begin(), outcome.purged.end());
  for (;;) {
    auto ending = install(execution, outcome, position);
    if (ending.has_value() || ending.error().code != ErrorCode::kNoSpace) {
      if (ending.has_value()) core_.room_again();
      execution.total.append(std::move(outcome));
      return ending;
    }
    // The manifest had no room. The result is kept, and looked at again before the next attempt:
    // what is in the manifest of this one is unknown, so its files must stay.
    core_.out_of_space(ending.error());
    core_.retry_later();
    if (core_.stopped()) return std::unexpected(core_.writable().error());
  }
}

Result<Compactor::Ending> Compactor::install(Execution& execution, const CompactionOutcome& outcome,
                                             std::optional<Bytes> position) {
  CompactionPick& pick = execution.pick;
  std::vector<PurgedTombstone>& purged = execution.purged;
  std::vector<SstableMetaPtr> left = pick.inputs;
  const std::vector<SstableMetaPtr> released = take_released(left, purged, position);
  // Those that this edit takes the last trace of.
  const auto gone = std::ranges::stable_partition(purged, [&](const PurgedTombstone& tombstone) {
    return std::ranges::any_of(left,
                               [&](const SstableMetaPtr& s) { return touches(*s, tombstone); });
  });

  std::optional<env::Mutex::Lock> no_commits;
  if (!gone.empty() && core_.options.purge_guards.memtables) {
    no_commits.emplace(core_.commit_lock);
    if (std::ranges::any_of(gone, [&](const PurgedTombstone& tombstone) {
          return execution.older_write_arrived(tombstone);
        })) {
      discard(outcome);
      return Ending::kAbandoned;
    }
  }
  ManifestEdit edit;
  for (const SstableMetaPtr& input : released) edit.removed.push_back(input->number);
  for (const SstableMetaPtr& output : outcome.outputs) edit.added.push_back({pick.to, output});
  if (!position.has_value() && pick.compact_pointer.has_value())
    edit.compact_pointers.emplace_back(pick.from, *pick.compact_pointer);
  if (core_.options.defects.has(Defect::kInputsRemovedBeforeManifest)) {
    for (FileNumber number : edit.removed) core_.remove_soon({FileKind::kSstable, number});
  }
  RETURN_IF_ERROR(core_.install(std::move(edit)));
  if (!outcome.watched.empty()) {
    std::vector<FileNumber> inputs;
    for (const SstableMetaPtr& input : pick.inputs) inputs.push_back(input->number);
    core_.env.events.rewritten(inputs, outcome.watched);
  }
  for (const PurgedTombstone& tombstone : gone) {
    if (tombstone.end.empty()) {
      core_.env.events.purged(tombstone.key, tombstone.version);
    } else {
      core_.env.events.range_purged(tombstone.key, tombstone.end, tombstone.version);
    }
  }
  purged.erase(gone.begin(), gone.end());
  pick.inputs = std::move(left);
  return Ending::kInstalled;
}

void Compactor::failed(const Error& failure) {
  if (failure.code == ErrorCode::kNoSpace) {
    core_.retry_later();
  } else if (!core_.closing()) {
    core_.fence(failure);
  }
}

Result<Compactor::Ending> Compactor::give_up(const CompactionOutcome& outcome) {
  discard(outcome);
  if (!outcome.unreadable.has_value()) return std::unexpected(outcome.status.error());
  const Levels& levels = core_.view->sstables->metas();
  for (size_t level = 0; level < levels.size(); ++level) {
    for (const SstableMetaPtr& sstable : levels[level]) {
      if (sstable->number != *outcome.unreadable) continue;
      running_.push_back(
          {.to = static_cast<int>(level), .range = key_range({sstable}), .inputs = {sstable}});
      ++set_aside_;
      if (!unreadable_.has_value()) unreadable_ = outcome.status.error();
    }
  }
  return Ending::kUnreadable;
}

void Compactor::discard(const CompactionOutcome& outcome) {
  for (FileNumber number : outcome.created) core_.remove_soon({FileKind::kSstable, number});
}

void Compactor::report(const CompactionPick& pick, size_t inputs, const CompactionOutcome& outcome,
                       Ending ending) {
  if (ending == Ending::kUnreadable) return;
  const bool installed = ending == Ending::kInstalled;
  LsmMetrics& metrics = core_.metrics;
  if (installed) {
    ++metrics.compactions;
    metrics.shadowed_dropped += outcome.shadowed;
    metrics.cells_not_owned += outcome.cells_not_owned;
    metrics.bytes_not_owned += outcome.bytes_not_owned;
    for (size_t i = 0; i < kPurgeReasons; ++i) metrics.purge_decisions[i] += outcome.decisions[i];
  } else {
    ++metrics.compactions_abandoned;
  }
  const std::string explanation =
      fmt::format("{}: {}", to_string(pick.purpose), to_string(pick.explanation));
  core_.env.events.compacted({.from = pick.from,
                              .to = pick.to,
                              .inputs = static_cast<int>(inputs),
                              .outputs = static_cast<int>(outcome.outputs.size()),
                              .bytes_read = outcome.bytes_read,
                              .bytes_written = outcome.bytes_written,
                              .tombstones_purged = outcome.purged.size(),
                              .installed = installed,
                              .explanation = explanation});
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
