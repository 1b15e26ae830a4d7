#include "sim/disk/durable_image.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/check.h"

namespace revenant::sim {

CrashReport& CrashReport::operator+=(const CrashReport& other) {
  entries_kept += other.entries_kept;
  entries_vanished += other.entries_vanished;
  unlinks_kept += other.unlinks_kept;
  unlinks_undone += other.unlinks_undone;
  renames_kept += other.renames_kept;
  renames_undone += other.renames_undone;
  files_shortened += other.files_shortened;
  pages_kept += other.pages_kept;
  pages_lost += other.pages_lost;
  pages_torn += other.pages_torn;
  return *this;
}

Path Path::split(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return {.directory = "", .name = path};
  return {.directory = path.substr(0, slash), .name = path.substr(slash + 1)};
}

std::string Path::join(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

// --- names ---

Result<DurableImage::Directory*> DurableImage::directory(std::string_view name) {
  const auto found = directories_.find(name);
  if (found == directories_.end()) {
    return error(ErrorCode::kNotFound, "{}: no such directory", name);
  }
  return &found->second;
}

Result<void> DurableImage::create(std::string_view path, FileRef file, Instant now) {
  const Path p = Path::split(path);
  if (p.name.empty()) return error(ErrorCode::kInvalid, "'{}' names no file", path);
  ASSIGN_OR_RETURN(Directory * in, directory(p.directory));
  if (exists(path)) return error(ErrorCode::kInvalid, "{}: exists already", path);
  add(*in, {.at = now,
            .kind = ChangeKind::kCreate,
            .name = std::string(p.name),
            .file = std::move(file)});
  return {};
}

Result<FileRef> DurableImage::find(std::string_view path) const {
  const Path p = Path::split(path);
  if (const auto in = directories_.find(p.directory); in != directories_.end()) {
    const auto found = in->second.entries.find(p.name);
    if (found != in->second.entries.end()) return found->second;
  }
  return error(ErrorCode::kNotFound, "{}: no such file", path);
}

Result<FileRef> DurableImage::remove(std::string_view path, Instant now) {
  const Path p = Path::split(path);
  ASSIGN_OR_RETURN(FileRef file, find(path));
  ASSIGN_OR_RETURN(Directory * in, directory(p.directory));
  add(*in, {.at = now, .kind = ChangeKind::kRemove, .name = std::string(p.name)});
  return file;
}

Result<FileRef> DurableImage::rename(std::string_view from, std::string_view to, Instant now) {
  const Path f = Path::split(from);
  const Path t = Path::split(to);
  RETURN_IF_ERROR(find(from));
  if (f.directory != t.directory) {
    return error(ErrorCode::kInvalid, "{} to {}: renames stay within a directory", from, to);
  }
  if (t.name.empty() || directories_.contains(to)) {
    return error(ErrorCode::kInvalid, "'{}' names no file", to);
  }
  if (from == to) return FileRef();
  ASSIGN_OR_RETURN(Directory * in, directory(f.directory));
  const auto before = in->entries.find(t.name);
  FileRef replaced = before != in->entries.end() ? before->second : nullptr;
  add(*in, {.at = now,
            .kind = ChangeKind::kRename,
            .name = std::string(f.name),
            .new_name = std::string(t.name)});
  return replaced;
}

bool DurableImage::exists(std::string_view path) const {
  return directories_.contains(path) || find(path).has_value();
}

Result<std::vector<std::string>> DurableImage::list(std::string_view directory) const {
  std::vector<std::string> names;
  const auto found = directories_.find(directory);
  if (found == directories_.end()) return names;
  names.reserve(found->second.entries.size());
  for (const auto& [name, file] : found->second.entries) names.push_back(name);
  return names;
}

Result<void> DurableImage::make_directory(std::string_view name) {
  if (directories_.contains(name)) return {};
  const Path p = Path::split(name);
  if (p.name.empty()) return error(ErrorCode::kInvalid, "'{}' names no directory", name);
  RETURN_IF_ERROR(directory(p.directory));
  if (find(name).has_value()) return error(ErrorCode::kInvalid, "{}: is a file", name);
  directories_[std::string(name)];
  return {};
}

uint64_t DurableImage::named_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [name, in] : directories_) {
    for (const auto& [entry, file] : in.entries) bytes += file->size;
  }
  return bytes;
}

std::vector<FileRef> DurableImage::named_files() const {
  std::vector<FileRef> files;
  for (const auto& [name, in] : directories_) {
    for (const auto& [entry, file] : in.entries) files.push_back(file);
  }
  return files;
}

void DurableImage::add(Directory& in, Change change) {
  change.number = ++last_change_;
  CHECK(apply(change, in.entries), "'{}'", change.name);
  in.changes.push_back(std::move(change));
}

// False, and nothing done, if it needs a name that is not there.
bool DurableImage::apply(const Change& change, Names& names) {
  if (change.kind == ChangeKind::kCreate) {
    names[change.name] = change.file;
    return true;
  }
  const auto found = names.find(change.name);
  if (found == names.end()) return false;
  FileRef file = std::move(found->second);
  names.erase(found);
  if (change.kind == ChangeKind::kRename) names[change.new_name] = std::move(file);
  return true;
}

// --- the platter ---

