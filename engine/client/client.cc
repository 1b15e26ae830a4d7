#include "engine/client/client.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/replication/answers.h"

namespace revenant::client {

using replication::Status;
using replication::Verb;

namespace {

constexpr Duration kAvoidMin = seconds(1);
constexpr Duration kAvoidMax = seconds(60);

Outcome outcome_of(Status status, bool is_write) {
  switch (status) {
    case Status::kOk:
      return Outcome::kOk;
    case Status::kUnavailable:
      return Outcome::kFail;
    case Status::kTimeout:
    case Status::kError:
      return is_write ? Outcome::kUnknown : Outcome::kFail;
  }
  return Outcome::kUnknown;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kFail:
      return "fail";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "?";
}

Client::Client(env::Environment environment, replication::Messenger& messenger,
               ClientOptions options)
    : environment_(environment),
      messenger_(messenger),
      options_(std::move(options)),
      avoid_(options_.coordinators.size()) {
  CHECK(!options_.coordinators.empty());
}

Version Client::stamp() {
  const auto now = Version{static_cast<uint64_t>(environment_.clock.now().ns / 1000)};
  last_stamp_ = std::max(now, Version{last_stamp_.value + 1});
  return last_stamp_;
}

size_t Client::next_coordinator() {
  const Instant now = environment_.clock.monotonic();
  const size_t count = options_.coordinators.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (turn_ + i) % count;
    if (avoid_[index].until <= now) {
      turn_ = index + 1;
      return index;
    }
  }
  return turn_++ % count;
}

size_t Client::first_coordinator(const CallOptions& call) {
  if (!call.coordinator) return next_coordinator();
  const auto at = std::ranges::find(options_.coordinators, *call.coordinator);
  CHECK(at != options_.coordinators.end(), "{} is not a coordinator", *call.coordinator);
  return static_cast<size_t>(at - options_.coordinators.begin());
}

std::optional<Buffer> Client::ask(size_t coordinator, Verb verb, Bytes body, Duration timeout) {
  replication::Answers answers(environment_, timeout + timeout / 2);
  replication::Messenger::Call call(messenger_, answers);
  messenger_.send(options_.coordinators[coordinator], verb, call.id(), body);
  Avoidance& avoidance = avoid_[coordinator];
  if (!answers.wait_for("coordinator", 1, 1, [](Bytes) { return true; })) {
    const Duration pause =
        std::min(kAvoidMin * (int64_t{1} << std::min(avoidance.silences++, 6)), kAvoidMax);
    avoidance.until = environment_.clock.monotonic() + pause;
    return std::nullopt;
  }
  avoidance.silences = 0;
  return answers.all().front().second;
}

WriteResult Client::put(Bytes key, Bytes value, const CallOptions& call) {
  return write(key, call.ttl ? CellKind::kExpiring : CellKind::kValue, value, call);
}
WriteResult Client::remove(Bytes key, const CallOptions& call) {
  return write(key, CellKind::kTombstone, {}, call);
}

WriteResult Client::write(Bytes key, CellKind kind, Bytes value, const CallOptions& call) {
  WriteResult result;
  const bool own_stamp = options_.timestamps == replication::Timestamps::kClient;
  if (own_stamp) result.version = stamp();
  Buffer body;
  encode(body, replication::ClientWrite{.key = Buffer(key),
                                        .kind = kind,
                                        .version = result.version,
                                        .value = Buffer(value),
                                        .level = call.level.value_or(options_.write),
                                        .ttl = call.ttl.value_or(Duration{})});
  return send_write(Verb::kClientWrite, body, call, result);
}

WriteResult Client::batch(std::vector<replication::ClientBatch::Put> puts,
                          const CallOptions& call) {
  WriteResult result;
  if (options_.timestamps == replication::Timestamps::kClient) result.version = stamp();
  Buffer body;
  encode(body, replication::ClientBatch{.version = result.version,
                                        .level = call.level.value_or(options_.write),
                                        .puts = std::move(puts)});
  return send_write(Verb::kClientBatch, body, call, result);
}

WriteResult Client::send_write(Verb verb, Bytes body, const CallOptions& call, WriteResult result) {
  const bool own_stamp = options_.timestamps == replication::Timestamps::kClient;
  // Once one attempt's outcome is unknown, no later refusal can make it known; only success does.
  bool unknown = false;
  size_t coordinator = first_coordinator(call);
  result.coordinator = options_.coordinators[coordinator];
  while (result.attempts <= options_.retries) {
    if (result.attempts++ > 0) coordinator = next_coordinator();
    const auto answer = ask(coordinator, verb, body, options_.write_timeout);
    const auto reply =
        answer ? replication::decode_all<replication::ClientWriteReply>(*answer) : std::nullopt;
    result.outcome = reply ? outcome_of(reply->status, /*is_write=*/true) : Outcome::kUnknown;
    if (!own_stamp) result.version = reply ? reply->version : Version{};
    if (result.outcome == Outcome::kOk) return result;
    unknown |= result.outcome == Outcome::kUnknown;
  }
  result.outcome = unknown ? Outcome::kUnknown : Outcome::kFail;
  return result;
}

ReadResult Client::get(Bytes key, const CallOptions& call) {
  Buffer body;
  encode(body, replication::ClientRead{Buffer(key), call.level.value_or(options_.read)});
  ReadResult result;
  size_t coordinator = first_coordinator(call);
  result.coordinator = options_.coordinators[coordinator];
  for (int64_t attempt = 0; attempt <= options_.retries; ++attempt) {
    if (attempt > 0) coordinator = next_coordinator();
    const auto answer = ask(coordinator, Verb::kClientRead, body, options_.read_timeout);
    if (!answer) continue;
    auto reply = replication::decode_all<replication::ClientReadReply>(*answer);
    if (!reply || reply->status != Status::kOk) continue;
    result.outcome = Outcome::kOk;
    result.cell = std::move(reply->cell);
    result.answers = std::move(reply->answers);
    break;
  }
  return result;
}

ScanResult Client::scan(Bytes from, uint64_t cells_max, const CallOptions& call) {
  ScanResult result;
  const size_t coordinator = first_coordinator(call);
  result.coordinator = options_.coordinators[coordinator];
  Buffer least = ring::storage_key(from);
  while (result.cells.size() < cells_max && !result.to_end) {
    const uint64_t asked = std::min(options_.page_size, cells_max - result.cells.size());
    auto page = scan_page(std::move(least), asked, call, coordinator);
    if (!page) {
      result.cells.clear();
      return result;
    }
    result.to_end = page->size() < asked;
    if (!page->empty()) least = page->back().key + '\0';
    std::ranges::move(*page, std::back_inserter(result.cells));
  }
  result.outcome = Outcome::kOk;
  return result;
}

auto Client::scan_page(Buffer least, uint64_t cells_max, const CallOptions& call,
                       size_t coordinator) -> std::optional<std::vector<replication::KeyedCell>> {
  Buffer body;
  encode(body,
         replication::ClientScan{std::move(least), call.level.value_or(options_.read), cells_max});
  for (int64_t attempt = 0; attempt <= options_.retries; ++attempt) {
    if (attempt > 0) coordinator = next_coordinator();
    const auto answer = ask(coordinator, Verb::kClientScan, body, options_.read_timeout);
    if (!answer) continue;
    Decoder in(*answer);
    const auto status = static_cast<Status>(in.fixed<uint8_t>());
    std::vector<replication::KeyedCell> cells;
    decode(in, cells);
    if (!in.failed() && status == Status::kOk) return cells;
  }
  return std::nullopt;
}

}  // namespace revenant::client
