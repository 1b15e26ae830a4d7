// Bytes is a view of somebody else's bytes; Buffer owns its own. Keys and values are byte strings
// ordered as memcmp orders them, a prefix first.
#pragma once

#include <string>
#include <string_view>

namespace revenant {

using Bytes = std::string_view;
using Buffer = std::string;

}  // namespace revenant
