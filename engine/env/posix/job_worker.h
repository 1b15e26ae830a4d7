// The thread that runs jobs. The owner starts them and asks which have ended; both sides meet under
// one lock.
#pragma once

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
  void start(TaskId owner, std::move_only_function<void()>& body);
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

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> started_;
  std::vector<TaskId> ended_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace revenant::env
