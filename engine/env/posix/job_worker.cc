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

void JobWorker::start(TaskId owner, JobUrgency urgency, std::move_only_function<void()>& body) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_urgent = urgency == JobUrgency::kUrgent;
    (is_urgent ? urgent_ : long_).push_back({owner, &body});
    if (is_urgent) some_urgent_ = true;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.notify_all();
}

void JobWorker::run_urgent() {
  if (!some_urgent_.load(std::memory_order_relaxed)) return;
  std::unique_lock lock(mutex_);
  while (!urgent_.empty()) run_first(urgent_, lock);
}

std::vector<TaskId> JobWorker::take_ended() {
  const std::lock_guard lock(mutex_);
  some_ended_ = false;
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
    changed_.wait(lock, [this] { return closing_ || !urgent_.empty() || !long_.empty(); });
    if (urgent_.empty() && long_.empty()) return;
    run_first(urgent_.empty() ? long_ : urgent_, lock);
  }
}

void JobWorker::run_first(std::deque<Job>& queue, std::unique_lock<std::mutex>& lock) {
  const Job job = queue.front();
  queue.pop_front();
  some_urgent_ = !urgent_.empty();
  lock.unlock();
  (*job.body)();
  lock.lock();
  ended_.push_back(job.owner);
  some_ended_ = true;
  changed_.notify_all();
}

}  // namespace revenant::env
