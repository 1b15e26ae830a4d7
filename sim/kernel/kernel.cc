#include "sim/kernel/kernel.h"

#include <algorithm>
#include <csignal>
#include <deque>
#include <exception>
#include <limits>
#include <map>

#include "engine/base/check.h"
#include "engine/base/fiber.h"
#include "sim/kernel/event_queue.h"
#include "sim/kernel/task_table.h"
#include "sim/kernel/timer_table.h"

namespace revenant::sim {
namespace {

constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();
constexpr size_t kStaleEventsMin = 1024;  // fewer are not worth a sweep of the heap

// What an event's target is: the address of a Task, or the index of a Timer with the low bit set.
static_assert(alignof(Task) > 1);
uint64_t target_of(Task& task) { return reinterpret_cast<uintptr_t>(&task); }
uint64_t target_of_timer(uint32_t index) { return uint64_t{index} << 1 | 1; }
bool is_timer(const Event& event) { return (event.target & 1) != 0; }
uint32_t timer_of(const Event& event) { return static_cast<uint32_t>(event.target >> 1); }
Task& task_of(const Event& event) { return *reinterpret_cast<Task*>(event.target); }

uint64_t what_of(NodeId node, EventKind kind) {
  return uint64_t{node.value} << 8 | static_cast<uint64_t>(kind);
}

// Marks in the fingerprint that are not events.
enum class Mark : uint64_t { kKill = 1, kPause, kResume };

void raise_killed() { throw TaskKilled{}; }

}  // namespace

class Kernel::Impl {
 public:
  Impl(uint64_t seed, KernelOptions options) : seed_(seed), options_(options) {
    plan_attention();
    [[maybe_unused]] static const bool installed = (set_check_context(&describe_running), true);
  }
  ~Impl() {
    for (size_t i = groups_.size(); i > 0; --i) kill(groups_[i - 1]);
  }

  // --- events ---

  EventId at(Instant when, uint64_t what, uint64_t digest, std::move_only_function<void()> action) {
    CHECK(when >= now_, "when={} now={}", when, now_);
    const uint32_t index = timers_.add();
    Timer& timer = timers_[index];
    timer.action = std::move(action);
    timer.what = what;
    timer.digest = digest;
    timer.sequence = ++last_sequence_;
    timer.later = when > now_;
    push({when, timer.sequence, target_of_timer(index)});
    return {timers_.id(index)};
  }

  void cancel(EventId id) {
    if (!timers_.waiting(id.value)) return;
    // The action is destroyed last: its captures may call back.
    const Timer timer = timers_.take(static_cast<uint32_t>(id.value));
    if (timer.later) count_stale();
  }

  // --- tasks ---

  Group& group(GroupId id) {
    CHECK(id.value >= 1 && id.value <= groups_.size(), "group {}", id.value);
    return groups_[id.value - 1];
  }

  GroupId new_group(NodeId node) {
    groups_.emplace_back().node = node;
    return {static_cast<uint32_t>(groups_.size())};
  }

  env::TaskId spawn(Group& group, const char* name, std::move_only_function<void()> body) {
    if (group.dead) return {};
    Task& task = tasks_.add(group);
    task.name = name;
    task.why = "start";
    task.since = now_;
    task.body = std::move(body);
    wake_at(task, now_);
    if (trace_ != nullptr) trace_->task_began(group.node, task.id(), name, now_);
    return task.id();
  }

  Task& current() const {
    CHECK(current_ != nullptr, "outside any task");
    return *current_;
  }
  bool in_task() const { return current_ != nullptr; }

  void sleep(Duration duration) {
    CHECK(duration.ns >= 0, "sleep({})", duration);
    Task& task = current();
    wake_at(task, later_by(duration));
    suspend(task, Task::State::kAsleep, "sleep");
  }

  bool park(const char* why, std::optional<Duration> timeout) {
    Task& task = current();
    task.woken = false;
    if (timeout.has_value()) {
      CHECK(timeout->ns >= 0, "park for {}", *timeout);
      wake_at(task, later_by(*timeout));
    }
    suspend(task, Task::State::kParked, why);
    return task.woken;
  }

