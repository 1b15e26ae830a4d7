#include "engine/lsm/recovery.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/file_names.h"
#include "engine/lsm/flusher.h"
#include "engine/lsm/log_record.h"
#include "engine/lsm/manifest.h"
#include "engine/wal/wal_reader.h"

namespace revenant::lsm {
namespace {

constexpr env::Cause kRecoveryCause{env::CauseKind::kRecovery};

class Recovery {
 public:
  explicit Recovery(Core& core)
      : core_(core), files_(core.env.files), memtable_(std::make_shared<Memtable>()) {}

  Result<void> run(std::weak_ptr<void> owner) {
    RETURN_IF_ERROR(files_.make_directory(core_.directory));
    RETURN_IF_ERROR(list_files());
    RETURN_IF_ERROR(read_manifest());
    RETURN_IF_ERROR(check_sstables());
    RETURN_IF_ERROR(replay_log());
    RETURN_IF_ERROR(flush());
    // Above every segment there is, so that nothing dropped today can be replayed tomorrow.
    state_.log_number = next_file_;
    state_.next_file = next_file_;
    state_.last_sequence = last_sequence_;
    RETURN_IF_ERROR(core_.start(state_, std::move(owner)));
    remove_leftovers();
    return {};
  }

 private:
  FileNumber new_file_number() { return {next_file_.value++}; }

  Result<void> list_files() {
    ASSIGN_OR_RETURN(const auto names, files_.list(core_.directory));
    for (const std::string& name : names) {
      if (const std::optional<FileName> parsed = parse_file_name(name)) found_.push_back(*parsed);
    }
    std::ranges::sort(found_);
    return {};
  }

  Result<void> read_manifest() {
    ASSIGN_OR_RETURN(auto contents, read_current_manifest(files_, core_.directory));
    if (contents.has_value()) {
      manifest_ = contents->number;
      state_ = std::move(contents->whole);
    } else {
      // A first open that was cut short leaves manifests and temporary files; anything else had a
      // CURRENT.
      for (FileName name : found_) {
        if (name.kind == FileKind::kSstable || name.kind == FileKind::kWal) {
          return error(ErrorCode::kCorruption, "{} is there but CURRENT is not",
                       path_of(core_.directory, name));
        }
      }
    }
    flushed_ = last_sequence_ = state_.last_sequence.value_or(SequenceNumber{});
    log_number_ = state_.log_number.value_or(FileNumber{});
    // Numbers of orphans were used too.
    next_file_ = state_.next_file.value_or(FileNumber{1});
    for (FileName name : found_)
      next_file_ = std::max(next_file_, FileNumber{name.number.value + 1});
    return {};
  }

  Result<void> check_sstables() {
    for (const auto& [level, meta] : state_.added) {
      if (!std::ranges::binary_search(found_, FileName{FileKind::kSstable, meta->number})) {
        return error(ErrorCode::kCorruption, "{} is missing",
                     sstable_path(core_.directory, meta->number));
      }
    }
    return {};
  }

  Result<void> replay_log() {
    FileName last{};
    for (FileName name : found_) {
      if (name.kind == FileKind::kWal) last = name;
    }
    for (FileName name : found_) {
      if (name.kind != FileKind::kWal || name.number < log_number_) continue;
      if (core_.options.defects.has(Defect::kRecoverySkipsLastSegment) && name == last) continue;
      RETURN_IF_ERROR(replay_segment(name));
    }
    return {};
  }

  // Where a log stops being whole, as damage() hears of it.
  struct Place {
    std::string_view path;
    uint64_t offset;
    std::string_view what;
  };

  Result<void> replay_segment(FileName name) {
    const std::string path = path_of(core_.directory, name);
    ASSIGN_OR_RETURN(auto file, files_.open(path));
    if (file->size() == 0) return {};  // a crash before its first record
    wal::WalReader reader(*file, kRecoveryCause);
    uint64_t end = 0;  // of the last record
    std::optional<Place> damaged;
    for (;;) {
      auto piece = reader.next();
      if (!piece.has_value())
        return error(piece.error().code, "{}: {}", path, piece.error().message);
      if (!piece->has_value()) break;
      if ((*piece)->damage.has_value()) {
        damaged = {path, (*piece)->offset, to_string(*(*piece)->damage)};
        RETURN_IF_ERROR(note_damage(*damaged, (*piece)->damage == wal::WalDamage::kHeader));
        end = damaged->offset;
        if (mode() == WalRecoveryMode::kPointInTimeRecovery) break;
        continue;
      }
      if (damaged.has_value() && mode() == WalRecoveryMode::kTolerateCorruptedTailRecords)
        return refused(*damaged);
      core_.recovery.wal_dropped_bytes += (*piece)->offset - std::max(end, wal::kSegmentHeaderSize);
      end = (*piece)->offset + (*piece)->size;
      RETURN_IF_ERROR(replay_record({path, (*piece)->offset, ""}, (*piece)->payload));
    }
    if (damaged.has_value()) core_.recovery.wal_dropped_bytes += file->size() - end;
    return {};
  }

