// What a Db must hold by its own notices: the winning cell of every key it applied, less what it
// purged.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {

struct Model final : env::EventSink {
  void applied(Bytes key, const CellView& cell, env::ApplySource source) override {
    // The map already has what a recovery replays.
    if (source == env::ApplySource::kRecovery) return;
    ++changes[Buffer(key)];
    auto [place, added] = cells.try_emplace(Buffer(key), cell);
    if (!added && compare_cells(cell, place->second.view()) > 0) place->second = Cell(cell);
  }
  void purged(Bytes key, Version version) override {
    ++changes[Buffer(key)];
    ++purges;
    auto place = cells.find(Buffer(key));
    ASSERT_NE(place, cells.end()) << key;
    ASSERT_GE(place->second.version, version) << key;
    // One that a newer write elsewhere shadows may go too.
    if (place->second.version > version) return;
    EXPECT_TRUE(place->second.is_tombstone()) << key;
    cells.erase(place);
  }
  void compacted(const env::CompactionEvent& event) override {
    deepest = std::max(deepest, event.to);
    abandoned += event.installed ? 0 : 1;
  }

  std::string at(const std::string& key) const {
    auto place = cells.find(key);
    return place == cells.end() ? "-" : show(place->second);
  }

  std::map<std::string, Cell> cells;
  std::map<std::string, int> changes;
  int purges = 0, abandoned = 0, deepest = 0;
};

}  // namespace revenant::lsm
