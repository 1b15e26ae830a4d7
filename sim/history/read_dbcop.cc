#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "sim/history/formats.h"
#include "sim/history/untimed.h"

namespace revenant::history {

namespace {

using Json = nlohmann::json;

// What bincode makes of dbcop's structures: integers of 8 bytes, the lowest first; booleans of one; before what may be
// of any length, how many there are.
//
//   id, nodes, variables, transactions, events | info, start, end | sessions
//   session        transactions
//   transaction    events, was it committed?
//   event          is it a write?, variable, value, did it succeed?
class BincodeReader {
 public:
  explicit BincodeReader(std::string_view bytes) : bytes_(bytes) {}

  Result<Found> read() {
    for (const char* what : {"id", "nodes", "variables", "transactions", "events"})
      RETURN_IF_ERROR(integer(what));
    for (const char* what : {"bytes of info", "bytes of start", "bytes of end"}) {
      ASSIGN_OR_RETURN(const uint64_t length, count(what, 1));
      at_ += length;
    }
    ASSIGN_OR_RETURN(const uint64_t sessions, count("sessions", 8));
    for (uint64_t session = 0; session < sessions; ++session) {
      ASSIGN_OR_RETURN(const uint64_t transactions, count("transactions of a session", 9));
      for (uint64_t i = 0; i < transactions; ++i) RETURN_IF_ERROR(transaction(session));
    }
    if (at_ != bytes_.size())
      return error(ErrorCode::kInvalid, "byte {}: expected the end, but {} bytes follow", at_,
                   bytes_.size() - at_);
    return std::move(untimed_).finish();
  }

 private:
  struct Event {
    bool is_write;
    uint64_t variable, value;
  };

  Result<void> transaction(uint64_t session) {
    std::vector<Event> events;
    ASSIGN_OR_RETURN(const uint64_t size, count("events of a transaction", 18));
    for (uint64_t i = 0; i < size; ++i) {
      Event event = {};
      ASSIGN_OR_RETURN(event.is_write, boolean("whether an event is a write"));
      ASSIGN_OR_RETURN(event.variable, integer("an event's variable"));
      ASSIGN_OR_RETURN(event.value, integer("an event's value"));
      ASSIGN_OR_RETURN(const bool succeeded, boolean("whether an event succeeded"));
      if (succeeded) events.push_back(event);
    }
    ASSIGN_OR_RETURN(const bool committed, boolean("whether a transaction was committed"));
    untimed_.begin(static_cast<int64_t>(session), ++transactions_,
                   committed ? Outcome::kOk : Outcome::kFail);
    for (const Event& event : events) {
      const std::string key = std::to_string(event.variable);
      event.is_write ? untimed_.write(key, event.value) : untimed_.read(key, event.value);
    }
    return {};
  }

  Result<uint64_t> integer(std::string_view what) {
    if (bytes_.size() - at_ < 8)
      return error(ErrorCode::kInvalid, "byte {}: expected {}, 8 bytes, but {} are left", at_, what,
                   bytes_.size() - at_);
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes_[at_ + i]);
    at_ += 8;
    return value;
  }

  // Of what takes `size_min` bytes each.
  Result<uint64_t> count(std::string_view what, uint64_t size_min) {
    const size_t begin = at_;
    ASSIGN_OR_RETURN(const uint64_t number, integer(fmt::format("the number of {}", what)));
    if (number > (bytes_.size() - at_) / size_min)
      return error(
          ErrorCode::kInvalid,
          "byte {}: expected the number of {}, but {} do not fit in the {} bytes that are left",
          begin, what, number, bytes_.size() - at_);
    return number;
  }

  Result<bool> boolean(std::string_view what) {
    if (at_ == bytes_.size())
      return error(ErrorCode::kInvalid, "byte {}: expected {}, but nothing is left", at_, what);
    const auto byte = static_cast<uint8_t>(bytes_[at_]);
    if (byte > 1)
      return error(ErrorCode::kInvalid, "byte {}: expected {}, 0 or 1, not {}", at_, what, byte);
    ++at_;
    return byte == 1;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  uint32_t transactions_ = 0;
  UntimedTransactions untimed_;
};

// Sessions as arrays of transactions, alone or as the `data` of an object. An event is
// {"write":…,"variable":…,"value":…,"success":…}, {"Read":{"variable":…,"version":…}} or ["r",variable,version].
class JsonReader {
 public:
  Result<Found> read(std::string_view text) {
    try {
      const Json json = Json::parse(text);
      const Json& sessions = json.is_object() ? json.at("data") : json;
      for (size_t session = 0; session < sessions.size(); ++session)
        for (const Json& transaction : sessions.at(session)) {
          const char* committed = transaction.contains("committed") ? "committed" : "success";
          untimed_.begin(static_cast<int64_t>(session), ++transactions_,
                         transaction.at(committed).get<bool>() ? Outcome::kOk : Outcome::kFail);
          for (const Json& event : transaction.at("events")) take(event);
        }
    } catch (const Json::parse_error& e) {
      return error(ErrorCode::kInvalid, "{}: not JSON: {}",
                   1 + std::ranges::count(text.substr(0, e.byte), '\n'), e.what());
    } catch (const Json::exception& e) {
      return error(ErrorCode::kInvalid, "transaction {}: {}", transactions_, e.what());
    }
    return std::move(untimed_).finish();
  }

