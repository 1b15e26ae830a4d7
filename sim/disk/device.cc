#include "sim/disk/device.h"

#include <utility>

namespace revenant::sim {
namespace {

std::string_view name_of(const DeviceOperation& operation) {
  switch (operation.kind) {
    case DeviceOperationKind::kRead:
      return "read";
    case DeviceOperationKind::kWrite:
      return operation.flush == Flush::kYes ? "write and sync" : "write";
    case DeviceOperationKind::kSync:
      return "sync";
  }
  return "?";
}

}  // namespace

Device::Device(Kernel& kernel, NodeId node, const DiskOptions& options)
    : kernel_(kernel),
      node_(node),
      queue_(options, kernel.stream(fmt::format("disk/{}/latency", node.value))) {}

Device::~Device() { lose_power(); }

Instant Device::submit(const DeviceOperation& operation) {
  const Instant now = kernel_.now();
  const Instant finish = queue_.submit(operation, now);
  // One that takes no time is nothing to see.
  if (Trace* const trace = kernel_.trace(); trace != nullptr && finish > now) {
    trace->disk_operation(node_, name_of(operation), operation.bytes, now, finish);
  }
  return finish;
}

void Device::when_finished(Instant finish, uint64_t digest, std::move_only_function<void()> done) {
  if (finish <= kernel_.now()) return done();
  if (free_places_.empty()) {
    free_places_.push_back(pending_.size());
    pending_.emplace_back();
  }
  const size_t place = free_places_.back();
  free_places_.pop_back();
  pending_[place].done = std::move(done);
  pending_[place].event =
      kernel_.at(finish, node_, EventKind::kDisk, digest, [this, place] { this->finish(place); });
}

void Device::finish(size_t place) {
  auto done = std::exchange(pending_[place].done, nullptr);
  free_places_.push_back(place);
  done();
}

void Device::wait_until(Instant finish, uint64_t digest, const char* why) {
  if (finish <= kernel_.now()) return;
  when_finished(finish, digest,
                [&kernel = kernel_, task = kernel_.current()] { kernel.unpark(task); });
  while (kernel_.now() < finish) kernel_.park(why);
}

void Device::lose_power() {
  for (size_t place = 0; place < pending_.size(); ++place) {
    if (!pending_[place].done) continue;
    kernel_.cancel(pending_[place].event);
    pending_[place].done = nullptr;
    free_places_.push_back(place);
  }
  queue_.reset();
}

}  // namespace revenant::sim
