// The properties a scenario may promise under "checks". Each is a figure that must be zero.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace revenant::sim {

struct CheckInfo {
  std::string_view name;
  std::string_view metric;  // the number of its violations
  std::string_view help;
};

std::span<const CheckInfo> check_table();
std::vector<std::string> check_names();

}  // namespace revenant::sim
