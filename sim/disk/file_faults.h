// The faults in force that strike operations on files, and whether they strike this one.
//
// A kind draws from the stream "disk/<node>/faults/<kind>", one draw for each operation that a fault
// in force concerns; a kind without one draws nothing.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/random.h"
#include "sim/disk/fault_options.h"
#include "sim/kernel/kernel.h"

namespace revenant::sim {

// Bytes of a file that an operation touches, and which file it is.
struct Touched {
  FileKind kind = FileKind::kAny;
  uint64_t file = 0;
  uint64_t begin = 0, end = 0;
};

class FileFaults {
 public:
  enum class Kind : uint8_t { kRead, kWrite, kSync, kTorn, kLost, kMisdirected };
  static constexpr size_t kKinds = 6;

  FileFaults(Kernel& kernel, NodeId node);

  void begin(uint64_t handle, Kind kind, const Strikes& strikes, bool sticky);
  void end(uint64_t handle);
  bool any() const { return !rules_.empty(); }

  // Whether one does; counts it if so.
  bool strikes(Kind kind, const Touched& touched);
  // The least page from `first` up to `end` that a sticky read error holds; `end` if none does.
  uint64_t readable_until(uint64_t file, uint64_t first, uint64_t end) const;
  // For what else a fault of this kind has to decide.
  Random& random(Kind kind) { return of_kind_[static_cast<size_t>(kind)].random; }
  uint64_t struck(Kind kind) const { return of_kind_[static_cast<size_t>(kind)].struck; }

 private:
  struct Rule {
    uint64_t handle;
    Kind kind;
    Strikes strikes;
    bool sticky;
    std::set<std::pair<uint64_t, uint64_t>> pages;  // file and page, if sticky: those struck
  };
  struct OfKind {
    Random random;
    uint64_t struck = 0;
  };
  bool strikes(Rule& rule, const Touched& touched);

  std::vector<Rule> rules_;
  std::vector<OfKind> of_kind_;
};

}  // namespace revenant::sim
