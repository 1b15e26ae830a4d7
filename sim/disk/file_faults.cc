#include "sim/disk/file_faults.h"

#include <algorithm>

#include "sim/disk/stored_file.h"

namespace revenant::sim {

DiskFaultCounts& DiskFaultCounts::operator+=(const DiskFaultCounts& other) {
  read_errors += other.read_errors;
  write_errors += other.write_errors;
  sync_errors += other.sync_errors;
  bits_flipped += other.bits_flipped;
  torn_writes += other.torn_writes;
  lost_writes += other.lost_writes;
  misdirected_writes += other.misdirected_writes;
  appends_refused += other.appends_refused;
  operations_stalled += other.operations_stalled;
  operations_slowed += other.operations_slowed;
  return *this;
}

FileFaults::FileFaults(Kernel& kernel, NodeId node) {
  for (const char* kind : {"read", "write", "sync", "torn", "lost", "misdirected"}) {
    of_kind_.push_back({kernel.stream(fmt::format("disk/{}/faults/{}", node.value, kind))});
  }
}

void FileFaults::begin(uint64_t handle, Kind kind, const Strikes& strikes, bool sticky) {
  rules_.push_back(
      {.handle = handle, .kind = kind, .strikes = strikes, .sticky = sticky, .pages = {}});
}

void FileFaults::end(uint64_t handle) {
  std::erase_if(rules_, [handle](const Rule& rule) { return rule.handle == handle; });
}

bool FileFaults::strikes(Kind kind, const Touched& touched) {
  for (Rule& rule : rules_) {
    if (rule.kind != kind || !strikes(rule, touched)) continue;
    ++of_kind_[static_cast<size_t>(kind)].struck;
    return true;
  }
  return false;
}

bool FileFaults::strikes(Rule& rule, const Touched& touched) {
  const Strikes& s = rule.strikes;
  if (s.files != FileKind::kAny && s.files != touched.kind) return false;
  const uint64_t begin = std::max(touched.begin, static_cast<uint64_t>(s.from.bytes));
  const uint64_t end =
      s.to ? std::min(touched.end, static_cast<uint64_t>(s.to->bytes)) : touched.end;
  if (begin >= end) return false;
  const uint64_t first = begin / kPageSize;
  const uint64_t pages = pages_in(end) - first;
  if (rule.sticky) {
    const auto held = rule.pages.lower_bound({touched.file, first});
    if (held != rule.pages.end() && *held < std::pair(touched.file, first + pages)) return true;
  }
  Random& random = of_kind_[static_cast<size_t>(rule.kind)].random;
  if (!random.chance(s.chance)) return false;
  if (rule.sticky) rule.pages.insert({touched.file, first + random.below(pages)});
  return true;
}

uint64_t FileFaults::readable_until(uint64_t file, uint64_t first, uint64_t end) const {
  for (const Rule& rule : rules_) {
    if (rule.kind != Kind::kRead) continue;
    const auto held = rule.pages.lower_bound({file, first});
    if (held != rule.pages.end() && held->first == file) end = std::min(end, held->second);
  }
  return end;
}

}  // namespace revenant::sim