Result<uint64_t> DurableImage::unsynced(std::string_view name) const {
  const auto found = directories_.find(name);
  if (found == directories_.end()) {
    return error(ErrorCode::kNotFound, "{}: no such directory", name);
  }
  return found->second.changes.empty() ? 0 : found->second.changes.back().number;
}

bool DurableImage::is_durable(std::string_view name, uint64_t change) const {
  const std::deque<Change>& changes = directories_.find(name)->second.changes;
  return changes.empty() || changes.front().number > change;
}

void DurableImage::make_durable(std::string_view name, uint64_t change) {
  Directory& in = directories_.find(name)->second;
  while (!in.changes.empty() && in.changes.front().number <= change) {
    CHECK(apply(in.changes.front(), in.durable), "'{}'", in.changes.front().name);
    in.changes.pop_front();
  }
}

void DurableImage::make_older_durable(Instant than) {
  for (auto& [name, in] : directories_) {
    uint64_t last = 0;
    for (const Change& change : in.changes) {
      if (change.at >= than) break;
      last = change.number;
    }
    make_durable(name, last);
  }
}

// --- power loss ---

CrashReport DurableImage::lose_power(CrashFates& fates) {
  CrashReport report;
  for (auto& [name, in] : directories_) {
    in.durable = surviving_names(name, in, fates, report);
    in.changes.clear();
    for (const auto& [entry, file] : in.entries) file->named = false;
    in.entries = in.durable;
    for (const auto& [entry, file] : in.entries) {
      file->named = true;
      const FileFate fate = fate_of(Path::join(name, entry), *file, fates, report);
      for (const Range& range : fate.lost) {
        Page& page = *file->pages[range.begin / kPageSize];
        const uint64_t at = range.begin % kPageSize, size = range.end - range.begin;
        std::memset(page.bytes + at, 0, size);
        if (page.platter != nullptr) std::memset(page.platter->data() + at, 0, size);
      }
      file->settle(fate.length);
    }
  }
  return report;
}

DiskContents DurableImage::after_power_loss(CrashFates& fates) const {
  DiskContents contents;
  CrashReport report;
  for (const auto& [name, in] : directories_) {
    for (const auto& [entry, file] : surviving_names(name, in, fates, report)) {
      const std::string path = Path::join(name, entry);
      const FileFate fate = fate_of(path, *file, fates, report);
      Buffer& bytes = contents[path];
      for (uint64_t at = 0; at < fate.length; at += kPageSize) {
        bytes.append(file->pages[at / kPageSize]->on_platter(),
                     std::min(kPageSize, fate.length - at));
      }
      for (const Range& range : fate.lost) {
        std::memset(bytes.data() + range.begin, 0, range.end - range.begin);
      }
    }
  }
  return contents;
}

DurableImage::Names DurableImage::surviving_names(std::string_view name, const Directory& in,
                                                  CrashFates& fates, CrashReport& report) {
  Names names = in.durable;
  for (const Change& change : in.changes) {
    const bool kept = fates.keeps_change(name, change.kind, change.name, change.new_name);
    const bool needed = change.kind == ChangeKind::kCreate || names.contains(change.name);
    if (needed) count(change.kind, kept, report);
    if (kept) apply(change, names);
  }
  return names;
}

void DurableImage::count(ChangeKind kind, bool kept, CrashReport& report) {
  switch (kind) {
    case ChangeKind::kCreate:
      ++(kept ? report.entries_kept : report.entries_vanished);
      return;
    case ChangeKind::kRemove:
      ++(kept ? report.unlinks_kept : report.unlinks_undone);
      return;
    case ChangeKind::kRename:
      ++(kept ? report.renames_kept : report.renames_undone);
      return;
  }
}

DurableImage::FileFate DurableImage::fate_of(std::string_view path, const StoredFile& file,
                                             CrashFates& fates, CrashReport& report) {
  FileFate fate{.length = file.durable_length};
  if (!file.lengths.empty()) {
    const uint64_t chosen = fates.length(path, file.lengths.size() + 1);
    if (chosen > 0) fate.length = file.lengths[chosen - 1];
  }
  if (fate.length < file.size) ++report.files_shortened;

  for (uint64_t at = file.kept; at < fate.length;) {
    const uint64_t end = std::min(fate.length, (at / kPageSize + 1) * kPageSize);
    const uint64_t first_sector = at / kSectorSize;
    const uint64_t sectors = (end - 1) / kSectorSize - first_sector + 1;

    const uint64_t all = (uint64_t{1} << sectors) - 1;
    const uint64_t survive = fates.surviving_sectors(path, at / kPageSize, sectors) & all;
    ++(survive == all ? report.pages_kept : survive == 0 ? report.pages_lost : report.pages_torn);
    for (uint64_t sector = 0; sector < sectors; ++sector) {
      if ((survive >> sector & 1) != 0) continue;
      fate.lost.push_back({std::max(at, (first_sector + sector) * kSectorSize),
                           std::min(end, (first_sector + sector + 1) * kSectorSize)});
    }
    at = end;
  }
  return fate;
}

void DurableImage::plant(const std::string& path, FileRef file) {
  const Path p = Path::split(path);
  Directory& in = directories_[std::string(p.directory)];
  CHECK(!in.entries.contains(p.name), "'{}'", path);
  in.durable[std::string(p.name)] = file;
  in.entries[std::string(p.name)] = std::move(file);
}

}  // namespace revenant::sim
