#include "engine/env/posix/posix_tasks.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/fiber.h"
#include "engine/env/posix/job_worker.h"
#include "engine/env/posix/posix_clock.h"

namespace revenant::env {
namespace {

// Thrown into what is still suspended when it is killed. Not a std::exception, so that nobody
// handles it.
struct TaskKilled {};
void raise_killed() { throw TaskKilled{}; }

struct Task {
  enum class State { kNew, kRunning, kReady, kParked, kAsleep, kInJob };

  State state = State::kNew;
  bool woken = false;  // the wake-up under way is an unpark, not a time-out
  const char* name = "";
  const char* why = "start";
  std::optional<Instant> deadline;       // of its entry among the timers
  std::move_only_function<void()> body;  // until its first run
  std::unique_ptr<Fiber> fiber;          // from then on
};

}  // namespace

class PosixTasks::Impl {
 public:
  void run(std::move_only_function<void()> main) {
    CHECK(!current_.has_value(), "run() within run()");
    owner_ = std::this_thread::get_id();
    bool main_ended = false;
    spawn("main", [&main, &main_ended] {
      main();
      main_ended = true;
    });
    while (!main_ended) {
      if (ready_.empty()) wait();
      take_ended_jobs();
      fire_timers();
      for (size_t turns = ready_.size(); turns > 0 && !main_ended; --turns) run_next();
    }
  }

  void kill() {
    CHECK(!current_.has_value(), "kill() within run()");
    // A job uses objects on its task's stack.
    while (jobs_under_way_ > 0) {
      jobs_.wait_for_ended(std::nullopt);
      take_ended_jobs();
    }
    killing_ = true;
    while (!tasks_.empty()) {
      const TaskId id = tasks_.rbegin()->first;
      Task& task = tasks_[id];
      current_ = id;
      if (task.fiber != nullptr) task.fiber->resume_with(&raise_killed);
      task.body = nullptr;
      current_.reset();
      tasks_.erase(id);
    }
    killing_ = false;
    ready_.clear();
    timers_.clear();
  }

  void spawn(const char* name, std::move_only_function<void()> body) {
    check_thread();
    if (killing_) return;
    const TaskId id{++last_id_};
    Task& task = tasks_[id];
    task.name = name;
    task.body = std::move(body);
    ready_.push_back(id);
  }

  TaskId current() const {
    check_thread();
    CHECK(current_.has_value(), "outside any task");
    return *current_;
  }

  void sleep(Duration duration) {
    set_deadline(current(), duration);
    suspend(Task::State::kAsleep, "sleep");
  }

  void run_job(const char* name, JobUrgency urgency, std::move_only_function<void()> body) {
    const TaskId id = current();
    ++jobs_under_way_;
    jobs_.start(id, urgency, body);
    suspend(Task::State::kInJob, name);
  }

  void run_urgent_jobs() { jobs_.run_urgent(); }

  void let_others_run() {
    if (ready_.empty() && !jobs_.some_ended()) return;
    take_ended_jobs();  // they go first
    ready_.push_back(current());
    suspend(Task::State::kReady, "others' turn");
  }

  bool park(const char* why, std::optional<Duration> timeout) {
    const TaskId id = current();
    if (timeout.has_value()) set_deadline(id, *timeout);
    return suspend(Task::State::kParked, why).woken;
  }

  void unpark(TaskId id) {
    check_thread();
    const auto it = tasks_.find(id);
    if (killing_ || it == tasks_.end() || it->second.state != Task::State::kParked) return;
    make_ready(id, it->second);
    it->second.woken = true;
  }

 private:
  // What a job may not do.
  void check_thread() const {
    CHECK(std::this_thread::get_id() == owner_, "a task's call from another thread");
  }

  void set_deadline(TaskId id, Duration duration) {
    CHECK(duration.ns >= 0, "{}", duration);
    const Instant now = clock_.monotonic();
    const bool beyond = duration.ns > Instant::never().ns - now.ns;
    const Instant deadline = beyond ? Instant::never() : now + duration;
    tasks_[id].deadline = deadline;
    timers_.emplace(deadline, id);
  }

