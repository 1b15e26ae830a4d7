#include "engine/replication/batch_log.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace revenant::replication {
namespace {

constexpr const char* kBatchDirectory = "batches";
constexpr env::Cause kBatchCause{env::CauseKind::kBatchLog};
// Beyond this the log is written anew, without what was removed.
constexpr uint64_t kLogBytesMax = 1 << 20;
constexpr char kRemoved = 0, kStored = 1;

template <typename T>
Buffer record_of(char kind, const T& content) {
  Buffer record(1, kind);
  encode(record, content);
  return record;
}

std::string path(uint64_t number) { return fmt::format("{}/{:06}.log", kBatchDirectory, number); }

}  // namespace

BatchLog::BatchLog(env::Environment environment, Messenger& messenger,
                   const ReplicationOptions& options, lsm::WalSync sync, Duration age_max,
                   Recovered recovered, Deliver deliver)
    : environment_(environment),
      messenger_(messenger),
      options_(options.batch_log),
      timeout_(options.write_timeout * 2),
      synced_(sync != lsm::WalSync::kPeriodic),
      age_max_(age_max),
      defects_(options.defects),
      deliver_(std::move(deliver)),
      entries_(std::move(recovered.entries)),
      appending_(environment.tasks, "lock of the batch log"),
      stored_(environment.tasks),
      files_(std::move(recovered.files)),
      next_number_(files_.empty() ? 1 : files_.back() + 1) {
  messenger_.serve(Verb::kStoreBatch,
                   [this](NodeId from, uint64_t id, Bytes body) { serve_store(from, id, body); });
  messenger_.serve(Verb::kRemoveBatch,
                   [this](NodeId from, uint64_t id, Bytes body) { serve_remove(from, id, body); });
}

auto BatchLog::recover(env::Environment environment) -> Result<Recovered> {
  Recovered recovered;
  ASSIGN_OR_RETURN(const auto names, environment.files.list(kBatchDirectory));
  for (const std::string& name : names) {
    uint64_t number = 0;
    const auto [stop, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad == std::errc{} && std::string_view(stop) == ".log") recovered.files.push_back(number);
  }
  std::ranges::sort(recovered.files);
  for (uint64_t number : recovered.files) {
    ASSIGN_OR_RETURN(auto file, environment.files.open(path(number)));
    RETURN_IF_ERROR(wal::replay_wal(
        *file,
        [&recovered](Bytes record) -> Result<void> {
          if (record.empty()) return {};
          const Bytes content = record.substr(1);
          if (record.front() == kRemoved) {
            if (const auto removed = decode_all<BatchId>(content))
              recovered.entries.erase(*removed);
          } else if (auto stored = decode_all<StoredBatch>(content)) {
            const BatchId id = stored->id;
            recovered.entries[id] = std::move(*stored);
          }
          return {};
        },
        kBatchCause));
  }
  return recovered;
}

void BatchLog::start() {
  if (!entries_.empty()) start_replaying();
}

bool BatchLog::rewrite() {
  std::vector<Buffer> records;
  for (const auto& [id, batch] : entries_) records.push_back(record_of(kStored, batch));
  writer_ = nullptr;
  const uint64_t number = next_number_++;
  if (!environment_.files.make_directory(kBatchDirectory)) return false;
  auto file = environment_.files.create(path(number));
  if (!file) return false;
  std::vector<uint64_t> older = std::exchange(files_, {number});
  auto writer = std::make_unique<wal::WalWriter>(std::move(*file), kBatchCause);
  bool written = true;
  for (const Buffer& record : records) written = written && writer->append(record).has_value();
  if (synced_) {
    written = written && writer->sync().has_value() &&
              environment_.files.sync_directory(kBatchDirectory, kBatchCause).has_value();
  }
  if (!written) {  // the older files are read again at the next start
    files_.insert(files_.begin(), older.begin(), older.end());
    return false;
  }
  writer_ = std::move(writer);
  for (uint64_t gone : older) (void)environment_.files.remove(path(gone));
  return true;
}

bool BatchLog::write(Bytes record) {
  const env::Mutex::Lock lock(appending_);
  if ((writer_ == nullptr || writer_->size() > kLogBytesMax) && !rewrite()) return false;
  if (writer_->append(record) && (!synced_ || writer_->sync())) return true;
  writer_ = nullptr;  // its tail is unknown: what is to come goes to another file
  return false;
}

void BatchLog::serve_store(NodeId from, uint64_t id, Bytes body) {
  auto batch = decode_all<StoredBatch>(body);
  if (!batch) return;
  const bool kept = write(record_of(kStored, *batch));
  if (kept) {
    const BatchId name = batch->id;
    entries_[name] = std::move(*batch);
    ++metrics_.stored;
    start_replaying();
    stored_.wake_all();
  }
  const char status = static_cast<char>(kept ? Status::kOk : Status::kError);
  messenger_.reply(from, id, Bytes(&status, 1), env::MessageKind::kWriteResponse);
}

void BatchLog::serve_remove(NodeId /*from*/, uint64_t /*id*/, Bytes body) {
  if (const auto removed = decode_all<BatchId>(body)) remove(*removed);
}

void BatchLog::remove(BatchId id) {
  if (entries_.erase(id) > 0) (void)write(record_of(kRemoved, id));
}

void BatchLog::discard() {
  std::vector<BatchId> ids;
  for (const auto& [id, batch] : entries_) ids.push_back(id);
  for (BatchId id : ids) remove(id);
}

std::vector<BatchId> BatchLog::due(Duration age) const {
  const Instant now = environment_.clock.now();
  std::vector<BatchId> due;
  for (const auto& [id, batch] : entries_) {
    if (now - batch.created >= age) due.push_back(id);
  }
  return due;
}

void BatchLog::deliver_all(const std::vector<BatchId>& ids) {
  for (BatchId id : ids) {
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) continue;  // removed meanwhile
    StoredBatch batch = entry->second;
    if (options_.drops_expired && environment_.clock.now() - batch.created >= age_max_) {
      ++metrics_.expired;
      remove(id);
      continue;
    }
    if (defects_.has(Defect::kBatchReplayStopsEarly)) batch.writes.resize(1);
    if (!deliver_(batch)) continue;
    ++metrics_.replayed;
    remove(id);
  }
}

void BatchLog::start_replaying() {
  if (std::exchange(replaying_, true)) return;
  environment_.tasks.spawn("batch log", [this] { replay(); });
}

void BatchLog::replay() {
  for (;;) {
    while (entries_.empty()) stored_.wait("batches");
    environment_.tasks.sleep(options_.replay_period);
    deliver_all(due(timeout_));
  }
}

std::vector<StoredBatch> BatchLog::flush() {
  const std::vector<BatchId> ids = due(Duration{INT64_MIN});
  deliver_all(ids);
  std::vector<StoredBatch> left;
  for (BatchId id : ids) {
    if (const auto entry = entries_.find(id); entry != entries_.end())
      left.push_back(entry->second);
  }
  return left;
}

}  // namespace revenant::replication
