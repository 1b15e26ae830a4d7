#include <array>
#include <charconv>
#include <map>

#include "sim/history/formats.h"
#include "sim/history/untimed.h"

namespace revenant::history {

namespace {

// One line: r(key,value,session,transaction) or w(…).
struct Access {
  bool is_write = false;
  std::string_view key;
  uint64_t value = 0;
  int64_t session = 0, transaction = 0;
};

template <typename Number>
bool parse(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

Result<Access> access_of(std::string_view line, uint32_t at) {
  const auto failed = [&] {
    return error(ErrorCode::kInvalid, "{}: expected r(key,value,session,transaction) or w(…)", at);
  };
  if (line.size() < 3 || (line[0] != 'r' && line[0] != 'w') || line[1] != '(' || line.back() != ')')
    return failed();
  std::array<std::string_view, 4> fields;
  std::string_view rest = line.substr(2, line.size() - 3);
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t comma = rest.find(',');
    if ((comma == std::string_view::npos) != (i == 3)) return failed();
    fields[i] = rest.substr(0, comma);
    fields[i].remove_prefix(std::min(fields[i].find_first_not_of(' '), fields[i].size()));
    rest.remove_prefix(
        std::min(fields[i].size() + 1 + (fields[i].data() - rest.data()), rest.size()));
  }
  Access access = {.is_write = line[0] == 'w', .key = fields[0]};
  if (fields[0].empty() || fields[0].find_first_not_of("-0123456789") != std::string_view::npos ||
      !parse(fields[1], access.value) || !parse(fields[2], access.session) ||
      !parse(fields[3], access.transaction))
    return failed();
  return access;
}

}  // namespace

// A transaction stands where its first line does. What the one with number -1 wrote was aborted.
Result<Found> read_plume(std::string_view text) {
  struct Transaction {
    uint32_t line = 0;
    std::vector<Access> accesses;
  };
  std::map<std::pair<int64_t, int64_t>, size_t> known;  // by session and number
  std::vector<Transaction> transactions;
  RETURN_IF_ERROR(each_line(text, [&](std::string_view line, uint32_t number) -> Result<void> {
    ASSIGN_OR_RETURN(const Access access, access_of(line, number));
    const auto [at, is_first] =
        known.try_emplace({access.session, access.transaction}, transactions.size());
    if (is_first) transactions.push_back({number, {}});
    transactions[at->second].accesses.push_back(access);
    return {};
  }));
  UntimedTransactions untimed;
  for (const Transaction& transaction : transactions) {
    const Access& first = transaction.accesses[0];
    untimed.begin(first.session, transaction.line,
                  first.transaction == -1 ? Outcome::kFail : Outcome::kOk);
    for (const Access& access : transaction.accesses)
      access.is_write ? untimed.write(access.key, access.value)
                      : untimed.read(access.key, access.value);
  }
  return std::move(untimed).finish();
}

}  // namespace revenant::history