  void unpark(env::TaskId id) {
    Task* const task = tasks_.find(id);
    if (task == nullptr || task->state != Task::State::kParked || task->group->dead) return;
    forget_wake(*task);
    task->state = Task::State::kReady;
    task->woken = true;
    wake_at(*task, now_);
  }

  void kill(Group& group) {
    if (group.dead) return;
    group.dead = true;
    group.deferred.clear();
    mark(Mark::kKill, group);
    while (Task* const task = group.last) {
      CHECK(task->state != Task::State::kRunning, "task '{}' kills its own group", task->name);
      forget_wake(*task);
      if (task->fiber != nullptr) {
        Task* const outer = std::exchange(current_, task);
        task->state = Task::State::kRunning;
        const bool goes_on = task->fiber->resume_with(&raise_killed);
        CHECK(!goes_on, "task '{}' suspends while it is unwound", task->name);
        current_ = outer;
      }
      const auto unused = std::move(task->body);  // destroyed last: its captures may call back
      remove(*task);
    }
  }

  void pause(Group& group) {
    if (group.dead || group.paused) return;
    group.paused = true;
    mark(Mark::kPause, group);
  }

  void resume(Group& group) {
    if (group.dead || !group.paused) return;
    group.paused = false;
    mark(Mark::kResume, group);
    for (const Group::Deferred& deferred : std::exchange(group.deferred, {})) {
      if (deferred.task->wake_sequence == deferred.sequence) wake_at(*deferred.task, now_);
    }
  }

  std::vector<WaitingTask> waiting() const {
    std::vector<WaitingTask> result;
    std::map<uint64_t, Instant> wakes;  // by sequence
    events_.each_later([&wakes](const Event& event) { wakes.emplace(event.sequence, event.time); });
    for (const Group& group : groups_) {
      for (const Task* task = group.first; task != nullptr; task = task->next) {
        if (task->state == Task::State::kRunning) continue;
        const auto wake = wakes.find(task->wake_sequence);
        result.push_back({.node = group.node,
                          .name = task->name,
                          .why = task->why,
                          .since = task->since,
                          .until = wake == wakes.end() ? std::nullopt : std::optional(wake->second),
                          .paused = group.paused});
      }
    }
    return result;
  }

  // --- running ---

  void run_until(Instant until) {
    CHECK(until >= now_, "until={} now={}", until, now_);
    CHECK(!running_ && current_ == nullptr, "run_until() from within the run");
    const Running running(*this);
    while (!stopped_) {
      const Event* const front = events_.front(until);
      if (front == nullptr) {
        now_ = until;
        events_at_instant_ = 0;
        return;
      }
      const Event event = *front;
      events_.pop([](size_t level, const Event& next) { fetch_ahead(level, next); });
      if (is_stale(event)) {
        stale_ -= events_.front_is_ready() ? 0 : 1;
        continue;
      }
      if (event.time != now_) advance(event.time);
      is_timer(event) ? run_timer(event) : run_task(event);
    }
  }
  void stop() { stopped_ = true; }

  void set_trace(Trace* trace) { trace_ = trace; }
  Instant now() const { return now_; }
  // The end of time is as late as anything can be.
  Instant later_by(Duration duration) const {
    return duration.ns > Instant::never().ns - now_.ns ? Instant::never() : now_ + duration;
  }
  uint64_t seed() const { return seed_; }
  uint64_t event_count() const { return event_count_; }
  Fingerprint fingerprint() const { return fingerprint_.value(); }
  void mix(uint64_t digest) { fingerprint_.add(digest); }

  void keep_checkpoints(uint64_t interval) {
    checkpoint_interval_ = interval;
    plan_attention();
  }
  const std::vector<std::pair<uint64_t, Fingerprint>>& checkpoints() const { return checkpoints_; }

  void record_events(uint64_t first, uint64_t last) {
    record_first_ = first;
    record_last_ = last;
    plan_attention();
  }
  const std::vector<EventRecord>& recorded_events() const { return recorded_; }

