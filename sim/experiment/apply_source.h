// How a cell came to a replica, in words.
#pragma once

#include <string_view>

#include "engine/env/event_sink.h"

namespace revenant::sim {

constexpr std::string_view apply_source_text(env::ApplySource source) {
  switch (source) {
    case env::ApplySource::kClient:
      return "a client's write";
    case env::ApplySource::kBatchLog:
      return "a batch log";
    case env::ApplySource::kHandoff:
      return "a handoff";
    case env::ApplySource::kHint:
      return "a hint";
    case env::ApplySource::kReadRepair:
      return "read repair";
    case env::ApplySource::kRepair:
      return "repair";
    case env::ApplySource::kRecovery:
      return "recovery";
    case env::ApplySource::kStream:
      return "a range that moves";
  }
  return "?";
}

}  // namespace revenant::sim
