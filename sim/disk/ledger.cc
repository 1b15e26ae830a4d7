#include "sim/disk/ledger.h"

#include <string>

#include "engine/base/check.h"
#include "sim/disk/stored_file.h"

namespace revenant::sim {
namespace {

Result<void> equal(const std::string& what, uint64_t left, uint64_t right) {
  if (left == right) return {};
  return error(ErrorCode::kInvalid, "disk ledger does not close: {}: {} and {}", what, left, right);
}

}  // namespace

LedgerRow& LedgerRow::operator+=(const LedgerRow& other) {
  appends += other.appends;
  reads += other.reads;
  syncs += other.syncs;
  file_bytes_written += other.file_bytes_written;
  file_bytes_read += other.file_bytes_read;
  device_bytes_written += other.device_bytes_written;
  device_bytes_read += other.device_bytes_read;
  pages_dirtied += other.pages_dirtied;
  pages_written += other.pages_written;
  pages_dropped += other.pages_dropped;
  return *this;
}

LedgerRow& Ledger::row(env::Cause cause) {
  const auto kind = static_cast<size_t>(cause.kind);
  CHECK(kind < last_of_kind_.size(), "kind={}", kind);
  Entry*& last = last_of_kind_[kind];
  if (last == nullptr || last->first != cause) last = &*rows_.try_emplace(cause).first;
  return last->second;
}

void Ledger::append(env::Cause cause, uint64_t bytes) {
  LedgerRow& to = row(cause);
  ++to.appends, ++total_.appends;
  to.file_bytes_written += bytes, total_.file_bytes_written += bytes;
}

void Ledger::read(env::Cause cause, uint64_t bytes) {
  LedgerRow& to = row(cause);
  ++to.reads, ++total_.reads;
  to.file_bytes_read += bytes, total_.file_bytes_read += bytes;
}

void Ledger::sync(env::Cause cause) { ++row(cause).syncs, ++total_.syncs; }

void Ledger::device_read(env::Cause cause, uint64_t bytes) {
  row(cause).device_bytes_read += bytes, total_.device_bytes_read += bytes;
}

void Ledger::page_dirtied(env::Cause cause) { ++row(cause).pages_dirtied, ++total_.pages_dirtied; }

void Ledger::page_written(env::Cause dirtied_by) {
  LedgerRow& to = row(dirtied_by);
  ++to.pages_written, ++total_.pages_written;
  to.device_bytes_written += kPageSize, total_.device_bytes_written += kPageSize;
}

void Ledger::page_dropped(env::Cause dirtied_by) {
  ++row(dirtied_by).pages_dropped, ++total_.pages_dropped;
}

Result<void> Ledger::close(const DeviceTotals& device,
                           const std::map<env::Cause, uint64_t>& still_dirty) const {
  LedgerRow sum;
  for (const auto& [cause, row] : rows_) {
    sum += row;
    const auto dirty = still_dirty.find(cause);
    const uint64_t dirty_pages = dirty == still_dirty.end() ? 0 : dirty->second;
    RETURN_IF_ERROR(equal("pages dirtied and accounted for by " + to_string(cause),
                          row.pages_dirtied, row.pages_written + row.pages_dropped + dirty_pages));
    RETURN_IF_ERROR(equal("pages and bytes written for " + to_string(cause),
                          row.pages_written * kPageSize, row.device_bytes_written));
  }
  uint64_t dirty_pages = 0;
  for (const auto& [cause, pages] : still_dirty) dirty_pages += pages;
  RETURN_IF_ERROR(equal("pages dirtied and accounted for", sum.pages_dirtied,
                        sum.pages_written + sum.pages_dropped + dirty_pages));
  RETURN_IF_ERROR(equal("file bytes written by cause and in all", sum.file_bytes_written,
                        total_.file_bytes_written));
  RETURN_IF_ERROR(
      equal("file bytes read by cause and in all", sum.file_bytes_read, total_.file_bytes_read));
  RETURN_IF_ERROR(equal("appends, reads and syncs by cause and in all",
                        sum.appends + sum.reads + sum.syncs,
                        total_.appends + total_.reads + total_.syncs));
  RETURN_IF_ERROR(equal("bytes written, and counted by the device", sum.device_bytes_written,
                        device.bytes_written));
  RETURN_IF_ERROR(
      equal("bytes read, and counted by the device", sum.device_bytes_read, device.bytes_read));
  if (sum != total_) return error(ErrorCode::kInvalid, "disk ledger does not close: totals");
  return {};
}

}  // namespace revenant::sim