  void set_command(std::string command) { command_ = std::move(command); }
  void break_at(Instant when) { break_time_ = when; }
  void break_at_event(uint64_t number) {
    break_event_ = number;
    plan_attention();
  }

 private:
  // The kernel whose events this thread is running, for a failing CHECK.
  class Running {
   public:
    explicit Running(Impl& kernel) : kernel_(kernel), outer_(std::exchange(g_running, &kernel)) {
      kernel_.running_ = true;
      kernel_.stopped_ = false;
    }
    ~Running() {
      kernel_.running_ = false;
      g_running = outer_;
    }
    Running(const Running&) = delete;

   private:
    Impl& kernel_;
    Impl* const outer_;
  };

  static std::string describe_running() {
    return g_running == nullptr ? "" : g_running->describe();
  }

  std::string describe() const {
    const NodeId node = current_ != nullptr ? current_->group->node : NodeId{event_node_};
    const std::string task = current_ != nullptr ? fmt::format(", task '{}'", current_->name) : "";
    return fmt::format(
        "  node     {}{}\n  time     {} ({} ns)\n  event    {}\n  seed     {}\n  command  {}", node,
        task, now_, now_.ns, event_count_, seed_, command_.empty() ? "unknown" : command_);
  }

  // Always inline, here and below, so that an event travels in registers: copied through memory
  // just after it was written field by field, it would stall the load.
  [[gnu::always_inline]] void push(const Event& event) {
    event.time == now_ ? events_.push_ready(event) : events_.push_later(event);
  }

  void wake_at(Task& task, Instant when) {
    task.wake_sequence = ++last_sequence_;
    task.wake_later = when > now_;
    push({when, task.wake_sequence, target_of(task)});
  }

  void forget_wake(Task& task) {
    if (task.wake_sequence == 0) return;
    task.wake_sequence = 0;
    if (task.wake_later) count_stale();
  }

  bool is_stale(const Event& event) {
    return event.sequence !=
           (is_timer(event) ? timers_[timer_of(event)].sequence : task_of(event).wake_sequence);
  }

  // Long time-outs that rarely end would otherwise fill the heap.
  void count_stale() {
    if (++stale_ < kStaleEventsMin || stale_ * 2 < events_.later_size()) return;
    events_.remove_later_if([this](const Event& event) { return is_stale(event); });
    stale_ = 0;
  }

  void suspend(Task& task, Task::State state, const char* why) {
    CHECK(!task.group->dead, "task '{}' suspends while it is unwound", task.name);
    task.state = state;
    task.why = why;
    task.since = now_;
    fibers_.suspend();
  }

  // With many tasks, what an event touches is in no cache: its task, its fiber, the stack. They are
  // fetched one after the other, each by the address that the last one holds, while the event rises
  // through the top of the heap.
  [[gnu::always_inline]] static void fetch_ahead(size_t level, const Event& event) {
    if (level > 2 || is_timer(event)) return;
    const Task& task = task_of(event);
    if (level == 2) return __builtin_prefetch(&task);
    if (task.fiber == nullptr) return;
    level == 1 ? task.fiber->prefetch() : task.fiber->prefetch_stack();
  }

  void advance(Instant time) {
    now_ = time;
    events_at_instant_ = 0;
    if (now_ >= break_time_) [[unlikely]] {
      break_time_ = Instant::never();
      std::raise(SIGTRAP);
    }
  }

  void count_event(const Event& event, uint64_t what, uint64_t digest) {
    event_node_ = static_cast<uint32_t>(what >> 8);
    fingerprint_.add_event(event.time, event.sequence, what, digest);
    ++event_count_;
    ++events_at_instant_;
    CHECK(events_at_instant_ <= options_.events_per_instant_max,
          "livelock: {} events at one instant", events_at_instant_);
    if (event_count_ >= attention_) [[unlikely]]
      attend(event, what, digest);
  }

