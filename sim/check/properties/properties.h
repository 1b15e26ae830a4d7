// The properties that a history can be checked for.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "sim/check/linear/search.h"
#include "sim/check/properties/verdict.h"
#include "sim/history/history.h"

namespace revenant::check {

struct CheckOptions {
  SearchLimits limits = {};
  bool explain = true;  // reduces violations to their cores, and verifies certificates
};

struct Property {
  std::string_view name;
  std::string_view help;
  Verdict (*check)(const history::History& history, const CheckOptions& options);
};

// In the order in which they are printed.
std::span<const Property> properties();

}  // namespace revenant::check
