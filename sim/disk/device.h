// A machine's storage device in virtual time: the queue's arithmetic (device_queue.h) turned into
// kernel events of kind kDisk, so that tasks can wait for what the device does.
//
// An operation goes on to its end whatever becomes of the task that asked for it: killing a process
// does not free a slot early. Only a power loss ends operations before their time.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "sim/disk/device_queue.h"
#include "sim/kernel/kernel.h"

namespace revenant::sim {

class Device {
 public:
  Device(Kernel& kernel, NodeId node, const DiskOptions& options);
  ~Device();  // forgets what is under way
  Device(const Device&) = delete;

  // Takes an operation in now; returns when it will have finished. Never suspends. Nothing happens
  // at that time unless one of the next two is called.
  Instant submit(const DeviceOperation& operation);
  // Calls `done` then, from an event, or before it returns if that time is now. Not after a power
  // loss in between.
  void when_finished(Instant finish, uint64_t digest, std::move_only_function<void()> done);
  // Suspends the calling task until then; does not if that time has come.
  void wait_until(Instant finish, uint64_t digest, const char* why);

  void set_lag(Duration lag) { queue_.set_lag(lag); }
  void stall(Duration length) { queue_.stall_until(kernel_.now() + length); }
  // Its speed, to be made worse.
  DeviceQueue& queue() { return queue_; }
  const DeviceQueue& queue() const { return queue_; }
  bool instant() const { return queue_.instant(); }
  const DeviceTotals& totals() const { return queue_.totals(); }
  // Ends everything under way without a trace, as if it had never been finished.
  void lose_power();

 private:
  struct Pending {
    EventId event;
    std::move_only_function<void()> done;  // empty: the place is free
  };
  void finish(size_t place);

  Kernel& kernel_;
  const NodeId node_;
  DeviceQueue queue_;
  std::vector<Pending> pending_;
  std::vector<size_t> free_places_;  // in pending_
};

}  // namespace revenant::sim