  void attend(const Event& event, uint64_t what, uint64_t digest) {
    CHECK(event_count_ <= options_.events_max, "livelock: {} events in one run", event_count_);
    if (checkpoint_interval_ > 0 && event_count_ % checkpoint_interval_ == 0) {
      checkpoints_.emplace_back(event_count_, fingerprint());
    }
    if (event_count_ >= record_first_ && event_count_ <= record_last_) {
      const auto kind = static_cast<EventKind>(what & 0xff);
      const bool of_task = kind == EventKind::kStart || kind == EventKind::kWake;
      recorded_.push_back({.number = event_count_,
                           .at = event.time,
                           .node = {event_node_},
                           .kind = kind,
                           .digest = digest,
                           .task = of_task ? tasks_.find({digest})->name : "",
                           .fingerprint = fingerprint()});
    }
    if (event_count_ == break_event_) std::raise(SIGTRAP);
    plan_attention();
  }

  // The next event number at which something other than the event itself is to be done.
  void plan_attention() {
    attention_ = options_.events_max + 1;
    if (checkpoint_interval_ > 0) {
      const uint64_t next = (event_count_ / checkpoint_interval_ + 1) * checkpoint_interval_;
      attention_ = std::min(attention_, next);
    }
    if (break_event_ > event_count_) attention_ = std::min(attention_, break_event_);
    if (record_last_ > event_count_) {
      attention_ = std::min(attention_, std::max(record_first_, event_count_ + 1));
    }
  }

  [[gnu::always_inline]] void run_timer(const Event& event) {
    Timer timer = timers_.take(timer_of(event));
    count_event(event, timer.what, timer.digest);
    timer.action();
  }

  [[gnu::always_inline]] void run_task(const Event& event) {
    Task& task = task_of(event);
    Group& group = *task.group;
    if (group.paused) {
      // Its time has come, so that what comes later cannot wake it again.
      if (task.state != Task::State::kNew) task.state = Task::State::kReady;
      task.wake_later = false;
      group.deferred.push_back({&task, event.sequence});
      return;
    }
    task.wake_sequence = 0;
    const bool starts = task.fiber == nullptr;
    count_event(event, what_of(group.node, starts ? EventKind::kStart : EventKind::kWake),
                task.id().value);
    if (starts) task.fiber = fibers_.create([this, &task] { run_body(task); });
    task.state = Task::State::kRunning;
    current_ = &task;
    const bool goes_on = task.fiber->resume();
    current_ = nullptr;
    if (!goes_on) remove(task);
  }

  void remove(Task& task) {
    if (trace_ != nullptr) trace_->task_ended(task.group->node, task.id(), task.name, now_);
    tasks_.remove(task);
  }

  void run_body(Task& task) {
    try {
      auto body = std::move(task.body);  // its captures are destroyed by the task itself
      body();
    } catch (const TaskKilled&) {
    } catch (const std::exception& e) {
      CHECK(false, "task '{}' ends with an exception: {}", task.name, e.what());
    }
  }

  void mark(Mark mark, const Group& group) {
    fingerprint_.add(static_cast<uint64_t>(mark) << 32 | group.node.value);
  }

  static thread_local Impl* g_running;

  const uint64_t seed_;
  const KernelOptions options_;

  Instant now_;
  EventQueue events_;
  uint64_t last_sequence_ = 0;
  size_t stale_ = 0;  // events in the heap that nobody waits for any more
  TimerTable timers_;

  FiberPool fibers_;
  TaskTable tasks_;
  std::deque<Group> groups_;
  Task* current_ = nullptr;

  bool running_ = false;
  bool stopped_ = false;
  uint64_t event_count_ = 0;
  uint64_t events_at_instant_ = 0;
  uint32_t event_node_ = 0;  // of the event that runs
  RollingFingerprint fingerprint_;

