#include "engine/lsm/commit_queue.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/log_record.h"

namespace revenant::lsm {
namespace {

// Encoded bytes from which a group takes no further writer. LevelDB: 1 MiB (BuildBatchGroup).
constexpr size_t kGroupBytesMax = 1 << 20;

size_t payload_bytes_of(const WriteBatch::Entry& entry) {
  return entry.key.size() + entry.end.size() + entry.cell.value.size();
}

size_t payload_bytes_of(const WriteBatch& batch) {
  size_t sum = 0;
  for (const WriteBatch::Entry& entry : batch.entries) sum += payload_bytes_of(entry);
  return sum;
}

}  // namespace

Result<void> CommitQueue::write(WriteBatch& batch, env::ApplySource source) {
  if (batch.entries.empty()) return core_.writable();
  core_.env.tasks.let_others_run();
  Writer self{.batch = batch, .source = source};
  if (core_.options.wal.sync == WalSync::kGroup) self.arrived = core_.env.clock.monotonic();
  (last_ != nullptr ? last_->next : first_) = &self;
  last_ = &self;
  if (first_ != &self) {
    self.task = core_.env.tasks.current();
    while (first_ != &self && !self.done) core_.env.tasks.park("commit queue");
    if (self.done) return std::move(self.outcome);
  }

  Writer* group_end = &self;
  Result<void> outcome = lead(self, group_end);
  first_ = group_end->next;
  if (first_ == nullptr) last_ = nullptr;
  for (Writer* writer = &self; writer != group_end;) {
    writer = writer->next;
    writer->outcome = outcome;
    writer->done = true;
    core_.env.tasks.unpark(writer->task);
  }
  if (first_ != nullptr) core_.env.tasks.unpark(first_->task);
  return outcome;
}

Result<void> CommitQueue::lead(Writer& leader, Writer*& last) {
  if (core_.options.wal.sync == WalSync::kGroup) {
    const Instant until = leader.arrived + core_.options.wal.sync_group_window;
    const Instant now = core_.env.clock.monotonic();
    if (now < until) core_.sleep_or_close("company for a group", until - now);
  }
  RETURN_IF_ERROR(wait_for_room(payload_bytes_of(leader.batch)));
  const env::Mutex::Lock lock(core_.commit_lock);
  RETURN_IF_ERROR(core_.writable());
  if (memtable_full()) flusher_.freeze();
  last = form_group(leader);
  if (auto logged = log_group(); !logged.has_value()) {
    if (logged.error().code == ErrorCode::kNoSpace && !core_.log.failed()) {
      core_.out_of_space(logged.error());
      flusher_.retire_log();
    } else {
      core_.fence(logged.error());
    }
    return logged;
  }
  insert_group(leader, *last);
  return {};
}

bool CommitQueue::memtable_full() const {
  return core_.view->active->bytes() >= static_cast<uint64_t>(core_.options.memtable_size.bytes);
}

Result<void> CommitQueue::wait_for_room(uint64_t bytes) {
  const LsmOptions& options = core_.options;
  const bool leveled = options.compaction.strategy == CompactionStrategy::kLeveled ||
                       options.compaction.strategy == CompactionStrategy::kUniversal;
  const auto level0 = [&] { return static_cast<int64_t>(core_.view->sstables->level0_size()); };
  const auto pending_reaches = [&](ByteSize limit) {
    return limit.bytes > 0 && std::cmp_greater_equal(compactor_.pending_bytes(), limit.bytes);
  };
  const auto no_memtable_left = [&] {
    return memtable_full() && std::ssize(core_.view->frozen) >= options.max_immutable_memtables;
  };
  const auto level0_stops = [&] {
    return leveled && level0() >= options.level0_stop_writes_trigger;
  };
  const auto level0_slows = [&] {
    return leveled && level0() >= options.level0_slowdown_writes_trigger;
  };
  const auto pending_stops = [&] {
    return pending_reaches(options.hard_pending_compaction_bytes_limit);
  };
  const auto pending_slows = [&] {
    return pending_reaches(options.soft_pending_compaction_bytes_limit);
  };
  const auto wait_while = [&](auto blocked) {
    while (blocked() && core_.writable().has_value()) core_.progress.wait("room for writes");
  };
  const auto wait_while_compacting = [&](auto blocked) {
    wait_while([&] { return blocked() && !compactor_.stuck().has_value(); });
  };
  bool slowed = false;
  const auto slow_down = [&] {
    slowed = true;  // once a write, so that it costs each the same
    core_.sleep_or_close("write slowdown", controller_.delay(bytes, core_.env.clock.monotonic()));
  };
  for (;;) {
    RETURN_IF_ERROR(core_.writable());
    if (level0_stops() || pending_stops()) {
      if (auto unreadable = compactor_.stuck()) return std::unexpected(std::move(*unreadable));
    }
    if (level0_stops()) {
      stall(env::StallCause::kLevel0Stop, [&] { wait_while_compacting(level0_stops); });
    } else if (pending_stops()) {
      stall(env::StallCause::kPendingStop, [&] { wait_while_compacting(pending_stops); });
    } else if (no_memtable_left()) {
      stall(env::StallCause::kMemtables, [&] { wait_while(no_memtable_left); });
    } else {
      const bool by_level0 = level0_slows(), by_pending = pending_slows();
      if (std::exchange(judged_, core_.edits) != core_.edits) {
        using enum WriteController::Pressure;
        controller_.update(near_stop()               ? kNearStop
                           : by_level0 || by_pending ? kDelay
                                                     : kNone,
                           compactor_.pending_bytes());
      }
      if (slowed || !(by_level0 || by_pending)) return {};
      stall(by_level0 ? env::StallCause::kLevel0Slowdown : env::StallCause::kPendingSlowdown,
            slow_down);
    }
  }
}

// RocksDB (RecalculateWriteStallConditions): two SSTables, or the last quarter of the bytes.
bool CommitQueue::near_stop() const {
  const LsmOptions& options = core_.options;
  const auto files = static_cast<int64_t>(core_.view->sstables->level0_size());
  if (files >= options.level0_slowdown_writes_trigger &&
      files >= options.level0_stop_writes_trigger - 2) {
    return true;
  }
  const int64_t soft = options.soft_pending_compaction_bytes_limit.bytes;
  const int64_t hard = options.hard_pending_compaction_bytes_limit.bytes;
  return soft > 0 && hard > soft &&
         std::cmp_greater(compactor_.pending_bytes(), soft + (hard - soft) / 4 * 3);
}

template <typename Wait>
void CommitQueue::stall(env::StallCause cause, Wait wait) {
  const Instant start = core_.env.clock.monotonic();
  wait();
  const Duration time = core_.env.clock.monotonic() - start;
  ++core_.metrics.stalls;
  core_.metrics.stall_time += time;
  core_.env.events.stalled(cause, time);
}

CommitQueue::Writer* CommitQueue::form_group(Writer& leader) {
  Writer* last = &leader;
  uint64_t entries = leader.batch.entries.size();
  for (size_t bytes = payload_bytes_of(leader.batch); last->next != nullptr; last = last->next) {
    bytes += payload_bytes_of(last->next->batch);
    if (bytes > kGroupBytesMax) break;
    entries += last->next->batch.entries.size();
  }

  SequenceNumber sequence = core_.last_sequence;
  record_.clear();
  least_version_ = Version::max();
  append_log_record_header(record_, {sequence.value + 1}, entries);
  for (Writer* writer = &leader;; writer = writer->next) {
    for (WriteBatch::Entry& entry : writer->batch.entries) {
      ++sequence.value;
      Cell& cell = entry.cell;
      if (core_.options.versions == Versions::kSequence) cell.version = {sequence.value};
      least_version_ = std::min(least_version_, cell.version);
      if (entry.is_range()) {
        append_log_record_range(record_, entry.key, entry.end, cell.view());
      } else {
        append_log_record_entry(record_, entry.key, cell.view());
      }
    }
    if (writer == last) return last;
  }
}

Result<void> CommitQueue::log_group() {
  if (core_.log.needs_segment()) RETURN_IF_ERROR(core_.log.begin(core_.new_file_number()));
  RETURN_IF_ERROR(core_.log.append(record_, least_version_));
  if (core_.options.defects.has(Defect::kAcknowledgeBeforeSync)) return {};
  if (core_.options.wal.sync != WalSync::kPeriodic) return core_.log.sync();
  sync_in_a_while();
  return {};
}

void CommitQueue::insert_group(const Writer& leader, const Writer& last) {
  Memtable& memtable = *core_.view->active;
  SequenceNumber sequence = core_.last_sequence;
  for (const Writer* writer = &leader;; writer = writer->next) {
    for (const WriteBatch::Entry& entry : writer->batch.entries) {
      ++sequence.value;
      apply(core_, memtable, {sequence, entry.key, entry.cell.view(), entry.end}, writer->source);
      core_.metrics.user_bytes_written += payload_bytes_of(entry);
    }
    if (writer == &last) break;
  }
  core_.last_sequence = sequence;
}

void CommitQueue::sync_in_a_while() {
  if (sync_is_due_) return;
  sync_is_due_ = true;
  core_.background("periodic sync", [this] {
    core_.sleep_or_close("periodic sync", core_.options.wal.sync_period);
    sync_is_due_ = false;
    if (core_.stopped()) return;  // close() syncs by itself
    if (auto synced = core_.log.sync(); !synced.has_value()) core_.fence(synced.error());
  });
}

}  // namespace revenant::lsm
