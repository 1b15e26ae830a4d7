// Who wrote what a read found.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/check/properties/verdict.h"
#include "sim/history/history.h"

namespace revenant::report {

class Writers {
 public:
  // Of the keys of these violations; others need not be told of.
  Writers(const history::History& history, const std::vector<check::Verdict>& verdicts);

  // The place in the history of the one operation that may have written this value of the key; nothing if there is
  // none, or more than one.
  std::optional<uint32_t> of(uint32_t key, history::Value value) const;

 private:
  struct Write {
    uint32_t key;
    history::Value value;
    uint32_t place;
    friend auto operator<=>(const Write&, const Write&) = default;
  };
  std::vector<Write> writes_;  // sorted
};

}  // namespace revenant::report
