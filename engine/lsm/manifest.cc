#include "engine/lsm/manifest.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>

#include "engine/lsm/file_names.h"

namespace revenant::lsm {
namespace {

constexpr env::Cause kManifestCause{env::CauseKind::kManifest};

// The file that will be CURRENT, once it has that name.
Result<void> write_current(env::FileSystem& files, const std::string& temporary,
                           FileNumber number) {
  ASSIGN_OR_RETURN(auto file, files.create(temporary));
  RETURN_IF_ERROR(file->append(to_string(FileName{FileKind::kManifest, number}), kManifestCause));
  return file->sync(kManifestCause);
}

Result<FileNumber> read_current(env::FileSystem& files, const std::string& directory) {
  ASSIGN_OR_RETURN(auto file, files.open(current_path(directory)));
  Buffer name;
  RETURN_IF_ERROR(file->read(0, file->size(), name, {env::CauseKind::kRecovery}));
  const std::optional<FileName> parsed = parse_file_name(name);
  if (!parsed.has_value() || parsed->kind != FileKind::kManifest) {
    return error(ErrorCode::kCorruption, "{} names no manifest", current_path(directory));
  }
  return parsed->number;
}

// Edits applied one after the other, as one. What a checksum cannot vouch for is looked at here: the
// sets that the edits make are those that SstableSet takes for granted.
class Merged {
 public:
  Result<void> apply(ManifestEdit edit) {
    if (edit.log_number.has_value()) whole_.log_number = edit.log_number;
    if (edit.next_file.has_value()) whole_.next_file = edit.next_file;
    if (edit.last_sequence.has_value()) whole_.last_sequence = edit.last_sequence;
    for (FileNumber number : edit.removed) {
      const auto found = live_.find(number);
      if (found == live_.end()) {
        return error(ErrorCode::kCorruption, "SSTable {} is removed but was never added", number);
      }
      const auto& [level, meta] = found->second;
      if (level > 0) sorted_[static_cast<size_t>(level)].erase(meta->least_key());
      live_.erase(found);
    }
    for (auto& added : edit.added) RETURN_IF_ERROR(add(std::move(added)));
    for (auto& [level, key] : edit.compact_pointers) pointers_[level] = std::move(key);
    return {};
  }
  ManifestEdit take() && {
    for (auto& [number, added] : live_) whole_.added.push_back(std::move(added));
    for (auto& [level, key] : pointers_)
      whole_.compact_pointers.emplace_back(level, std::move(key));
    return std::move(whole_);
  }

 private:
  Result<void> add(ManifestEdit::Added added) {
    const SstableMeta& meta = *added.meta;
    if (live_.contains(meta.number))
      return error(ErrorCode::kCorruption, "SSTable {} is added twice", meta.number);
    if (meta.greatest_key() < meta.least_key())
      return error(ErrorCode::kCorruption, "SSTable {} ends before it begins", meta.number);
    if (added.level > 0) {
      auto& sorted = sorted_[static_cast<size_t>(added.level)];
      const auto after = sorted.lower_bound(meta.least_key());
      const SstableMeta* other = nullptr;
      if (after != sorted.end() && after->first <= meta.greatest_key()) other = after->second;
      if (after != sorted.begin() && meta.least_key() <= std::prev(after)->second->greatest_key())
        other = std::prev(after)->second;
      if (other != nullptr) {
        return error(ErrorCode::kCorruption, "SSTables {} and {} overlap in level {}",
                     other->number, meta.number, added.level);
      }
      sorted.emplace_hint(after, meta.least_key(), &meta);
    }
    live_.emplace(meta.number, std::move(added));
    return {};
  }

  ManifestEdit whole_;
  std::map<FileNumber, ManifestEdit::Added> live_;
  // Those in live_ of level 1 and deeper, by their least keys.
  std::array<std::map<Bytes, const SstableMeta*>, kLevelsMax> sorted_;
  std::map<int, Buffer> pointers_;
};

}  // namespace

Result<Manifest> Manifest::create(env::FileSystem& files, const std::string& directory,
                                  FileNumber number, const ManifestEdit& whole) {
  const std::string path = path_of(directory, {FileKind::kManifest, number});
  const std::string temporary = path_of(directory, {FileKind::kTemporary, {number.value + 1}});
  const auto prepare = [&]() -> Result<Manifest> {
    ASSIGN_OR_RETURN(auto file, files.create(path));
    Manifest manifest(number, wal::WalWriter(std::move(file), kManifestCause));
    RETURN_IF_ERROR(manifest.append(whole));
    RETURN_IF_ERROR(files.sync_directory(directory, kManifestCause));
    RETURN_IF_ERROR(write_current(files, temporary, number));
    return manifest;
  };
  auto manifest = prepare();
  if (!manifest.has_value()) {
    // Nothing names them, and on a full disk every attempt would leave more.
    (void)files.remove(path);
    (void)files.remove(temporary);
    return manifest;
  }
  RETURN_IF_ERROR(files.rename(temporary, current_path(directory)));
  RETURN_IF_ERROR(files.sync_directory(directory, kManifestCause));
  return manifest;
}

namespace {

// Whether its last input could leave by an edit of its own: it is gone, not moved to another level.
bool can_split(const ManifestEdit& edit) {
  return edit.removed.size() > 1 &&
         std::ranges::none_of(edit.added, [&](const ManifestEdit::Added& added) {
           return added.meta->number == edit.removed.back();
         });
}

}  // namespace

Result<void> Manifest::append(const ManifestEdit& edit, Defects defects) {
  if (defects.has(Defect::kInputsLeaveOneByOne) && can_split(edit)) {
    ManifestEdit first = edit, last;
    last.removed = {first.removed.back()};
    first.removed.pop_back();
    RETURN_IF_ERROR(append(first));
    return append(last);
  }
  RETURN_IF_ERROR(writer_.append(encode_manifest_edit(edit)));
  if (defects.has(Defect::kManifestNotSynced)) return {};
  return writer_.sync();
}

Result<std::optional<ManifestContents>> read_current_manifest(env::FileSystem& files,
                                                              const std::string& directory) {
  if (!files.exists(current_path(directory))) return std::nullopt;
  ASSIGN_OR_RETURN(const FileNumber number, read_current(files, directory));
  const std::string path = path_of(directory, {FileKind::kManifest, number});
  ASSIGN_OR_RETURN(auto file, files.open(path));
  Merged merged;
  const auto replay = wal::replay_wal(*file, [&](Bytes record) -> Result<void> {
    ASSIGN_OR_RETURN(auto edit, decode_manifest_edit(record));
    return merged.apply(std::move(edit));
  });
  if (!replay.has_value())
    return error(replay.error().code, "{}: {}", path, replay.error().message);
  if (replay->records == 0) return error(ErrorCode::kCorruption, "{} holds no edit", path);
  return ManifestContents{number, std::move(merged).take()};
}

}  // namespace revenant::lsm