  Task& suspend(Task::State state, const char* why) {
    CHECK(!killing_, "a task suspends while it is unwound");
    Task& task = tasks_[*current_];
    task.state = state;
    task.why = why;
    task.woken = false;
    fibers_.suspend();
    return task;
  }

  void make_ready(TaskId id, Task& task) {
    if (task.deadline.has_value()) timers_.erase({*task.deadline, id});
    task.deadline.reset();
    task.state = Task::State::kReady;
    ready_.push_back(id);
  }

  void run_next() {
    const TaskId id = ready_.front();
    ready_.pop_front();
    Task& task = tasks_[id];
    if (task.fiber == nullptr) task.fiber = fibers_.create([&task] { run_body(task); });
    task.state = Task::State::kRunning;
    current_ = id;
    const bool goes_on = task.fiber->resume();
    current_.reset();
    if (!goes_on) tasks_.erase(id);
  }

  static void run_body(Task& task) {
    try {
      auto body = std::move(task.body);  // its captures are destroyed by the task itself
      body();
    } catch (const TaskKilled&) {
    } catch (const std::exception& e) {
      CHECK(false, "task '{}' ends with an exception: {}", task.name, e.what());
    }
  }

  // Nothing is runnable: sleeps until a timer or a job ends.
  void wait() {
    CHECK(!timers_.empty() || jobs_under_way_ > 0, "every task waits for ever:{}",
          describe_waiting());
    std::optional<Duration> until_timer;
    if (!timers_.empty()) {
      const Duration left = timers_.begin()->first - clock_.monotonic();
      // No longer than a day at once: the system adds it to its own time.
      until_timer = std::clamp(left, Duration{}, days(1));
    }
    jobs_.wait_for_ended(until_timer);
  }

  void take_ended_jobs() {
    if (jobs_under_way_ == 0) return;
    for (TaskId id : jobs_.take_ended()) {
      --jobs_under_way_;
      make_ready(id, tasks_[id]);
    }
  }

  void fire_timers() {
    if (timers_.empty()) return;
    const Instant now = clock_.monotonic();
    while (!timers_.empty() && timers_.begin()->first <= now) {
      const TaskId id = timers_.begin()->second;
      make_ready(id, tasks_[id]);
    }
  }

  std::string describe_waiting() const {
    std::string lines;
    for (const auto& [id, task] : tasks_) lines += fmt::format("\n    {}: {}", task.name, task.why);
    return lines;
  }

  const PosixClock clock_;
  std::thread::id owner_;
  FiberPool fibers_;
  std::map<TaskId, Task> tasks_;  // in order of spawning
  uint64_t last_id_ = 0;
  std::optional<TaskId> current_;
  std::deque<TaskId> ready_;
  std::set<std::pair<Instant, TaskId>> timers_;
  bool killing_ = false;
  size_t jobs_under_way_ = 0;
  JobWorker jobs_;
};

PosixTasks::PosixTasks() : impl_(std::make_unique<Impl>()) {}
PosixTasks::~PosixTasks() { kill(); }

void PosixTasks::run(std::move_only_function<void()> main) { impl_->run(std::move(main)); }
void PosixTasks::kill() { impl_->kill(); }
void PosixTasks::spawn(const char* name, std::move_only_function<void()> body) {
  impl_->spawn(name, std::move(body));
}
void PosixTasks::sleep(Duration duration) { impl_->sleep(duration); }
void PosixTasks::run_job(const char* name, JobUrgency urgency,
                         std::move_only_function<void()> body) {
  impl_->run_job(name, urgency, std::move(body));
}
void PosixTasks::run_urgent_jobs() { impl_->run_urgent_jobs(); }
void PosixTasks::let_others_run() { impl_->let_others_run(); }
TaskId PosixTasks::current() const { return impl_->current(); }
bool PosixTasks::park(const char* why, std::optional<Duration> timeout) {
  return impl_->park(why, timeout);
}
void PosixTasks::unpark(TaskId task) { impl_->unpark(task); }

}  // namespace revenant::env
