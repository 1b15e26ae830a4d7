#include "sim/experiment/worker_processes.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <utility>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

// As a failed CHECK: a defect of ours.
constexpr int kDefect = 4;

// Owns a file descriptor.
class File {
 public:
  explicit File(int file = -1) : file_(file) {}
  ~File() { close(); }
  File(File&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  File& operator=(File&& other) noexcept {
    close();
    file_ = std::exchange(other.file_, -1);
    return *this;
  }
  int get() const { return file_; }
  bool is_open() const { return file_ >= 0; }
  void close() {
    if (file_ >= 0) ::close(std::exchange(file_, -1));
  }

 private:
  int file_;
};

struct Pipe {
  File read_end, write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return error(ErrorCode::kIo, "pipe: {}", std::strerror(errno));
  return Pipe{File(ends[0]), File(ends[1])};
}

void write_all(int file, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(file, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::_exit(kDefect);  // nobody reads any more
    done += static_cast<size_t>(n);
  }
}

// The worker's whole life. A result is framed by the exit code: 0 says that all of it was written.
[[noreturn]] void work_and_exit(pid_t parent, int result_file, int stderr_file,
                                const std::function<std::string()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kDefect);  // it died before prctl took effect
  Interrupt::leave_to_parent();
  ::dup2(stderr_file, STDERR_FILENO);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nowhere, STDOUT_FILENO);
  try {
    write_all(result_file, work());
  } catch (const std::exception& e) {
    fmt::print(stderr, "uncaught exception: {}\n", e.what());
    std::fflush(stderr);
    ::_exit(kDefect);
  }
  // Not exit(): buffers and files of the parent's are not ours to flush or close.
  ::_exit(0);
}

}  // namespace

struct WorkerProcesses::Worker {
  int64_t job;
  pid_t process;
  File result_file, stderr_file;
  std::string result, stderr_text;

  bool is_silent() const { return !result_file.is_open() && !stderr_file.is_open(); }
};

WorkerProcesses::WorkerProcesses(int64_t at_once) : at_once_(at_once) { CHECK(at_once > 0); }

WorkerProcesses::~WorkerProcesses() {
  for (const auto& worker : workers_) {
    ::kill(worker->process, SIGKILL);
    while (::waitpid(worker->process, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

bool WorkerProcesses::has_room() const { return static_cast<int64_t>(workers_.size()) < at_once_; }

Result<void> WorkerProcesses::start(int64_t job, const std::function<std::string()>& work) {
  CHECK(has_room());
  ASSIGN_OR_RETURN(Pipe result, make_pipe());
  ASSIGN_OR_RETURN(Pipe stderr_pipe, make_pipe());
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return error(ErrorCode::kIo, "fork: {}", std::strerror(errno));
  if (child == 0) work_and_exit(parent, result.write_end.get(), stderr_pipe.write_end.get(), work);
  workers_.push_back(std::make_unique<Worker>(Worker{.job = job,
                                                     .process = child,
                                                     .result_file = std::move(result.read_end),
                                                     .stderr_file = std::move(stderr_pipe.read_end),
                                                     .result = {},
                                                     .stderr_text = {}}));
  return {};
}

// False at the end of the file.
bool WorkerProcesses::read_some(int file, std::string& into) {
  char buffer[65536];
  const ssize_t n = ::read(file, buffer, sizeof buffer);
  if (n < 0) return errno == EINTR;
  into.append(buffer, static_cast<size_t>(n));
  return n > 0;
}

std::optional<WorkerReport> WorkerProcesses::wait(Duration timeout, const Interrupt& interrupt) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::nanoseconds(timeout.ns);
  for (;;) {
    // The one that was started first among those that are done.
    const auto done = std::find_if(workers_.begin(), workers_.end(),
                                   [](const auto& worker) { return worker->is_silent(); });
    if (done != workers_.end()) {
      Worker& worker = **done;
      int status = 0;
      while (::waitpid(worker.process, &status, 0) < 0) CHECK(errno == EINTR, "errno={}", errno);
      WorkerReport report{
          .job = worker.job,
          .finished = WIFEXITED(status) && WEXITSTATUS(status) == 0,
          .result = std::move(worker.result),
          .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .how = "",
          .stderr_tail = std::move(worker.stderr_text)};
      report.how = WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                                     : fmt::format("signal {} ({})", WTERMSIG(status),
                                                   ::strsignal(WTERMSIG(status)));
      if (!report.finished) report.result.clear();
      workers_.erase(done);
      return report;
    }
    // With no time left or after a signal, what lies in the pipes is still taken.
    const bool interrupted = interrupt.signal() != 0;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    const int patience = interrupted ? 0 : std::max(0, static_cast<int>(left.count()));
    // poll() skips files that are closed, -1.
    std::vector<pollfd> files = {{interrupted ? -1 : interrupt.file(), POLLIN, 0}};
    for (const auto& worker : workers_) {
      files.push_back({worker->result_file.get(), POLLIN, 0});
      files.push_back({worker->stderr_file.get(), POLLIN, 0});
    }
    const int ready = ::poll(files.data(), files.size(), patience);
    if (ready < 0) CHECK(errno == EINTR, "errno={}", errno);
    if (ready == 0 && patience == 0) return std::nullopt;
    if (ready <= 0) continue;
    for (size_t i = 0; i < workers_.size(); ++i) {
      Worker& worker = *workers_[i];
      if (files[1 + 2 * i].revents != 0 && !read_some(worker.result_file.get(), worker.result)) {
        worker.result_file.close();
      }
      if (files[2 + 2 * i].revents != 0 &&
          !read_some(worker.stderr_file.get(), worker.stderr_text)) {
        worker.stderr_file.close();
      }
      if (worker.stderr_text.size() > kStderrTail) {
        worker.stderr_text.erase(0, worker.stderr_text.size() - kStderrTail);
      }
    }
  }
}

int64_t processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

}  // namespace revenant::sim
