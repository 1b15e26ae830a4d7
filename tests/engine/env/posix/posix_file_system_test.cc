// What is particular to real files; the contract itself is tested with the simulated disk's
// (tests/sim/disk/file_system_conformance_test.cc).
#include "engine/env/posix/posix_file_system.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/check.h"

namespace revenant::env {
namespace {

constexpr Cause kCause{CauseKind::kWal};

class PosixFileSystemTest : public testing::Test {
 protected:
  PosixFileSystemTest() {
    std::string path = testing::TempDir() + "revenant-posix-XXXXXX";
    CHECK(mkdtemp(path.data()) != nullptr);
    root = path;
    files = *open_posix_file_system(root);
  }
  ~PosixFileSystemTest() override { std::filesystem::remove_all(root); }

  template <typename T>
  static std::string outcome(const Result<T>& result) {
    return result.has_value() ? "ok" : std::string(to_string(result.error().code));
  }

  std::string root;
  std::unique_ptr<FileSystem> files;
};

TEST_F(PosixFileSystemTest, files_are_plain_files_below_the_root) {
  ASSERT_EQ(outcome(files->make_directory("db")), "ok");
  auto file = *files->create("db/000001.log");
  ASSERT_TRUE(file->append("record", kCause).has_value());
  std::ifstream in(root + "/db/000001.log");
  std::string content;
  std::getline(in, content);
  EXPECT_EQ(content, "record");
}

TEST_F(PosixFileSystemTest, what_one_process_wrote_the_next_finds) {
  (void)(*files->create("f"))->append("bytes", kCause);
  files = *open_posix_file_system(root);
  Buffer out;
  ASSERT_TRUE((*files->open("f"))->read(0, 100, out, kCause).has_value());
  EXPECT_EQ(out, "bytes");
}

TEST_F(PosixFileSystemTest, a_log_is_what_was_appended_and_zeros_after_it) {
  Buffer appended;
  {
    auto log = *files->create_log("log");
    for (int i = 0; appended.size() < 2'500'000; ++i) {  // over several windows
      const Buffer record(static_cast<size_t>(1 + i % 1000), static_cast<char>('a' + i % 26));
      ASSERT_TRUE(log->append(record, kCause).has_value());
      appended += record;
      ASSERT_EQ(log->size(), appended.size());
    }
    ASSERT_TRUE(log->sync(kCause).has_value());
    Buffer out;  // while it is still written
    ASSERT_TRUE((*files->open("log"))->read(0, appended.size(), out, kCause).has_value());
    EXPECT_EQ(out, appended);
  }
  Buffer out;
  ASSERT_TRUE((*files->open("log"))->read(0, 10'000'000, out, kCause).has_value());
  appended.resize(out.size(), '\0');
  EXPECT_EQ(out, appended);
}

TEST_F(PosixFileSystemTest, paths_cannot_leave_the_root) {
  for (const char* path : {"../f", "a/../f", "/etc/passwd", "./f", "a//f", "a/", ""}) {
    EXPECT_EQ(outcome(files->create(path)), "invalid") << path;
    EXPECT_EQ(outcome(files->open(path)), "invalid") << path;
    EXPECT_EQ(outcome(files->remove(path)), "invalid") << path;
    EXPECT_EQ(outcome(files->make_directory(path)), "invalid") << path;
    EXPECT_FALSE(files->exists(path)) << path;
  }
}

TEST_F(PosixFileSystemTest, an_error_names_the_path_and_the_systems_words) {
  EXPECT_EQ(files->open("missing").error().message, root + "/missing: No such file or directory");
}

TEST_F(PosixFileSystemTest, a_root_whose_parent_is_missing_is_not_found) {
  EXPECT_EQ(outcome(open_posix_file_system(root + "/no/such")), "not found");
  EXPECT_EQ(outcome(open_posix_file_system(root + "/sub")), "ok");
}

// The file size limit of the process makes write() fail after some bytes.
TEST_F(PosixFileSystemTest, a_file_is_abandoned_after_a_failed_append) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);

  auto file = *files->create("f");
  EXPECT_EQ(outcome(file->append(std::string(600, 'a'), kCause)), "ok");
  const auto second = file->append(std::string(600, 'b'), kCause);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);

  EXPECT_EQ(outcome(second), "I/O error");
  EXPECT_EQ(outcome(file->append("c", kCause)), "I/O error");
  EXPECT_EQ(outcome(file->sync(kCause)), "I/O error");
}

// A mapped file that grew into a full disk would end the process by a signal.
TEST_F(PosixFileSystemTest, a_log_whose_space_cannot_be_set_aside_fails_by_an_error) {
  auto log = *files->create_log("log");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{1 << 20, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const Buffer piece(4096, 'x');
  Result<void> appended;
  int whole = 0;
  while ((appended = log->append(piece, kCause)).has_value()) ++whole;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(whole, (1 << 20) / 4096);
  EXPECT_EQ(outcome(log->append(piece, kCause)), "I/O error");
}

TEST_F(PosixFileSystemTest, several_threads_use_one_file_system) {
  ASSERT_EQ(outcome(files->make_directory("db")), "ok");
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string path = "db/" + std::to_string(t) + "-" + std::to_string(i);
        const std::string content(static_cast<size_t>(1 + i * 100), static_cast<char>('a' + t));
        auto file = files->create(path);
        if (!file.has_value() || !(*file)->append(content, kCause).has_value()) ++failures;
        Buffer out;
        auto reader = files->open(path);
        if (!reader.has_value() || !(*reader)->read(0, 1 << 20, out, kCause).has_value() ||
            out != content) {
          ++failures;
        }
        if (i % 2 == 0 && !files->remove(path).has_value()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(files->list("db")->size(), 100u);
}

}  // namespace
}  // namespace revenant::env
