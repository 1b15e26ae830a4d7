// The thread that runs jobs. The owner starts them and asks which have ended; both sides meet under
// one lock.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/base/time.h"
#include "engine/env/tasks.h"

namespace revenant::env {

class JobWorker {
 public:
  JobWorker() = default;
  ~JobWorker();  // after the jobs that were started
  JobWorker(const JobWorker&) = delete;
  JobWorker& operator=(const JobWorker&) = delete;

  // `body` stays the caller's until the job is among the ended ones. The thread starts with the
  // first job.
  void start(TaskId owner, JobUrgency urgency, std::move_only_function<void()>& body);
  // By a job: runs the urgent ones that wait, one after another.
  void run_urgent();
  // Whether take_ended() would give any.
  bool some_ended() const { return some_ended_.load(std::memory_order_relaxed); }
  // The owners of the jobs that ended since the last call, in the order they ended.
  std::vector<TaskId> take_ended();
  // Returns when a job has ended that was not taken yet, or after the timeout.
  void wait_for_ended(std::optional<Duration> timeout);

 private:
  struct Job {
    TaskId owner;
    std::move_only_function<void()>* body;
  };
  void work();
  // Takes the first of the queue and runs it; the lock is held before and after, not meanwhile.
  void run_first(std::deque<Job>& queue, std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> urgent_, long_;  // started
  std::vector<TaskId> ended_;
  bool closing_ = false;
  std::atomic<bool> some_urgent_ = false, some_ended_ = false;
  std::thread thread_;
};

}  // namespace revenant::env
