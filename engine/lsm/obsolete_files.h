// Files that nothing refers to any more. Whoever drops the last reference (often a destructor) only
// puts the name here; a task of the owner does the removing.
#pragma once

#include <utility>
#include <vector>

#include "engine/env/sync.h"
#include "engine/lsm/file_names.h"

namespace revenant::lsm {

class ObsoleteFiles {
 public:
  explicit ObsoleteFiles(env::Tasks& tasks) : waiters_(tasks) {}

  // Callable from destructors, also while a killed node is unwound.
  void add(FileName name) {
    names_.push_back(name);
    waiters_.wake_one();
  }
  bool empty() const { return names_.empty(); }
  std::vector<FileName> take() { return std::exchange(names_, {}); }
  // Suspends until there are names, or wake().
  void wait() {
    if (names_.empty()) waiters_.wait("obsolete files");
  }
  void wake() { waiters_.wake_all(); }

 private:
  std::vector<FileName> names_;
  env::WaitList waiters_;
};

}  // namespace revenant::lsm
