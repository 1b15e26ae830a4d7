// The network between all machines of a run.
#pragma once

#include "sim/net/link_options.h"

namespace revenant::sim {

struct NetworkOptions : LinkOptions {
  template <typename V>
  void describe(V& v) {
    LinkOptions::describe(v);
  }
};

}  // namespace revenant::sim
