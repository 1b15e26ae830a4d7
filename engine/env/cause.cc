#include "engine/env/cause.h"

#include <string>

namespace revenant::env {

std::string to_string(Cause cause) {
  switch (cause.kind) {
    case CauseKind::kClientRead:
      return "client_read";
    case CauseKind::kWal:
      return "wal";
    case CauseKind::kFlush:
      return "flush";
    case CauseKind::kCompaction:
      return fmt::format("compaction_L{}_L{}", cause.from, cause.to);
    case CauseKind::kManifest:
      return "manifest";
    case CauseKind::kRecovery:
      return "recovery";
    case CauseKind::kRepair:
      return "repair";
    case CauseKind::kStream:
      return "stream";
    case CauseKind::kBatchLog:
      return "batch_log";
    case CauseKind::kHint:
      return "hint";
    case CauseKind::kReadRepair:
      return "read_repair";
  }
  return "?";
}

}  // namespace revenant::env
