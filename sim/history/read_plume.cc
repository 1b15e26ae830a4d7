#include <array>
#include <charconv>
#include <map>

#include "sim/history/formats.h"

namespace revenant::history {

namespace {

// One line: r(key,value,session,transaction) or w(…).
struct Access {
  bool is_write = false;
  std::array<int64_t, 4> number;  // key, value, session, transaction
};

Result<Access> access_of(std::string_view line, uint32_t at) {
  constexpr auto kExpected = "{}: expected r(key,value,session,transaction) or w(…)";
  Access access;
  if (line.size() < 2 || (line[0] != 'r' && line[0] != 'w') || line[1] != '(')
    return error(ErrorCode::kInvalid, kExpected, at);
  access.is_write = line[0] == 'w';
  const char* next = line.data() + 2;
  const char* const end = line.data() + line.size();
  for (size_t i = 0; i < 4; ++i) {
    while (next != end && *next == ' ') ++next;
    const auto parsed = std::from_chars(next, end, access.number[i]);
    if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != (i < 3 ? ',' : ')'))
      return error(ErrorCode::kInvalid, kExpected, at);
    next = parsed.ptr + 1;
  }
  return access;
}

}  // namespace

// A transaction stands where its last line does, after those of its session before it: the format has no times, so
// only the order within a session means something.
Result<Found> read_plume(std::string_view text) {
  struct Transaction {
    uint32_t line = 0;
    std::vector<Step> steps;
  };
  Found found;
  History& history = found.history;
  std::map<std::pair<int64_t, int64_t>, Transaction> transactions;  // by session and number
  std::vector<std::pair<int64_t, int64_t>> order;
  RETURN_IF_ERROR(each_line(text, [&](std::string_view line, uint32_t number) -> Result<void> {
    ASSIGN_OR_RETURN(const Access access, access_of(line, number));
    const auto [key, value, session, transaction] = access.number;
    auto [known, first] = transactions.try_emplace({session, transaction});
    if (first) {
      known->second.line = number;
      order.push_back(known->first);
    }
    known->second.steps.push_back({access.is_write ? Kind::kPut : Kind::kGet,
                                   history.key(std::to_string(key)), history.number(value)});
    return {};
  }));
  std::map<int64_t, uint32_t> sessions;
  std::map<int64_t, int64_t> next;  // by session: its time
  for (const auto& name : order) {
    const Transaction& transaction = transactions.at(name);
    Operation operation = {};
    operation.kind = Kind::kTransaction;
    operation.line = transaction.line;
    operation.session =
        sessions.try_emplace(name.first, static_cast<uint32_t>(sessions.size())).first->second;
    // Sessions are concurrent for ever: each transaction's interval overlaps all of other sessions.
    operation.invoked = next[name.first]++;
    operation.completed = kNever;
    operation.steps_begin = history.step_count();
    for (const Step& step : transaction.steps) history.add_step(step);
    operation.steps_end = history.step_count();
    history.add(operation);
  }
  found.initial = history.number(0);
  return found;
}

}  // namespace revenant::history
