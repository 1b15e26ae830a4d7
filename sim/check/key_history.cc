#include "sim/check/key_history.h"

#include <algorithm>

namespace revenant::sim {
namespace {

bool wins(const AcknowledgedWrite& a, const AcknowledgedWrite& b) {
  return a.version != b.version ? a.version > b.version : a.is_delete && !b.is_delete;
}
// Over a value of version v; a delete wins the tie.
bool wins_over_value(const AcknowledgedWrite& a, Version v) {
  return a.version > v || (a.version == v && a.is_delete);
}

}  // namespace

bool Tombstone::purged_somewhere() const {
  return std::ranges::any_of(takers,
                             [](const TombstoneTaker& taker) { return taker.purged.has_value(); });
}
bool Tombstone::taken_by(NodeId node) const {
  return std::ranges::any_of(takers,
                             [&](const TombstoneTaker& taker) { return taker.node == node; });
}

void KeyHistory::acknowledge(const AcknowledgedWrite& write) {
  const auto index = static_cast<uint32_t>(acknowledged_.size());
  acknowledged_.push_back(write);
  winner_.push_back(
      index == 0 || wins(write, acknowledged_[winner_[index - 1]]) ? index : winner_[index - 1]);
}

void KeyHistory::apply(NodeId node, const CellView& cell) {
  auto known = std::ranges::find(newest_, node, &std::pair<NodeId, Version>::first);
  if (known == newest_.end()) {
    newest_.emplace_back(node, cell.version);
  } else {
    known->second = std::max(known->second, cell.version);
  }
  if (cell.kind == CellKind::kExpiring) newest_expiring_ = std::max(newest_expiring_, cell.version);
  // A purged one came back, by a hint or a repair.
  if (!cell.is_tombstone()) return;
  taker_of(cell.version, node).purged.reset();
  std::ranges::find(tombstones_, cell.version, &Tombstone::version)->deletion_time =
      cell.deletion_time;
}

void KeyHistory::purge(NodeId node, Version version, Instant at) {
  // A disk that was restored or exchanged brought along what this node never took.
  TombstoneTaker& taker = taker_of(version, node);
  if (!taker.purged) taker.purged = at;
}

TombstoneTaker& KeyHistory::taker_of(Version version, NodeId node) {
  auto tombstone = std::ranges::find(tombstones_, version, &Tombstone::version);
  if (tombstone == tombstones_.end())
    tombstone = tombstones_.insert(tombstone, Tombstone{version, Instant::never(), {}});
  auto taker = std::ranges::find(tombstone->takers, node, &TombstoneTaker::node);
  if (taker == tombstone->takers.end())
    taker = tombstone->takers.insert(taker, {node, std::nullopt});
  return *taker;
}

void KeyHistory::forget(NodeId node) {
  std::erase_if(newest_, [&](const auto& known) { return known.first == node; });
  for (Tombstone& tombstone : tombstones_) {
    std::erase_if(tombstone.takers,
                  [&](const TombstoneTaker& taker) { return taker.node == node && !taker.purged; });
  }
}

size_t KeyHistory::end_before(Instant t) const {
  const auto end = std::ranges::partition_point(
      acknowledged_, [&](const auto& write) { return write.acknowledged < t; });
  return static_cast<size_t>(end - acknowledged_.begin());
}

const AcknowledgedWrite* KeyHistory::newest_before(Instant t) const {
  const size_t end = end_before(t);
  return end == 0 ? nullptr : &acknowledged_[winner_[end - 1]];
}

KeyHistory::Missed KeyHistory::missed_by(Version v, Instant t) const {
  Missed missed;
  for (size_t i = end_before(t); i-- > 0;) {
    if (!wins_over_value(acknowledged_[winner_[i]], v)) break;  // nor does anything before it
    if (!wins_over_value(acknowledged_[i], v)) continue;
    missed.first = &acknowledged_[i];
    ++missed.count;
  }
  return missed;
}

const AcknowledgedWrite* KeyHistory::delete_over(Version v, Instant t) const {
  for (size_t i = end_before(t); i-- > 0;) {
    if (!wins_over_value(acknowledged_[winner_[i]], v)) break;  // nor does anything before it
    if (acknowledged_[i].is_delete && wins_over_value(acknowledged_[i], v))
      return &acknowledged_[i];
  }
  return nullptr;
}

std::optional<KeyHistory::Purge> KeyHistory::purged_delete_over(Version v, Instant t) const {
  for (size_t i = end_before(t); i-- > 0;) {
    if (!wins_over_value(acknowledged_[winner_[i]], v)) break;  // nor does anything before it
    const AcknowledgedWrite& write = acknowledged_[i];
    if (!write.is_delete || !wins_over_value(write, v)) continue;
    const Tombstone* found = tombstone(write.version);
    if (found == nullptr) continue;
    for (const TombstoneTaker& taker : found->takers) {
      if (taker.purged) return Purge{&write, taker};
    }
  }
  return std::nullopt;
}

bool KeyHistory::tombstone_at_or_above(Version v) const {
  return std::ranges::any_of(tombstones_,
                             [&](const Tombstone& tombstone) { return tombstone.version >= v; });
}

bool KeyHistory::may_hide(Version v) const {
  return tombstone_at_or_above(v) || newest_expiring_ > v;
}

bool KeyHistory::traceless_at_or_above(Version v, Instant left_out_before) const {
  return std::ranges::any_of(tombstones_, [&](const Tombstone& tombstone) {
    return tombstone.version >= v &&
           (tombstone.purged_somewhere() || tombstone.deletion_time < left_out_before);
  });
}

Version KeyHistory::newest_on(NodeId node) const {
  auto known = std::ranges::find(newest_, node, &std::pair<NodeId, Version>::first);
  return known == newest_.end() ? Version{} : known->second;
}

const Tombstone* KeyHistory::tombstone(Version version) const {
  auto found = std::ranges::find(tombstones_, version, &Tombstone::version);
  return found == tombstones_.end() ? nullptr : &*found;
}

}  // namespace revenant::sim
