#include "engine/replication/hints.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace revenant::replication {
namespace {

constexpr env::Cause kCause{env::CauseKind::kHint};
// A file is closed beyond this, so that delivered hints free their space while others wait.
constexpr uint64_t kFileBytes = 1 << 20;

}  // namespace

Hints::Hints(env::Environment environment, const HintOptions& options, Duration age_max,
             Defects defects, std::string directory)
    : environment_(environment),
      options_(options),
      age_max_(age_max),
      defects_(defects),
      directory_(std::move(directory)),
      added_(environment.tasks),
      replayed_(environment.tasks) {}

std::string Hints::path(NodeId target, uint64_t number) const {
  return fmt::format("{}/{}-{:06}.log", directory_, target.value, number);
}

uint64_t Hints::Series::bytes() const {
  uint64_t total = 0;
  for (const auto& [number, size] : files) total += size;
  return total;
}

Hints::Series& Hints::series_of(NodeId target) {
  return series_.try_emplace(target, environment_.tasks).first->second;
}

Result<void> Hints::open() {
  RETURN_IF_ERROR(environment_.files.make_directory(directory_));
  ASSIGN_OR_RETURN(auto names, environment_.files.list(directory_));
  for (const std::string& name : names) {
    NodeId target;
    uint64_t number = 0;
    const char* end = name.data() + name.size();
    auto [dash, bad_target] = std::from_chars(name.data(), end, target.value);
    if (bad_target != std::errc{} || dash == end || *dash != '-') continue;
    auto [dot, bad_number] = std::from_chars(dash + 1, end, number);
    if (bad_number != std::errc{} || std::string_view(dot, end) != ".log") continue;
    ASSIGN_OR_RETURN(auto file, environment_.files.open(path(target, number)));
    series_of(target).files[number] = file->size();
    next_number_ = std::max(next_number_, number + 1);
  }
  return {};
}

auto Hints::read(NodeId target, uint64_t number) -> Result<std::vector<Hint>> {
  std::vector<Hint> hints;
  ASSIGN_OR_RETURN(auto file, environment_.files.open(path(target, number)));
  RETURN_IF_ERROR(wal::replay_wal(
      *file,
      [&](Bytes payload) -> Result<void> {
        Decoder in(payload);
        Hint& hint = hints.emplace_back();
        hint.created.ns = in.fixed<int64_t>();
        hint.key = in.bytes();
        decode(in, hint.cell);
        if (in.failed() || !in.empty()) hints.pop_back();
        return {};
      },
      kCause));
  return hints;
}

void Hints::visit(const Visit& visit) {
  // Files come and go while one is read.
  std::vector<std::pair<NodeId, uint64_t>> files;
  for (const auto& [target, series] : series_) {
    for (const auto& [number, bytes] : series.files) files.emplace_back(target, number);
  }
  for (const auto& [target, number] : files) {
    if (!series_of(target).files.contains(number)) continue;
    const auto hints = read(target, number);
    if (!hints) continue;
    for (const Hint& hint : *hints) visit(target, hint.key, hint.cell);
  }
}

bool Hints::add(NodeId target, Bytes storage_key, const CellView& cell) {
  return add(target, storage_key, cell, environment_.clock.now());
}

bool Hints::add(NodeId target, Bytes storage_key, const CellView& cell, Instant created) {
  Buffer record;
  put_fixed(record, created.ns);
  put_bytes(record, storage_key);
  encode(record, cell);

  Series& series = series_of(target);
  env::Mutex::Lock lock(series.appending);
  if (series.writer == nullptr || series.writer->size() > kFileBytes) {
    const uint64_t number = next_number_++;
    auto file = environment_.files.create(path(target, number));
    if (!file) {
      ++metrics_.failed;
      return false;
    }
    series.writer = std::make_unique<wal::WalWriter>(std::move(*file), kCause);
    series.files[number] = 0;
  }
  if (!series.writer->append(record)) {
    series.writer = nullptr;
    ++metrics_.failed;
    return false;
  }
  series.files.rbegin()->second += record.size();
  ++metrics_.written;
  environment_.events.reached({.kind = env::Milestone::Kind::kHintStored, .peer = target});
  added_.wake_all();
  return true;
}

