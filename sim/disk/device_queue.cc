#include "sim/disk/device_queue.h"

#include <algorithm>
#include <functional>

#include "sim/disk/stored_file.h"

namespace revenant::sim {
namespace {

constexpr uint64_t kNoticeable = uint64_t{1} << 30;
constexpr uint64_t kCountedAsOne = uint64_t{256} << 10;

// Rounded down to a nanosecond.
Duration transfer_time(uint64_t bytes, Bandwidth bandwidth) {
  const auto ns = static_cast<unsigned __int128>(bytes) * 1'000'000'000 /
                  static_cast<uint64_t>(bandwidth.bytes_per_second);
  return nanoseconds(static_cast<int64_t>(ns));
}

}  // namespace

DeviceQueue::DeviceQueue(const DiskOptions& options, const Random& random)
    : read_latency_(options.read_latency),
      write_latency_(options.write_latency),
      sync_latency_(options.sync_latency),
      latency_(options, random),
      read_bandwidth_(options.read_bandwidth),
      write_bandwidth_(options.write_bandwidth),
      sustained_(options.iops, options.iops_credits),
      burst_(options.iops_burst, 0),
      slow_random_(random.fork("slow")),
      slots_(static_cast<size_t>(options.queue_depth)),
      costs_nothing_(options.iops == 0 && options.iops_burst == 0 &&
                     (read_latency_ + write_latency_ + sync_latency_).ns == 0 &&
                     transfer_time(kNoticeable, std::min(read_bandwidth_, write_bandwidth_)).ns ==
                         0) {}

Instant DeviceQueue::submit(const DeviceOperation& operation, Instant now) {
  count(operation);
  Instant start = admit(operation, take_slot(now));
  if (start < stalled_until_) {
    start = stalled_until_;
    ++operations_stalled_;
  }
  const Slowdown slowdown = slownesses_.empty() ? Slowdown{} : draw_slowdown();
  Instant moved = start;
  if (operation.bytes > 0) {
    const Bandwidth bandwidth =
        operation.kind == DeviceOperationKind::kRead ? read_bandwidth_ : write_bandwidth_;
    moved = std::max(start, channel_free_) +
            slowdown.stretch(transfer_time(operation.bytes, bandwidth));
    channel_free_ = moved;
  }
  const Instant finish = moved + slowdown.stretch(latency(operation)) + slowdown.more + lag_;
  if (operation.kind == DeviceOperationKind::kRead) {
    last_file_ = 0;
  } else if (operation.kind == DeviceOperationKind::kWrite) {
    last_file_ = operation.file;
    last_page_ = operation.first_page + (operation.bytes - 1) / kPageSize;
  }
  busy_.push_back(finish);
  std::push_heap(busy_.begin(), busy_.end(), std::greater<>());
  return finish;
}

DeviceQueue::Slowdown DeviceQueue::draw_slowdown() {
  Slowdown sum;
  bool struck = false;
  for (const auto& [handle, slow] : slownesses_) {
    if (!slow_random_.chance(slow.chance)) continue;
    struck = true;
    sum.factor = std::max(sum.factor, slow.factor);
    const int64_t times = slow.multiples > 1 ? slow_random_.between(1, slow.multiples) : 1;
    sum.more += slow.delay * times;
    if (slow.jitter.ns > 0) sum.more += slow_random_.exponential(slow.jitter);
  }
  operations_slowed_ += struck ? 1 : 0;
  return sum;
}

Instant DeviceQueue::take_slot(Instant now) {
  const auto free_earliest = [this] {
    const Instant free = busy_.front();
    std::pop_heap(busy_.begin(), busy_.end(), std::greater<>());
    busy_.pop_back();
    return free;
  };
  while (!busy_.empty() && busy_.front() <= now) free_earliest();
  return busy_.size() < slots_ ? now : free_earliest();
}

Instant DeviceQueue::admit(const DeviceOperation& operation, Instant now) {
  const auto tokens = static_cast<int64_t>(
      std::max<uint64_t>(1, (operation.bytes + kCountedAsOne - 1) / kCountedAsOne));
  return burst_.take(tokens, sustained_.take(tokens, now));
}

bool DeviceQueue::goes_on(const DeviceOperation& operation) const {
  return operation.file == last_file_ &&
         (operation.first_page == last_page_ || operation.first_page == last_page_ + 1);
}

Duration DeviceQueue::latency(const DeviceOperation& operation) {
  switch (operation.kind) {
    case DeviceOperationKind::kRead:
      return latency_.draw(read_latency_);
    case DeviceOperationKind::kSync:
      return latency_.draw(sync_latency_);
    case DeviceOperationKind::kWrite:
      break;
  }
  Duration sum;
  if (!goes_on(operation)) sum += latency_.draw(write_latency_);
  if (operation.flush == Flush::kYes) sum += latency_.draw(sync_latency_);
  return sum;
}

void DeviceQueue::count(const DeviceOperation& operation) {
  switch (operation.kind) {
    case DeviceOperationKind::kRead:
      ++totals_.reads;
      totals_.bytes_read += operation.bytes;
      break;
    case DeviceOperationKind::kWrite:
      ++totals_.writes;
      totals_.bytes_written += operation.bytes;
      if (operation.flush == Flush::kYes) ++totals_.syncs;
      break;
    case DeviceOperationKind::kSync:
      ++totals_.syncs;
      break;
  }
}

void DeviceQueue::reset() {
  busy_.clear();
  channel_free_ = {};
  last_file_ = 0;
}

}  // namespace revenant::sim
