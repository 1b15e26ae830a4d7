#include "sim/kernel/fingerprint.h"

#include <fmt/format.h>

namespace revenant::sim {

std::string Fingerprint::hex() const { return fmt::format("{:016x}{:016x}", words[0], words[1]); }

}  // namespace revenant::sim
