// All writes that ever were, looked through anew at every read: slow, and plain enough to be
// believed.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "engine/base/cell.h"
#include "tests/engine/lsm/history.h"

namespace revenant::lsm {

class ModelStore final : public Store {
 protected:
  void write(const std::vector<Step>& writes) override {
    for (const Step& step : writes) {
      // Half hours, so that no read falls on the moment a value ends.
      writes_.push_back({step, now_ + 2 * step.hours + 1});
      keys_.insert(step.key);
    }
  }

  std::optional<std::string> get(const std::string& key, int snapshot) override {
    const size_t seen = snapshot < 0 ? writes_.size() : snapshots_.at(snapshot);
    std::optional<CellView> best;
    for (size_t i = 0; i < seen; ++i) {
      const auto& [step, ends] = writes_[i];
      const bool range = step.kind == Step::Kind::kRemoveRange;
      if (range ? key < step.key || key >= step.end : key != step.key) continue;
      CellView cell{CellKind::kTombstone, Version{step.version}, {}, {}};
      if (step.kind == Step::Kind::kPut) cell.kind = CellKind::kValue;
      if (step.kind == Step::Kind::kPutUntil) {
        cell.kind = CellKind::kExpiring;
        cell.deletion_time = {ends};
      }
      if (!cell.is_tombstone()) cell.value = step.value;
      if (!best || compare_cells(cell, *best) > 0) best = cell;
    }
    if (!best || best->at(Instant{now_}).is_tombstone()) return std::nullopt;
    return std::string(best->value);
  }

  std::unique_ptr<Cursor> cursor(const std::string& least, const std::string& limit,
                                 int snapshot) override {
    std::map<std::string, std::string> live;
    for (const std::string& key : keys_) {
      if (key < least || (!limit.empty() && key >= limit)) continue;
      if (auto value = get(key, snapshot)) live.emplace(key, *value);
    }
    return std::make_unique<MapCursor>(std::move(live), least);
  }

  void take_snapshot() override { snapshots_[taken_++] = writes_.size(); }
  void release(int snapshot) override { snapshots_.erase(snapshot); }
  void maintain(const Step& step) override {
    if (step.kind == Step::Kind::kAdvance) now_ += 2 * step.hours;
  }

 private:
  class MapCursor final : public Cursor {
   public:
    MapCursor(std::map<std::string, std::string> live, std::string least)
        : live_(std::move(live)), least_(std::move(least)) {}
    bool valid() override { return at_ != live_.end(); }
    void seek_to_first() override { at_ = live_.begin(); }
    void seek_to_last() override { at_ = live_.empty() ? live_.end() : std::prev(live_.end()); }
    void seek(const std::string& key) override { at_ = live_.lower_bound(key); }
    void seek_for_prev(const std::string& key) override {
      at_ = live_.upper_bound(key);
      prev();
    }
    void next() override { ++at_; }
    void prev() override { at_ = at_ == live_.begin() ? live_.end() : std::prev(at_); }
    std::string key() override { return at_->first; }
    std::string value() override { return at_->second; }

   private:
    const std::map<std::string, std::string> live_;
    const std::string least_;
    std::map<std::string, std::string>::const_iterator at_ = live_.end();
  };

  std::vector<std::pair<Step, int64_t>> writes_;  // with the moment an expiring value ends
  std::set<std::string> keys_;
  std::map<int, size_t> snapshots_;  // how many writes each sees
  int taken_ = 0;
  int64_t now_ = 0;
};

}  // namespace revenant::lsm