  WalRecoveryMode mode() const { return core_.options.wal.recovery_mode; }
  static std::unexpected<Error> refused(const Place& place) {
    return error(ErrorCode::kCorruption, "{}: offset {}: {}", place.path, place.offset, place.what);
  }
  // An error if the mode does not go on, or end, there.
  Result<void> note_damage(const Place& place, bool of_header) {
    if (core_.recovery.wal_damage.empty()) {
      core_.recovery.wal_damage =
          fmt::format("{}: offset {}: {}", place.path, place.offset, place.what);
    }
    if (mode() == WalRecoveryMode::kAbsoluteConsistency) return refused(place);
    if (mode() == WalRecoveryMode::kTolerateCorruptedTailRecords && of_header)
      return refused(place);
    return {};
  }

  Result<void> replay_record(Place place, Bytes record) {
    const auto in_place = [&](const Error& e) {
      return error(e.code, "{}: offset {}: {}", place.path, place.offset, e.message);
    };
    const auto header = decode_log_record_header(record);
    if (!header.has_value()) return in_place(header.error());
    if (header->first <= flushed_) return replay_flushed(place, record);
    if (header->first.value != last_sequence_.value + 1) {
      place.what = "a hole before this record";
      RETURN_IF_ERROR(note_damage(place, false));
      // Sequences only grow, so after a hole nothing fits any more.
      if (mode() == WalRecoveryMode::kPointInTimeRecovery || header->first <= last_sequence_) {
        core_.recovery.wal_dropped_bytes += record.size();
        return {};
      }
    }
    ++core_.recovery.wal_records;
    auto decoded = decode_log_record(record, [this](const LogRecordEntry& write) {
      apply(core_, *memtable_, write, env::ApplySource::kRecovery);
      last_sequence_ = write.sequence;
    });
    if (!decoded.has_value()) return in_place(decoded.error());
    return {};
  }

  // A record goes into one memtable as a whole, so it is flushed as a whole.
  Result<void> replay_flushed(const Place& place, Bytes record) {
    if (!core_.options.wal.replays_flushed) return {};
    ++core_.recovery.wal_records;
    auto decoded = decode_log_record(record, [this](const LogRecordEntry& write) {
      apply(core_, *memtable_, write, env::ApplySource::kRecovery);
    });
    if (decoded.has_value()) return {};
    return error(decoded.error().code, "{}: offset {}: {}", place.path, place.offset,
                 decoded.error().message);
  }

  Result<void> flush() {
    if (memtable_->empty()) return {};
    const FileNumber number = new_file_number();
    const Instant now = core_.env.clock.now();
    const std::vector<Buffer> watched = core_.env.events.watched_keys();
    std::vector<env::WatchedEntry> told;
    Result<SstableMetaPtr> sstable;
    core_.env.tasks.run_job("recovery flush", env::JobUrgency::kUrgent, [&] {
      sstable = write_memtable(files_, *memtable_, core_.directory, core_.options.sstable, number,
                               now, {}, watched, told);
    });
    if (!sstable.has_value()) {
      // Not left to the next open: on a full disk it would be one more each time.
      (void)files_.remove(sstable_path(core_.directory, number));
      return std::unexpected(sstable.error());
    }
    const SstableMeta& meta = **sstable;
    ++core_.metrics.flushes;
    core_.env.events.flushed(meta.number, meta.properties.entries, meta.file_bytes);
    if (!watched.empty()) core_.env.events.rewritten({}, told);
    state_.added.push_back({0, *sstable});
    return {};
  }

  // What the new manifest does not name. A failure is no matter: the next open tries again.
  void remove_leftovers() {
    for (FileName name : found_) {
      if (name.kind == FileKind::kSstable && core_.view->sstables->find(name.number) != nullptr)
        continue;
      const bool replayed = name.kind == FileKind::kWal && name.number >= log_number_;
      const bool replaced = name.kind == FileKind::kManifest && name.number == manifest_;
      if (!replayed && !replaced) ++core_.recovery.orphans_removed;
      (void)files_.remove(path_of(core_.directory, name));
    }
  }

  Core& core_;
  env::FileSystem& files_;
  std::vector<FileName> found_;  // sorted
  std::optional<FileNumber> manifest_;
  ManifestEdit state_;
  FileNumber next_file_, log_number_;
  SequenceNumber flushed_;        // in SSTables up to here
  SequenceNumber last_sequence_;  // recovered so far
  std::shared_ptr<Memtable> memtable_;
};

}  // namespace

Result<void> recover(Core& core, std::weak_ptr<void> owner) {
  return Recovery(core).run(std::move(owner));
}

}  // namespace revenant::lsm
