// The readers of each format; read.cc chooses among them.
#pragma once

#include <algorithm>
#include <string_view>

#include "engine/base/result.h"
#include "sim/history/history.h"

namespace revenant::history {

struct Found {
  History history;
  // What this source means, if nobody says otherwise (read.h).
  bool nil_is_unknown = false, failed_cas_is_read = true;
  Value initial = {};
};

// Calls visit(line, its number), a Result<void>, for each line that is not blank.
template <typename Visit>
Result<void> each_line(std::string_view text, Visit visit) {
  uint32_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    const size_t last = line.find_last_not_of(" \t\r");
    if (last == std::string_view::npos) continue;
    RETURN_IF_ERROR(visit(line.substr(0, last + 1), number));
  }
  return {};
}

// Errors begin with the line.
Result<Found> read_revenant(std::string_view text);
Result<Found> read_jepsen(std::string_view text);
Result<Found> read_plume(std::string_view text);
Result<Found> read_dbcop(std::string_view text);  // where there are no lines: with the byte

}  // namespace revenant::history
