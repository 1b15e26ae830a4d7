// Who decides what a power loss leaves of what was not synced.
//
// DurableImage knows what may survive and asks, one thing at a time and always in the same order; a
// CrashFates answers. Every answer is legal. RandomFates draws them, as a run of the simulator does;
// a test that goes through all of them answers by itself, and so uses the same rules.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/random.h"

namespace revenant::sim {

enum class DirectoryChangeKind : uint8_t { kCreate, kRemove, kRename };

class CrashFates {
 public:
  virtual ~CrashFates() = default;
  // Whether this unsynced change of `directory` is on the platter. `new_name`: of a rename.
  virtual bool keeps_change(std::string_view directory, DirectoryChangeKind kind,
                            std::string_view name, std::string_view new_name) = 0;
  // Which length the file has: one of `lengths` > 1, numbered from 0, the durable one, to the last
  // that the process saw.
  virtual uint64_t length(std::string_view path, uint64_t lengths) = 0;
  // Which of the `sectors` (at least 1) of a page that hold unwritten bytes survive: a bit for each,
  // the first the lowest.
  virtual uint64_t surviving_sectors(std::string_view path, uint64_t page, uint64_t sectors) = 0;
};

// A change survives by a coin of its own. A length is the durable one, the last one, or any in
// between, a third each. A page is kept, lost or torn (not all sectors alike), a third each; one
// that has only one such sector cannot tear.
class RandomFates final : public CrashFates {
 public:
  explicit RandomFates(Random& random) : random_(random) {}
  bool keeps_change(std::string_view directory, DirectoryChangeKind kind, std::string_view name,
                    std::string_view new_name) override;
  uint64_t length(std::string_view path, uint64_t lengths) override;
  uint64_t surviving_sectors(std::string_view path, uint64_t page, uint64_t sectors) override;

 private:
  Random& random_;
};

// As another decides, but every page within a surviving length survives whole.
class PrefixFates final : public CrashFates {
 public:
  explicit PrefixFates(CrashFates& inner) : inner_(inner) {}
  bool keeps_change(std::string_view directory, DirectoryChangeKind kind, std::string_view name,
                    std::string_view new_name) override {
    return inner_.keeps_change(directory, kind, name, new_name);
  }
  uint64_t length(std::string_view path, uint64_t lengths) override {
    return inner_.length(path, lengths);
  }
  uint64_t surviving_sectors(std::string_view, uint64_t, uint64_t) override { return ~uint64_t{0}; }

 private:
  CrashFates& inner_;
};

// Nothing is lost: what processes see is what there is.
class KeepsEverything final : public CrashFates {
 public:
  bool keeps_change(std::string_view, DirectoryChangeKind, std::string_view,
                    std::string_view) override {
    return true;
  }
  uint64_t length(std::string_view, uint64_t lengths) override { return lengths - 1; }
  uint64_t surviving_sectors(std::string_view, uint64_t, uint64_t) override { return ~uint64_t{0}; }
};

}  // namespace revenant::sim
