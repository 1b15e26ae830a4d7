#include "sim/world/paid_file_system.h"

#include <utility>

#include "sim/net/link_model.h"

namespace revenant::sim {
namespace {

// What an operation on a file costs.
class Price {
 public:
  Price(Cpu& cpu, const CpuOptions& options) : cpu_(cpu), options_(options) {}

  void pay(size_t bytes, env::Cause cause) const {
    const bool job =
        cause.kind == env::CauseKind::kFlush || cause.kind == env::CauseKind::kCompaction;
    Duration cost = options_.per_io;
    if (job) cost += passing_time(bytes, options_.job_bandwidth);
    cpu_.spend(cost);
  }

 private:
  Cpu& cpu_;
  const CpuOptions options_;
};

class PaidAppendFile final : public env::AppendFile {
 public:
  PaidAppendFile(std::unique_ptr<env::AppendFile> file, const Price& price)
      : file_(std::move(file)), price_(price) {}
  Result<void> append(Bytes data, env::Cause cause) override {
    price_.pay(data.size(), cause);
    return file_->append(data, cause);
  }
  Result<void> sync(env::Cause cause) override {
    price_.pay(0, cause);
    return file_->sync(cause);
  }
  uint64_t size() const override { return file_->size(); }

 private:
  const std::unique_ptr<env::AppendFile> file_;
  const Price price_;
};

class PaidReadFile final : public env::ReadFile {
 public:
  PaidReadFile(std::unique_ptr<env::ReadFile> file, const Price& price)
      : file_(std::move(file)), price_(price) {}
  Result<void> read(uint64_t offset, uint64_t size, Buffer& out, env::Cause cause) override {
    auto outcome = file_->read(offset, size, out, cause);
    price_.pay(out.size(), cause);
    return outcome;
  }
  uint64_t size() const override { return file_->size(); }

 private:
  const std::unique_ptr<env::ReadFile> file_;
  const Price price_;
};

class PaidFileSystem final : public env::FileSystem {
 public:
  PaidFileSystem(std::unique_ptr<env::FileSystem> files, const Price& price)
      : files_(std::move(files)), price_(price) {}

  Result<std::unique_ptr<env::AppendFile>> create(const std::string& path) override {
    return paid(files_->create(path));
  }
  Result<std::unique_ptr<env::AppendFile>> create_log(const std::string& path) override {
    return paid(files_->create_log(path));
  }
  Result<std::unique_ptr<env::ReadFile>> open(const std::string& path) override {
    ASSIGN_OR_RETURN(auto file, files_->open(path));
    return std::make_unique<PaidReadFile>(std::move(file), price_);
  }
  Result<void> remove(const std::string& path) override { return files_->remove(path); }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return files_->rename(from, to);
  }
  bool exists(const std::string& path) override { return files_->exists(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return files_->list(directory);
  }
  Result<void> make_directory(const std::string& directory) override {
    return files_->make_directory(directory);
  }
  Result<void> sync_directory(const std::string& directory, env::Cause cause) override {
    price_.pay(0, cause);
    return files_->sync_directory(directory, cause);
  }

 private:
  Result<std::unique_ptr<env::AppendFile>> paid(Result<std::unique_ptr<env::AppendFile>> created) {
    ASSIGN_OR_RETURN(auto file, std::move(created));
    return std::make_unique<PaidAppendFile>(std::move(file), price_);
  }

  const std::unique_ptr<env::FileSystem> files_;
  const Price price_;
};

}  // namespace

std::unique_ptr<env::FileSystem> make_paid_file_system(std::unique_ptr<env::FileSystem> files,
                                                       Cpu& cpu, const CpuOptions& options) {
  return std::make_unique<PaidFileSystem>(std::move(files), Price(cpu, options));
}

}  // namespace revenant::sim
