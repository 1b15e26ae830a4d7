#include "engine/env/posix/job_worker.h"

#include <chrono>
#include <utility>

namespace revenant::env {

JobWorker::~JobWorker() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void JobWorker::start(TaskId owner, std::move_only_function<void()>& body) {
  {
    const std::lock_guard lock(mutex_);
    started_.push_back({owner, &body});
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.notify_all();
}

std::vector<TaskId> JobWorker::take_ended() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ended_, {});
}

void JobWorker::wait_for_ended(std::optional<Duration> timeout) {
  std::unique_lock lock(mutex_);
  const auto some_ended = [this] { return !ended_.empty(); };
  if (timeout.has_value()) {
    changed_.wait_for(lock, std::chrono::nanoseconds(timeout->ns), some_ended);
  } else {
    changed_.wait(lock, some_ended);
  }
}

void JobWorker::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !started_.empty(); });
    if (started_.empty()) return;
    const Job job = started_.front();
    started_.pop_front();
    lock.unlock();
    (*job.body)();
    lock.lock();
    ended_.push_back(job.owner);
    changed_.notify_all();
  }
}

}  // namespace revenant::env
