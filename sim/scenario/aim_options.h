// When an aimed fault begins or ends: at the nth event of a kind, or so long after it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/base/settings.h"
#include "sim/scenario/node_set.h"

namespace revenant::sim {

enum class AimEvent : uint8_t {
  kFlushBegins,
  kFlushInstalls,
  kFlushEnds,
  kCompactionBegins,
  kCompactionInstalls,
  kCompactionEnds,
  kManifestSwitches,
  kTombstonePurged,
  kHintStored,
  kHintDelivered,
  kRepairBegins,
  kRepairEnds,
  kRecoveryBegins,
  kRecoveryEnds,
  kDeleteAcknowledged,
  kGcGraceEnds,
};
constexpr auto enum_names(AimEvent) {
  using enum AimEvent;
  using Name = EnumName<AimEvent>;
  return std::array{
      Name{kFlushBegins, "flush_begins", "a memtable is about to be written"},
      Name{kFlushInstalls, "flush_installs", "its SSTable is about to enter the manifest"},
      Name{kFlushEnds, "flush_ends", "it is live"},
      Name{kCompactionBegins, "compaction_begins", "inputs are chosen"},
      Name{kCompactionInstalls, "compaction_installs",
           "its outputs are about to take their inputs' place in the manifest"},
      Name{kCompactionEnds, "compaction_ends", "they have"},
      Name{kManifestSwitches, "manifest_switches",
           "a new manifest file is about to be written, at the latest when a node starts"},
      Name{kTombstonePurged, "tombstone_purged", "the last trace of one has left a replica"},
      Name{kHintStored, "hint_stored", "for event_peer"},
      Name{kHintDelivered, "hint_delivered", "event_peer acknowledged it"},
      Name{kRepairBegins, "repair_begins", "a session of one node"},
      Name{kRepairEnds, "repair_ends", "likewise"},
      Name{kRecoveryBegins, "recovery_begins", "a process starts"},
      Name{kRecoveryEnds, "recovery_ends", "it serves"},
      Name{kDeleteAcknowledged, "delete_acknowledged",
           "a client has its answer; event_node is its coordinator"},
      Name{kGcGraceEnds, "gc_grace_ends",
           "storage.gc_grace after such a delete was called; `lead` says how long before"},
  };
}

// Whether the event is of one level.
constexpr bool has_level(AimEvent event) {
  using enum AimEvent;
  return event == kCompactionBegins || event == kCompactionInstalls || event == kCompactionEnds;
}
constexpr bool has_peer(AimEvent event) {
  return event == AimEvent::kHintStored || event == AimEvent::kHintDelivered;
}

// An event's fault comes 1 ns after it at the earliest: then its explicit form, which is scheduled
// before the run and so is the first of its instant, finds the same state.
struct AimOptions {
  std::optional<AimEvent> event;
  std::optional<int64_t> level;
  NodeSet node;
  int64_t nth = 1;
  Duration delay, lead;
  std::optional<Duration> before;

  template <typename V>
  void describe(V& v) {
    v.field("event", event, "What has to happen.");
    v.field("level", level, between<int64_t>(0, 6),
            "Only into this level (compaction_…); any if left out.");
    v.field("node", node, "Only there; anywhere if left out.");
    v.field("nth", nth, between<int64_t>(1, 1'000'000'000), "The how manieth such event.");
    v.field("delay", delay, "So long after it; at the earliest 1ns.");
    v.field("lead", lead, "gc_grace_ends: so long before it.");
    v.field("before", before, "Only if that is before this moment; any time if left out.");
  }
};

}  // namespace revenant::sim