  uint64_t attention_ = kNone;
  uint64_t checkpoint_interval_ = 0;
  std::vector<std::pair<uint64_t, Fingerprint>> checkpoints_;
  uint64_t record_first_ = 0, record_last_ = 0;
  std::vector<EventRecord> recorded_;
  Instant break_time_ = Instant::never();
  uint64_t break_event_ = 0;
  std::string command_;
  Trace* trace_ = nullptr;
};

thread_local Kernel::Impl* Kernel::Impl::g_running = nullptr;

std::string_view to_string(EventKind kind) {
  constexpr std::string_view kKinds[] = {"start",   "wake",  "timer",   "disk",
                                         "deliver", "fault", "workload"};
  return kKinds[static_cast<size_t>(kind)];
}

std::string to_text(const std::vector<WaitingTask>& tasks) {
  std::string text;
  for (const WaitingTask& task : tasks) {
    text +=
        fmt::format("  {:<6} {:<20} {:<24} since {}{}{}\n", fmt::format("{}", task.node), task.name,
                    task.why, task.since, task.until ? fmt::format(", until {}", *task.until) : "",
                    task.paused ? ", paused" : "");
  }
  return text;
}

std::string to_string(const EventRecord& event) {
  return fmt::format("event {} at {} ns on {}: {}{}, digest {:016x}", event.number, event.at.ns,
                     event.node, to_string(event.kind),
                     event.task.empty() ? "" : fmt::format(" of task '{}'", event.task),
                     event.digest);
}

Kernel::Kernel(uint64_t seed, KernelOptions options)
    : impl_(std::make_unique<Impl>(seed, options)) {}
Kernel::~Kernel() = default;

void Kernel::set_trace(Trace* trace) {
  trace_ = trace;
  impl_->set_trace(trace);
}

Instant Kernel::now() const { return impl_->now(); }
uint64_t Kernel::seed() const { return impl_->seed(); }
Random Kernel::stream(std::string_view name) const { return Random(impl_->seed(), name); }

EventId Kernel::at(Instant when, NodeId node, EventKind kind, uint64_t digest,
                   std::move_only_function<void()> action) {
  return impl_->at(when, what_of(node, kind), digest, std::move(action));
}
EventId Kernel::after(Duration delay, NodeId node, EventKind kind, uint64_t digest,
                      std::move_only_function<void()> action) {
  return impl_->at(impl_->later_by(delay), what_of(node, kind), digest, std::move(action));
}
void Kernel::cancel(EventId event) { impl_->cancel(event); }

GroupId Kernel::new_group(NodeId node) { return impl_->new_group(node); }
env::TaskId Kernel::spawn(GroupId group, const char* name, std::move_only_function<void()> body) {
  return impl_->spawn(impl_->group(group), name, std::move(body));
}
env::TaskId Kernel::current() const { return impl_->current().id(); }
bool Kernel::in_task() const { return impl_->in_task(); }
void Kernel::sleep(Duration duration) { impl_->sleep(duration); }
bool Kernel::park(const char* why, std::optional<Duration> timeout) {
  return impl_->park(why, timeout);
}
void Kernel::unpark(env::TaskId task) { impl_->unpark(task); }
void Kernel::kill(GroupId group) { impl_->kill(impl_->group(group)); }
void Kernel::pause(GroupId group) { impl_->pause(impl_->group(group)); }
void Kernel::resume(GroupId group) { impl_->resume(impl_->group(group)); }
std::vector<WaitingTask> Kernel::waiting() const { return impl_->waiting(); }

void Kernel::run_until(Instant until) { impl_->run_until(until); }
void Kernel::stop() { impl_->stop(); }

uint64_t Kernel::event_count() const { return impl_->event_count(); }
Fingerprint Kernel::fingerprint() const { return impl_->fingerprint(); }
void Kernel::mix(uint64_t digest) { impl_->mix(digest); }
void Kernel::keep_checkpoints(uint64_t interval) { impl_->keep_checkpoints(interval); }
const std::vector<std::pair<uint64_t, Fingerprint>>& Kernel::checkpoints() const {
  return impl_->checkpoints();
}

void Kernel::record_events(uint64_t first, uint64_t last) { impl_->record_events(first, last); }
const std::vector<EventRecord>& Kernel::recorded_events() const { return impl_->recorded_events(); }

void Kernel::set_command(std::string command) { impl_->set_command(std::move(command)); }
void Kernel::break_at(Instant when) { impl_->break_at(when); }
void Kernel::break_at_event(uint64_t number) { impl_->break_at_event(number); }

}  // namespace revenant::sim
