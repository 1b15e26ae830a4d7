// One contract (engine/env/file_system.h), every implementation of it.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/env/posix/posix_file_system.h"
#include "tests/sim/disk/bare_machine.h"

namespace revenant::sim {
namespace {

class Host {
 public:
  virtual ~Host() = default;
  virtual void run(std::move_only_function<void(env::FileSystem&)> body) = 0;
};

class SimHost final : public Host {
 public:
  explicit SimHost(const DiskOptions& options) : machine_(options) {}
  void run(std::move_only_function<void(env::FileSystem&)> body) override {
    machine_.run([&] { body(*machine_.files); });
    EXPECT_EQ(machine_.verify(), "closes");
  }

 private:
  BareMachine machine_;
};

class PosixHost final : public Host {
 public:
  explicit PosixHost(env::PosixFileSystemOptions options) : options_(options) {
    std::string path = testing::TempDir() + "revenant-files-XXXXXX";
    CHECK(mkdtemp(path.data()) != nullptr);
    root_ = path;
  }
  ~PosixHost() override { std::filesystem::remove_all(root_); }
  void run(std::move_only_function<void(env::FileSystem&)> body) override {
    auto files = env::open_posix_file_system(root_, options_);
    ASSERT_TRUE(files.has_value());
    body(**files);
  }

 private:
  const env::PosixFileSystemOptions options_;
  std::string root_;
};

DiskOptions crowded() {  // every page is written back and evicted early
  DiskOptions options = round_figures();
  options.page_cache = kib(16);
  options.dirty_max = kib(8);
  options.read_ahead = kib(8);
  return options;
}

std::unique_ptr<Host> make_host(const std::string& name) {
  if (name == "posix") return std::make_unique<PosixHost>(env::PosixFileSystemOptions{});
  if (name == "posix_mapped") {
    return std::make_unique<PosixHost>(env::PosixFileSystemOptions{.allow_mmap_reads = true});
  }
  if (name == "ideal") return std::make_unique<SimHost>(profile(DiskProfile::kIdeal));
  if (name == "nvme_enterprise")
    return std::make_unique<SimHost>(profile(DiskProfile::kNvmeEnterprise));
  return std::make_unique<SimHost>(crowded());
}

// "3 B" bytes that tell where they stand in which file.
std::string pattern(uint64_t salt, uint64_t begin, uint64_t size) {
  std::string bytes(size, '\0');
  for (uint64_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(1 + (salt * 31 + (begin + i) * 7 + (begin + i) / 251) % 250);
  }
  return bytes;
}

void write(env::FileSystem& files, const std::string& path, Bytes bytes) {
  auto file = files.create(path);
  ASSERT_TRUE(file.has_value()) << path;
  EXPECT_TRUE((*file)->append(bytes, kWal).has_value());
}
std::string read(env::FileSystem& files, const std::string& path) {
  auto file = files.open(path);
  if (!file.has_value()) return "<" + std::string(to_string(file.error().code)) + ">";
  Buffer out;
  EXPECT_TRUE((*file)->read(0, (*file)->size(), out, kClientRead).has_value());
  return out;
}
template <typename T>
std::string outcome(const Result<T>& result) {
  return result.has_value() ? "ok" : std::string(to_string(result.error().code));
}
using Names = std::vector<std::string>;

class FileSystemConformance : public testing::TestWithParam<std::string> {
 protected:
  void run(std::move_only_function<void(env::FileSystem&)> body) { host_->run(std::move(body)); }

