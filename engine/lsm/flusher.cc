#include "engine/lsm/flusher.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/compaction/retention.h"
#include "engine/lsm/compaction/sstable_writer.h"

namespace revenant::lsm {

Result<SstableMetaPtr> write_memtable(env::FileSystem& files, const Memtable& memtable,
                                      const std::string& directory,
                                      const sstable::SstableOptions& options, FileNumber number,
                                      Instant now, std::vector<SequenceNumber> snapshots,
                                      const std::vector<Buffer>& watched,
                                      std::vector<env::WatchedEntry>& told,
                                      std::optional<Instant> repaired_at) {
  SstableWriter writer(files, {.directory = directory,
                               .sstable = options.at_level(0, false),
                               .cause = {env::CauseKind::kFlush},
                               .creation_time = now,
                               .first_number = number,
                               .repaired_at = repaired_at});
  writer.add(memtable.range_tombstones());
  const sstable::RangeTombstones ranges(memtable.range_tombstones());
  Retention retention(memtable.iterate(), ranges, std::move(snapshots), now);
  for (retention.seek_to_first(); retention.valid(); retention.next()) {
    for (const Retention::Entry& entry : retention.kept()) {
      RETURN_IF_ERROR(writer.add(entry.key, entry.value));
    }
    if (watched.empty() || !std::ranges::binary_search(watched, retention.user_key())) continue;
    for (const Retention::Entry& entry : retention.kept()) {
      const CellView cell = entry.cell();
      told.push_back({Buffer(retention.user_key()), cell.kind, cell.version, number});
    }
  }
  ASSIGN_OR_RETURN(auto sstables, writer.finish());
  CHECK(sstables.size() == 1, "{} SSTables from {} entries", sstables.size(), memtable.entries());
  return sstables.front();
}

void Flusher::freeze() {
  core_.freeze_active();
  start();
}

void Flusher::retire_log() {
  if (!core_.view->active->empty()) return freeze();
  (void)core_.log.end();
  retire_below_ = core_.new_file_number();
  start();
}

void Flusher::start() {
  if (running_) return;
  running_ = true;
  core_.background("flush", [this] { run(); });
}

Result<void> Flusher::flush() {
  SequenceNumber target;
  {
    const env::Mutex::Lock lock(core_.commit_lock);
    RETURN_IF_ERROR(core_.writable());
    target = core_.last_sequence;
    if (!core_.view->active->empty()) freeze();
  }
  const auto pending = [&] {
    const auto& frozen = core_.view->frozen;
    return !frozen.empty() && frozen.back().memtable->greatest_sequence() <= target;
  };
  while (pending() && core_.writable().has_value()) core_.progress.wait("flush");
  return pending() ? core_.writable() : Result<void>{};
}

void Flusher::run() {
  while (!core_.stopped()) {
    Result<void> done;
    if (!core_.view->frozen.empty()) {
      done = flush_oldest();
    } else if (retire_below_.has_value()) {
      ManifestEdit edit;
      edit.log_number = std::exchange(retire_below_, std::nullopt);
      done = core_.install_when_there_is_room(edit);
    } else {
      break;
    }
    if (done.has_value()) {
      core_.room_again();
    } else if (done.error().code == ErrorCode::kNoSpace) {
      core_.out_of_space(done.error());
      core_.retry_later();
    } else if (!core_.closing()) {
      core_.fence(done.error());
    }
    core_.progress.wake_all();
  }
  running_ = false;
}

// kNoSpace: it is still there, and so is no file.
Result<void> Flusher::flush_oldest() {
  const FrozenMemtable oldest = core_.view->frozen.back();
  const FileNumber number = core_.new_file_number();
  const Instant now = core_.env.clock.now();
  const std::vector<SequenceNumber> snapshots = core_.snapshots->sequences();
  const std::vector<Buffer> watched = core_.env.events.watched_keys();
  std::vector<env::WatchedEntry> told;
  core_.env.events.reached({.kind = env::Milestone::Kind::kFlushBegins});
  Result<SstableMetaPtr> sstable;
  core_.env.tasks.run_job("flush", env::JobUrgency::kUrgent, [&] {
    sstable = write_memtable(core_.env.files, *oldest.memtable, core_.directory,
                             core_.options.sstable, number, now, snapshots, watched, told);
  });
  if (!sstable.has_value()) {
    core_.remove_soon({FileKind::kSstable, number});
    return std::unexpected(sstable.error());
  }
  const SstableMeta& meta = **sstable;
  core_.keep_to_rate(meta.file_bytes);
  // A segment that holds writes of other memtables too stays for them.
  const bool shared =
      core_.log.open(oldest.segment) ||
      std::ranges::count(core_.view->frozen, oldest.segment, &FrozenMemtable::segment) > 1;
  const FileNumber retired = core_.options.defects.has(Defect::kLogRetiredBeforeFlush)
                                 ? core_.view->frozen.front().segment
                                 : oldest.segment;
  RETURN_IF_ERROR(
      core_.install_when_there_is_room({.log_number = FileNumber{retired.value + (shared ? 0 : 1)},
                                        .next_file = std::nullopt,
                                        .last_sequence = oldest.memtable->greatest_sequence(),
                                        .removed = {},
                                        .added = {{compactor_.place_flush(meta), *sstable}},
                                        .compact_pointers = {}},
                                       oldest.memtable.get()));
  ++core_.metrics.flushes;
  core_.env.events.flushed(meta.number, meta.properties.entries, meta.file_bytes);
  if (!watched.empty()) core_.env.events.rewritten({}, told);
  compactor_.flush_installed();
  return {};
}

}  // namespace revenant::lsm