 private:
  void take(const Json& event) {
    if (event.is_array()) {
      take(event.at(0).get_ref<const std::string&>() == "w", event.at(1), event.at(2));
    } else if (event.contains("write")) {
      if (event.at("success").get<bool>())
        take(event.at("write").get<bool>(), event.at("variable"), event.at("value"));
    } else {
      const bool is_write = event.contains("Write");
      const Json& fields = event.at(is_write ? "Write" : "Read");
      take(is_write, fields.at("variable"), fields.at("version"));
    }
  }
  void take(bool is_write, const Json& variable, const Json& value) {
    const std::string key = variable.is_string() ? variable.get<std::string>() : variable.dump();
    if (is_write) {
      untimed_.write(key, value.get<uint64_t>());
    } else {
      untimed_.read(key, value.is_null() ? std::nullopt : std::optional(value.get<uint64_t>()));
    }
  }

  uint32_t transactions_ = 0;
  UntimedTransactions untimed_;
};

// [x:=1 y==2] [z==?]!: a write, a read, a read of what was there first; ! says that it was not committed. A line of
// dashes ends a session, and // begins a comment.
class TextReader {
 public:
  Result<Found> read(std::string_view text) {
    RETURN_IF_ERROR(each_line(
        text, [&](std::string_view line, uint32_t number) { return take(line, number); }));
    return std::move(untimed_).finish();
  }

 private:
  Result<void> take(std::string_view line, uint32_t number) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with("//")) return {};
    if (line.find_first_not_of('-') == std::string_view::npos) {
      ++session_;
      return {};
    }
    while (!line.empty()) {
      const size_t end = line.find(']');
      if (line[0] != '[' || end == std::string_view::npos) return expected(number);
      const bool aborted = line.substr(end + 1).starts_with('!');
      untimed_.begin(session_, number, aborted ? Outcome::kFail : Outcome::kOk);
      RETURN_IF_ERROR(events(line.substr(1, end - 1), number));
      line.remove_prefix(end + (aborted ? 2 : 1));
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    }
    return {};
  }

  Result<void> events(std::string_view text, uint32_t number) {
    while (true) {
      text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
      if (text.empty()) return {};
      const std::string_view event = text.substr(0, text.find_first_of(" \t"));
      text.remove_prefix(event.size());
      const size_t sign = event.find_first_of(":=");
      if (sign == 0 || sign == std::string_view::npos) return expected(number);
      const std::string_view how = event.substr(sign, 2), what = event.substr(sign + how.size());
      const std::string_view key = event.substr(0, sign);
      uint64_t value = 0;
      const auto parsed = std::from_chars(what.data(), what.data() + what.size(), value);
      const bool is_number =
          parsed.ec == std::errc() && parsed.ptr == what.data() + what.size() && !what.empty();
      if (how == ":=" && is_number) {
        untimed_.write(key, value);
      } else if (how == "==" && is_number) {
        untimed_.read(key, value);
      } else if (how == "==" && what == "?") {
        untimed_.read(key, std::nullopt);
      } else {
        return expected(number);
      }
    }
  }

  static Result<void> expected(uint32_t number) {
    return error(ErrorCode::kInvalid, "{}: expected transactions such as [x:=1 y==2 z==?]", number);
  }

  int64_t session_ = 0;
  UntimedTransactions untimed_;
};

}  // namespace

Result<Found> read_dbcop(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return BincodeReader(text).read();
  const size_t first = text.find_first_not_of(" \t\r\n");
  const size_t second = text.find_first_not_of(" \t\r\n", first + 1);
  const bool is_json =
      first != std::string_view::npos && second != std::string_view::npos &&
      (text[first] == '{' || (text[first] == '[' && (text[second] == '[' || text[second] == ']')));
  return is_json ? JsonReader().read(text) : TextReader().read(text);
}

}  // namespace revenant::history
