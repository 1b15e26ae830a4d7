// The seam as one node sees it. All references outlive the node.
#pragma once

#include "engine/env/clock.h"
#include "engine/env/event_sink.h"
#include "engine/env/file_system.h"
#include "engine/env/tasks.h"

namespace revenant::env {

struct Environment {
  Clock& clock;
  FileSystem& files;
  Tasks& tasks;
  EventSink& events;
};

}  // namespace revenant::env
