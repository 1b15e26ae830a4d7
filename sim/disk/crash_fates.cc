#include "sim/disk/crash_fates.h"

namespace revenant::sim {

bool RandomFates::keeps_change(std::string_view, DirectoryChangeKind, std::string_view,
                               std::string_view) {
  return random_.below(2) == 0;
}

uint64_t RandomFates::length(std::string_view, uint64_t lengths) {
  switch (random_.below(3)) {
    case 0:
      return 0;
    case 1:
      return lengths - 1;
    default:
      return 1 + random_.below(lengths - 1);
  }
}

uint64_t RandomFates::surviving_sectors(std::string_view, uint64_t, uint64_t sectors) {
  const uint64_t all = (uint64_t{1} << sectors) - 1;
  switch (random_.below(sectors > 1 ? 3 : 2)) {
    case 0:
      return all;
    case 1:
      return 0;
    default:
      return 1 + random_.below(all - 1);
  }
}

}  // namespace revenant::sim
