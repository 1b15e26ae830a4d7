#include <map>
#include <nlohmann/json.hpp>

#include "sim/history/formats.h"

namespace revenant::history {

namespace {

using Json = nlohmann::json;

// One line of history.jsonl (sim/record/history_writer.h). A value is the number of the write that made it.
class RevenantReader {
 public:
  Result<void> take(std::string_view text, uint32_t number) {
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object())
      return error(ErrorCode::kInvalid, "{}: expected an operation as a JSON object", number);
    try {
      return take_operation(line, number);
    } catch (const Json::exception& e) {
      return error(ErrorCode::kInvalid, "{}: {}", number, e.what());
    }
  }

  Found finish() {
    for (const Operation& truncation : truncations_) found_.history.add_deletes_of_all(truncation);
    return std::move(found_);
  }

 private:
  Result<void> take_operation(const Json& line, uint32_t number) {
    History& history = found_.history;
    Operation operation = {};
    operation.line = number;
    const auto kind = line.at("kind").get<std::string>();
    if (kind == "preload") {
      operation.kind = Kind::kPut;
      operation.key = history.key(line.at("key").get_ref<const std::string&>());
      operation.argument = history.number(line.at("write").get<int64_t>());
      operation.version = line.at("version").get<uint64_t>();
      operation.invoked = operation.completed = -1;
      operation.session = kNoSession;
      history.add(operation);
      return {};
    }
    operation.invoked = line.at("invoked_ns").get<int64_t>();
    operation.completed = line.at("completed_ns").get<int64_t>();
    if (kind == "truncate") {
      truncations_.push_back(operation);
      return {};
    }
    operation.session = session(line);
    const auto outcome = line.at("outcome").get<std::string>();
    if (outcome != "ok" && outcome != "fail" && outcome != "unknown")
      return error(ErrorCode::kInvalid, "{}: outcome is '{}'; expected ok, fail or unknown", number,
                   outcome);
    operation.outcome = outcome == "ok"     ? Outcome::kOk
                        : outcome == "fail" ? Outcome::kFail
                                            : Outcome::kUnknown;
    const bool ok = operation.outcome == Outcome::kOk;
    if (kind == "scan") {
      operation.kind = Kind::kScan;
      operation.steps_begin = history.step_count();
      for (const Json& cell : line.value("cells", Json::array()))
        history.add_step({Kind::kGet, history.key(cell.at("key").get_ref<const std::string&>()),
                          history.number(cell.at("write").get<int64_t>()),
                          cell.at("version").get<uint64_t>()});
      operation.steps_end = history.step_count();
      history.add(operation);
      return {};
    }
    operation.key = history.key(line.at("key").get_ref<const std::string&>());
    operation.version = line.value("version", uint64_t{0});
    if (kind == "read") {
      operation.kind = Kind::kGet;
      if (ok && line.at("found").get<bool>())
        operation.result = history.number(line.at("write").get<int64_t>());
    } else if (kind == "insert" || kind == "update") {
      operation.kind = Kind::kPut;
      operation.argument = history.number(line.at("write").get<int64_t>());
    } else if (kind == "delete") {
      operation.kind = Kind::kDelete;
    } else {
      return error(ErrorCode::kInvalid,
                   "{}: kind is '{}'; expected read, insert, update, delete, scan, preload or "
                   "truncate",
                   number, kind);
    }
    history.add(operation);
    if (line.contains("ttl_ns")) history.add_end_of(operation);
    return {};
  }

  uint32_t session(const Json& line) {
    const std::pair name(line.at("workload").get<std::string>(),
                         line.at("session").get<uint32_t>());
    const auto [known, is_new] =
        sessions_.try_emplace(name, static_cast<uint32_t>(sessions_.size()));
    if (is_new)
      found_.history.name_session(known->second, fmt::format("{}/{}", name.first, name.second));
    return known->second;
  }

  Found found_;
  std::map<std::pair<std::string, uint32_t>, uint32_t> sessions_;
  std::vector<Operation> truncations_;
};

}  // namespace

Result<Found> read_revenant(std::string_view text) {
  RevenantReader reader;
  RETURN_IF_ERROR(each_line(
      text, [&](std::string_view line, uint32_t number) { return reader.take(line, number); }));
  return reader.finish();
}

}  // namespace revenant::history