 private:
  std::unique_ptr<Host> host_ = make_host(GetParam());
};

TEST_P(FileSystemConformance, appended_bytes_are_read_back) {
  run([](env::FileSystem& files) {
    auto file = *files.create("log");
    EXPECT_EQ(file->size(), 0u);
    EXPECT_TRUE(file->append("hello ", kWal).has_value());
    EXPECT_TRUE(file->append("", kWal).has_value());
    EXPECT_TRUE(file->append("world", kWal).has_value());
    EXPECT_EQ(file->size(), 11u);
    EXPECT_EQ(read(files, "log"), "hello world");
    EXPECT_TRUE(file->sync(kWal).has_value());
    EXPECT_EQ(read(files, "log"), "hello world");
  });
}

TEST_P(FileSystemConformance, reads_cross_page_boundaries_and_stop_at_the_end) {
  run([](env::FileSystem& files) {
    const std::string content = pattern(1, 0, 3 * 4096 + 10);
    write(files, "f", content);
    auto file = *files.open("f");
    EXPECT_EQ(file->size(), content.size());
    Buffer out = "left over";
    for (const uint64_t offset : {0, 1, 511, 4095, 4096, 4097, 8000, 3 * 4096, 3 * 4096 + 9}) {
      for (const uint64_t size : {0, 1, 2, 4096, 4097, 9000, 20000}) {
        EXPECT_TRUE(file->read(offset, size, out, kClientRead).has_value());
        EXPECT_EQ(out, content.substr(offset, size)) << offset << " " << size;
      }
    }
    EXPECT_TRUE(file->read(content.size(), 5, out, kClientRead).has_value());
    EXPECT_EQ(out, "");
    EXPECT_TRUE(file->read(1'000'000, 5, out, kClientRead).has_value());
    EXPECT_EQ(out, "");
  });
}

TEST_P(FileSystemConformance, appends_of_any_size_come_back_whole) {
  run([](env::FileSystem& files) {
    Random random(7, "sizes");
    std::string content;
    auto file = *files.create("f");
    for (int i = 0; i < 200; ++i) {
      const uint64_t size = random.below(4) == 0 ? random.below(20'000) : random.below(300);
      const std::string part = pattern(2, content.size(), size);
      ASSERT_TRUE(file->append(part, kFlush).has_value());
      content += part;
      if (random.below(10) == 0) {
        ASSERT_TRUE(file->sync(kFlush).has_value());
      }
    }
    EXPECT_EQ(file->size(), content.size());
    EXPECT_EQ(read(files, "f"), content);
  });
}

TEST_P(FileSystemConformance, a_reader_sees_what_is_appended_after_it_opened) {
  run([](env::FileSystem& files) {
    auto file = *files.create("f");
    auto reader = *files.open("f");
    EXPECT_TRUE(file->append("abc", kWal).has_value());
    Buffer out;
    EXPECT_TRUE(reader->read(1, 10, out, kClientRead).has_value());
    EXPECT_EQ(out, "bc");
    EXPECT_EQ(reader->size(), 3u);
  });
}

TEST_P(FileSystemConformance, creating_what_exists_fails) {
  run([](env::FileSystem& files) {
    write(files, "f", "first");
    EXPECT_EQ(outcome(files.create("f")), "invalid");
    EXPECT_EQ(read(files, "f"), "first");
  });
}

TEST_P(FileSystemConformance, missing_files_are_not_found) {
  run([](env::FileSystem& files) {
    EXPECT_FALSE(files.exists("nothing"));
    EXPECT_EQ(outcome(files.open("nothing")), "not found");
    EXPECT_EQ(outcome(files.remove("nothing")), "not found");
    EXPECT_EQ(outcome(files.rename("nothing", "something")), "not found");
    EXPECT_EQ(outcome(files.create("nowhere/f")), "not found");
    EXPECT_EQ(outcome(files.open("nowhere/f")), "not found");
    EXPECT_EQ(outcome(files.sync_directory("nowhere", kManifest)), "not found");
    EXPECT_EQ(outcome(files.create("")), "invalid");
  });
}

TEST_P(FileSystemConformance, rename_replaces) {
  run([](env::FileSystem& files) {
    write(files, "a", "new");
    write(files, "b", "old");
    EXPECT_EQ(outcome(files.rename("a", "b")), "ok");
    EXPECT_FALSE(files.exists("a"));
    EXPECT_EQ(read(files, "b"), "new");
    EXPECT_EQ(outcome(files.rename("b", "b")), "ok");
    EXPECT_EQ(outcome(files.rename("b", "c")), "ok");
    EXPECT_EQ(read(files, "c"), "new");
    EXPECT_EQ(*files.list(""), Names{"c"});
  });
}

TEST_P(FileSystemConformance, renames_stay_within_a_directory) {
  run([](env::FileSystem& files) {
    EXPECT_EQ(outcome(files.make_directory("db")), "ok");
    write(files, "db/a", "bytes");
    EXPECT_EQ(outcome(files.rename("db/a", "a")), "invalid");
    EXPECT_EQ(read(files, "db/a"), "bytes");
    write(files, "a", "others");
    EXPECT_EQ(outcome(files.rename("a", "db")), "invalid");
  });
}

TEST_P(FileSystemConformance, removed_files_stay_readable_while_open) {
  run([](env::FileSystem& files) {
    const std::string content = pattern(3, 0, 10'000);
    write(files, "f", content);
    auto reader = *files.open("f");
    EXPECT_EQ(outcome(files.remove("f")), "ok");
    EXPECT_FALSE(files.exists("f"));
    Buffer out;
    EXPECT_TRUE(reader->read(0, 10'000, out, kClientRead).has_value());
    EXPECT_EQ(out, content);
    write(files, "f", "another");
    EXPECT_EQ(read(files, "f"), "another");
  });
}

TEST_P(FileSystemConformance, list_is_sorted_and_of_files_only) {
  run([](env::FileSystem& files) {
    EXPECT_EQ(*files.list("db"), Names{});
    EXPECT_EQ(outcome(files.make_directory("db")), "ok");
    EXPECT_EQ(outcome(files.make_directory("db")), "ok");
    EXPECT_TRUE(files.exists("db"));
    EXPECT_EQ(*files.list("db"), Names{});
    for (const char* name : {"db/10", "db/9", "db/1", "db/CURRENT", "top"})
      write(files, name, name);
    EXPECT_EQ(*files.list("db"), (Names{"1", "10", "9", "CURRENT"}));
    EXPECT_EQ(*files.list(""), Names{"top"});
    EXPECT_EQ(outcome(files.remove("db/10")), "ok");
    EXPECT_EQ(*files.list("db"), (Names{"1", "9", "CURRENT"}));
    EXPECT_EQ(outcome(files.sync_directory("db", kManifest)), "ok");
    EXPECT_EQ(outcome(files.sync_directory("", kManifest)), "ok");
  });
}

TEST_P(FileSystemConformance, random_operations_agree_with_a_map) {
  run([](env::FileSystem& files) {
    Random random(11, "operations");
    std::map<std::string, std::string> model;
    std::map<std::string, std::unique_ptr<env::AppendFile>> open;
    const auto any = [&] { return fmt::format("d/{}", random.below(8)); };
    ASSERT_EQ(outcome(files.make_directory("d")), "ok");
    for (int i = 0; i < 1500; ++i) {
      const std::string name = any();
      switch (random.below(7)) {
        case 0: {
          auto file = files.create(name);
          ASSERT_EQ(file.has_value(), !model.contains(name));
          if (file.has_value()) model[name] = "", open[name] = std::move(*file);
          break;
        }
        case 1:
        case 2: {
          if (!open.contains(name)) break;
          const std::string part = pattern(i, model[name].size(), random.below(6000));
          ASSERT_TRUE(open[name]->append(part, kWal).has_value());
          model[name] += part;
          break;
        }
        case 3:
          if (open.contains(name)) {
            ASSERT_TRUE(open[name]->sync(kWal).has_value());
          }
          break;
        case 4: {
          ASSERT_EQ(files.remove(name).has_value(), model.erase(name) > 0);
          open.erase(name);
          break;
        }
        case 5: {
          const std::string to = any();
          ASSERT_EQ(files.rename(name, to).has_value(), model.contains(name));
          if (!model.contains(name) || name == to) break;
          model[to] = std::move(model[name]);
          model.erase(name);
          open.erase(to);
          if (open.contains(name)) open[to] = std::move(open[name]);
          open.erase(name);
          break;
        }
        case 6: {
          ASSERT_EQ(files.exists(name), model.contains(name));
          ASSERT_EQ(read(files, name), model.contains(name) ? model[name] : "<not found>");
          break;
        }
      }
    }
    Names names;
    for (const auto& [name, content] : model) {
      names.push_back(name.substr(2));
      EXPECT_EQ(read(files, name), content);
    }
    EXPECT_EQ(*files.list("d"), names);
  });
}

INSTANTIATE_TEST_SUITE_P(, FileSystemConformance,
                         testing::Values("posix", "posix_mapped", "ideal", "nvme_enterprise",
                                         "crowded"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace revenant::sim
