#include "sim/faults/aim_watch.h"

#include <algorithm>
#include <utility>

namespace revenant::sim {
namespace {

AimEvent event_of(env::Milestone::Kind kind) {
  using enum env::Milestone::Kind;
  switch (kind) {
    case kFlushBegins:
      return AimEvent::kFlushBegins;
    case kFlushInstalls:
      return AimEvent::kFlushInstalls;
    case kCompactionBegins:
      return AimEvent::kCompactionBegins;
    case kCompactionInstalls:
      return AimEvent::kCompactionInstalls;
    case kManifestSwitches:
      return AimEvent::kManifestSwitches;
    case kHintStored:
      return AimEvent::kHintStored;
    case kHintDelivered:
      return AimEvent::kHintDelivered;
    case kRepairBegins:
      return AimEvent::kRepairBegins;
    case kRepairEnds:
      return AimEvent::kRepairEnds;
  }
  std::unreachable();
}

bool is_at(const AimOptions& aim, NodeId node) {
  return aim.node.all || aim.node == NodeSet{} ||
         std::ranges::binary_search(aim.node.nodes, node.value);
}

}  // namespace

void AimWatch::await(const AimOptions& aim, Instant from, int64_t count, Come come) {
  Awaited& awaited = awaited_.emplace_back(Awaited{aim, from, count, std::move(come)});
  if (aim.event != AimEvent::kGcGraceEnds) return;
  for (const Delete& deletion : deletes_) acknowledged(awaited, deletion);
}

void AimWatch::count(Awaited& awaited, Instant when, const Happening& cause) {
  if (--awaited.left == 0) awaited.come(when, cause);
}

void AimWatch::acknowledged(Awaited& awaited, const Delete& deletion) {
  const Instant moment = deletion.called + gc_grace_ - awaited.aim.lead;
  if (awaited.left == 0 || moment < awaited.from || !is_at(awaited.aim, deletion.coordinator))
    return;
  count(awaited, std::max(moment + awaited.aim.delay, soon()),
        {AimEvent::kGcGraceEnds, deletion.coordinator});
}

void AimWatch::happened(const Happening& happening) {
  const Instant now = kernel_.now();
  for (Awaited& awaited : awaited_) {
    const AimOptions& aim = awaited.aim;
    const bool is_it = awaited.left > 0 && aim.event == happening.event && now >= awaited.from &&
                       (!aim.level || (happening.level && *aim.level == *happening.level)) &&
                       is_at(aim, happening.node);
    if (is_it) count(awaited, std::max(now + aim.delay, soon()), happening);
  }
}

void AimWatch::reached(Instant, NodeId node, const env::Milestone& milestone) {
  happened({event_of(milestone.kind), node, milestone.level, milestone.peer});
}
void AimWatch::purged(Instant, NodeId node, uint64_t, Version) {
  happened({AimEvent::kTombstonePurged, node});
}
void AimWatch::flushed(Instant, NodeId node, FileNumber, uint64_t, uint64_t) {
  happened({AimEvent::kFlushEnds, node});
}
void AimWatch::compacted(Instant, NodeId node, const env::CompactionEvent& event) {
  if (event.installed) happened({AimEvent::kCompactionEnds, node, event.to});
}
void AimWatch::machine(Instant, NodeId node, std::string_view what) {
  if (what == "starts") happened({AimEvent::kRecoveryBegins, node});
  if (what == "serves") happened({AimEvent::kRecoveryEnds, node});
}
void AimWatch::operation(const Operation& operation) {
  if (operation.kind != OperationKind::kDelete || operation.outcome != client::Outcome::kOk) return;
  happened({AimEvent::kDeleteAcknowledged, operation.coordinator});
  deletes_.push_back({operation.coordinator, start_ + (operation.invoked - Instant{})});
  for (Awaited& awaited : awaited_) {
    if (awaited.aim.event == AimEvent::kGcGraceEnds) acknowledged(awaited, deletes_.back());
  }
}

}  // namespace revenant::sim
