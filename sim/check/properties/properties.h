// The properties that a history can be checked for.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "sim/check/linear/search.h"
#include "sim/check/properties/verdict.h"
#include "sim/history/history.h"

namespace revenant::check {

struct CheckOptions {
  SearchLimits limits = {};
  bool explain = true;  // reduces violations to their cores, and verifies certificates
  std::optional<int64_t> total = {};  // of all accounts; if unset, what is read of them first
  bool negative_balances = false;     // are allowed
};

struct Property {
  std::string_view name;
  std::string_view help;
  Verdict (*check)(const history::History& history, const CheckOptions& options);
};

// In the order in which they are printed.
std::span<const Property> properties();

}  // namespace revenant::check
