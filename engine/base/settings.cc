#include "engine/base/settings.h"

#include <fmt/format.h>

namespace revenant {

std::string to_string(ByteSize size) {
  if (size.bytes != 0) {
    if (size.bytes % gib(1).bytes == 0) return fmt::format("{}GiB", size.bytes / gib(1).bytes);
    if (size.bytes % mib(1).bytes == 0) return fmt::format("{}MiB", size.bytes / mib(1).bytes);
    if (size.bytes % kib(1).bytes == 0) return fmt::format("{}KiB", size.bytes / kib(1).bytes);
  }
  return fmt::format("{}B", size.bytes);
}

std::string to_string(Probability p) { return fmt::format("{}", static_cast<double>(p.ppb) / 1e9); }
std::string to_string(Rate rate) { return fmt::format("{}/s", rate.per_second); }
std::string to_string(Bandwidth b) { return to_string(ByteSize{b.bytes_per_second}) + "/s"; }

}  // namespace revenant