bool Hints::pending(NodeId target) const {
  auto it = series_.find(target);
  return it != series_.end() && !it->second.files.empty();
}

bool Hints::full(NodeId target) const {
  const auto size_max = static_cast<uint64_t>(options_.max_size_per_host.bytes);
  auto it = series_.find(target);
  return size_max != 0 && it != series_.end() && it->second.bytes() > size_max;
}

void Hints::wait_until_pending() {
  const auto any = [this] {
    return std::ranges::any_of(series_,
                               [](const auto& entry) { return !entry.second.files.empty(); });
  };
  while (!any()) added_.wait("hints");
}

uint64_t Hints::pending_bytes() const {
  uint64_t total = 0;
  for (const auto& [target, series] : series_) total += series.bytes();
  return total;
}

bool Hints::flush(NodeId target, const Deliver& deliver) {
  Series& series = series_of(target);
  const uint64_t limit = next_number_;
  const auto left = [&] { return !series.files.empty() && series.files.begin()->first < limit; };
  while (left()) {
    if (series.replaying) {
      replayed_.wait("replay of hints");
      continue;
    }
    const uint64_t oldest = series.files.begin()->first;
    replay_below(limit, target, deliver);
    if (left() && series.files.begin()->first == oldest) return false;
  }
  return true;
}

void Hints::replay(NodeId target, const Deliver& deliver) {
  replay_below(UINT64_MAX, target, deliver);
}

void Hints::discard() {
  for (auto& [target, series] : series_) {
    const env::Mutex::Lock lock(series.appending);
    series.writer = nullptr;
    for (const auto& [number, bytes] : std::exchange(series.files, {}))
      (void)environment_.files.remove(path(target, number));
  }
}

void Hints::replay_below(uint64_t limit, NodeId target, const Deliver& deliver) {
  Series& series = series_of(target);
  if (series.replaying) return;
  series.replaying = true;
  struct Done {
    bool& flag;
    env::WaitList& waiting;
    ~Done() {
      flag = false;
      waiting.wake_all();
    }
  } done{series.replaying, replayed_};

  while (!series.files.empty() && series.files.begin()->first < limit) {
    const uint64_t number = series.files.begin()->first;
    // New hints go to a new file from here on, so that this one is whole.
    if (series.files.size() == 1) {
      env::Mutex::Lock lock(series.appending);
      series.writer = nullptr;
    }

    const auto hints = read(target, number);
    if (!hints) return;
    uint64_t sent_bytes = 0;
    for (const Hint& hint : *hints) {
      if (environment_.clock.now() - hint.created >= age_max_ &&
          !defects_.has(Defect::kHintsOutliveGrace)) {
        ++metrics_.expired;
        continue;
      }
      if (!deliver(hint.key, hint.cell, hint.created)) return;
      if (!series.files.contains(number)) return;  // discarded meanwhile
      ++metrics_.delivered;
      environment_.events.reached({.kind = env::Milestone::Kind::kHintDelivered, .peer = target});
      sent_bytes += hint.key.size() + hint.cell.value.size() + 16;
      // The throttle, in steps of at least a tenth of a second's worth.
      if (sent_bytes * 10 >= static_cast<uint64_t>(options_.throttle.bytes_per_second)) {
        const auto bytes_per_second = static_cast<uint64_t>(options_.throttle.bytes_per_second);
        environment_.tasks.sleep(
            nanoseconds(static_cast<int64_t>(sent_bytes * 1'000'000'000 / bytes_per_second)));
        sent_bytes = 0;
      }
    }
    series.files.erase(number);
    (void)environment_.files.remove(
        path(target, number));  // left behind: its hints are delivered once more
  }
}

}  // namespace revenant::replication
