// Faults aimed at events and at nodes: when they come, whom they meet, and what they leave behind.
#include "sim/scenario/spelling.h"
#include "tests/sim/faults/fixture.h"

namespace revenant::sim {
namespace {

using Calls = std::vector<std::string>;
using Kind = env::Milestone::Kind;

NodeSet by(NodeSelector selector) { return {.all = false, .nodes = {}, .selector = selector}; }

FaultOptions crash_when(AimEvent event, NodeSet who = by(NodeSelector::kEventNode)) {
  FaultOptions f;
  f.duration = seconds(5);
  f.when.emplace().event = event;
  f.crash = CrashFault{.node = std::move(who)};
  return f;
}

// A fault in a world of four nodes, and what happens there.
struct Story {
  explicit Story(const FaultOptions& fault, Duration length = hours(1))
      : plan(world.plan(fault, length)) {}

  void at(Duration time) { world.run_to(time); }
  void reached(uint32_t node, Kind kind, std::optional<int> level = {},
               std::optional<NodeId> peer = {}) {
    plan.watch().reached(world.kernel.now(), {node}, {kind, level, peer});
  }
  // Acknowledged now, called 1 s ago.
  void delete_at(uint32_t coordinator) {
    Operation operation;
    operation.kind = OperationKind::kDelete;
    operation.outcome = client::Outcome::kOk;
    operation.coordinator = {coordinator};
    operation.invoked = world.kernel.now() - seconds(1);
    operation.completed = world.kernel.now();
    plan.watch().operation(operation);
  }
  const Calls& calls() {
    world.run_to(hours(1));
    return world.calls();
  }

  FaultWorld world{4};
  FaultPlan& plan;
};

TEST(AimedFaults, AFaultComesOneNanosecondAfterItsEventWhereItHappened) {
  Story s(crash_when(AimEvent::kFlushBegins));
  s.at(seconds(10));
  s.reached(2, Kind::kFlushBegins);
  s.at(seconds(11));
  s.reached(1, Kind::kFlushBegins);  // it comes once
  EXPECT_EQ(s.calls(), (Calls{"10000000001ns crash 2", "15000000001ns up 2"}));
  EXPECT_EQ(s.plan.aimed_begun(), 1u);
  EXPECT_EQ(s.world.told,
            (Calls{"10000000001ns crash begins: n2", "15000000001ns crash ends: n2"}));
}

TEST(AimedFaults, TheThirdInstallIntoLevelTwoOnNodeOneAfterTenSeconds) {
  FaultOptions f = crash_when(AimEvent::kCompactionInstalls);
  f.at = seconds(10);
  f.when->level = 2;
  f.when->node = only({1});
  f.when->nth = 3;
  f.when->delay = milliseconds(250);
  Story s(f);
  s.at(seconds(9));
  s.reached(1, Kind::kCompactionInstalls, 2);  // too early
  s.at(seconds(10));
  s.reached(1, Kind::kCompactionInstalls, 2);  // the first
  s.reached(1, Kind::kCompactionInstalls, 1);  // another level
  s.reached(1, Kind::kCompactionInstalls);     // into none
  s.reached(1, Kind::kCompactionBegins, 2);    // another event
  s.reached(0, Kind::kCompactionInstalls, 2);  // another node
  s.at(seconds(12));
  s.reached(1, Kind::kCompactionInstalls, 2);
  s.at(seconds(13));
  s.reached(1, Kind::kCompactionInstalls, 2);
  EXPECT_EQ(s.calls(), (Calls{"13250ms crash 1", "18250ms up 1"}));
}

TEST(AimedFaults, AHintsTargetCanBeMeantAsWellAsItsKeeper) {
  Story s(crash_when(AimEvent::kHintStored, by(NodeSelector::kEventPeer)));
  s.at(seconds(1));
  s.reached(0, Kind::kHintStored, {}, NodeId{3});
  EXPECT_EQ(s.calls(), (Calls{"1000000001ns crash 3", "6000000001ns up 3"}));
}

TEST(AimedFaults, EveryEventOfTheEngineHasItsName) {
  const std::pair<AimEvent, Kind> pairs[] = {
      {AimEvent::kFlushBegins, Kind::kFlushBegins},
      {AimEvent::kFlushInstalls, Kind::kFlushInstalls},
      {AimEvent::kCompactionBegins, Kind::kCompactionBegins},
      {AimEvent::kCompactionInstalls, Kind::kCompactionInstalls},
      {AimEvent::kManifestSwitches, Kind::kManifestSwitches},
      {AimEvent::kHintStored, Kind::kHintStored},
      {AimEvent::kHintDelivered, Kind::kHintDelivered},
      {AimEvent::kRepairBegins, Kind::kRepairBegins},
      {AimEvent::kRepairEnds, Kind::kRepairEnds},
  };
  for (const auto& [event, kind] : pairs) {
    Story s(crash_when(event));
    for (const auto& [other, other_kind] : pairs) {
      if (other != event) s.reached(1, other_kind);
    }
    s.at(seconds(1));
    EXPECT_TRUE(s.world.calls().empty()) << enum_name(event);
    s.reached(1, kind);
    EXPECT_EQ(s.calls().size(), 2u) << enum_name(event);
  }
}

TEST(AimedFaults, WhatOtherCallsTellAreEventsToo) {
  const auto began = [](AimEvent event, auto happen) {
    Story s(crash_when(event));
    s.at(seconds(1));
    happen(s.plan.watch(), s.world.kernel.now());
    return s.calls() == Calls{"1000000001ns crash 2", "6000000001ns up 2"};
  };
  const NodeId node{2};
  EXPECT_TRUE(
      began(AimEvent::kFlushEnds, [&](AimWatch& w, Instant at) { w.flushed(at, node, {}, 1, 1); }));
  EXPECT_TRUE(began(AimEvent::kCompactionEnds,
                    [&](AimWatch& w, Instant at) { w.compacted(at, node, {}); }));
  EXPECT_FALSE(began(AimEvent::kCompactionEnds, [&](AimWatch& w, Instant at) {
    w.compacted(at, node, {.installed = false});
  }));
  EXPECT_TRUE(began(AimEvent::kTombstonePurged,
                    [&](AimWatch& w, Instant at) { w.purged(at, node, 7, Version{9}); }));
  EXPECT_TRUE(began(AimEvent::kRecoveryBegins,
                    [&](AimWatch& w, Instant at) { w.machine(at, node, "starts"); }));
  EXPECT_TRUE(began(AimEvent::kRecoveryEnds,
                    [&](AimWatch& w, Instant at) { w.machine(at, node, "serves"); }));
}

// gc_grace is 10 min in these worlds.
TEST(AimedFaults, JustBeforeGcGraceOfTheSecondDeleteEnds) {
  FaultOptions f = crash_when(AimEvent::kGcGraceEnds, only({3}));
  f.when->nth = 2;
  f.when->lead = minutes(1);
  Story s(f);
  s.at(seconds(11));
  s.delete_at(0);
  s.at(seconds(31));
  s.delete_at(0);
  EXPECT_EQ(s.calls(), (Calls{"570s crash 3", "575s up 3"}));
}

TEST(AimedFaults, WhoIsChosenIsChosenWhenTheFaultBegins) {
  FaultOptions f =
      crash_when(AimEvent::kDeleteAcknowledged, by(NodeSelector::kMostMissingTombstones));
  f.when->delay = seconds(10);
  Story s(f);
  s.at(seconds(5));
  s.world.chosen = NodeId{1};
  s.delete_at(0);
  s.at(seconds(14));
  s.world.chosen = NodeId{2};
  EXPECT_EQ(s.calls(), (Calls{"15s crash 2", "20s up 2"}));
}

TEST(AimedFaults, ASelectorServesAtATimeToo) {
  FaultOptions f;
  f.at = seconds(7);
  f.duration = seconds(1);
  f.crash = CrashFault{.node = by(NodeSelector::kMostPendingHints)};
  Story s(f);
  s.world.chosen = NodeId{3};
  EXPECT_EQ(s.calls(), (Calls{"7s crash 3", "8s up 3"}));
}

TEST(AimedFaults, IfNobodyIsThereTheNextEventIsLookedAt) {
  Story s(crash_when(AimEvent::kFlushEnds, by(NodeSelector::kMostPendingHints)));
  s.at(seconds(1));
  s.plan.watch().flushed({}, {0}, {}, 1, 1);
  s.at(seconds(2));
  EXPECT_EQ(s.plan.missed(), (Calls{"faults[0] (crash): nobody was there to choose"}));
  s.world.chosen = NodeId{1};
  s.plan.watch().flushed({}, {0}, {}, 1, 1);
  EXPECT_EQ(s.calls(), (Calls{"2000000001ns crash 1", "7000000001ns up 1"}));
  EXPECT_TRUE(s.plan.missed().empty());
}

TEST(AimedFaults, AFaultWhoseEventNeverComesIsReportedAndLeavesNothing) {
  Story s(crash_when(AimEvent::kRepairEnds));
  EXPECT_TRUE(s.calls().empty());
  EXPECT_EQ(s.plan.missed(),
            (Calls{"faults[0] (crash): repair_ends did not come, or too few or late"}));
  EXPECT_EQ(s.plan.aimed(), 1u);
  EXPECT_EQ(s.plan.aimed_begun(), 0u);
  EXPECT_TRUE(s.plan.as_explicit().empty());
}

TEST(AimedFaults, FromBeforeOnAnEventComesTooLate) {
  FaultOptions f = crash_when(AimEvent::kFlushBegins);
  f.when->before = seconds(10);
  for (const auto& [at, calls] : {std::pair{seconds(9), 2u}, std::pair{seconds(10), 0u}}) {
    Story s(f);
    s.at(at);
    s.reached(1, Kind::kFlushBegins);
    EXPECT_EQ(s.calls().size(), calls) << to_string(at);
  }
}

TEST(AimedFaults, AFaultEndsAtTheEventOfUntil) {
  FaultOptions f;
  f.at = seconds(3);
  f.until.emplace().event = AimEvent::kGcGraceEnds;
  f.until->lead = minutes(2);
  f.crash = CrashFault{.node = only({1})};
  Story s(f);
  s.at(seconds(2));
  s.delete_at(0);  // called at 1 s; its gc_grace ends at 601 s
  EXPECT_EQ(s.calls(), (Calls{"3s crash 1", "481s up 1"}));
  EXPECT_EQ(s.plan.windows()[0].to, Instant{} + seconds(481));
  ASSERT_EQ(s.plan.as_explicit().size(), 1u);
  EXPECT_EQ(s.plan.as_explicit()[0].duration, seconds(478));
}

TEST(AimedFaults, WithoutTheEventOfUntilAFaultLastsToTheEnd) {
  FaultOptions f;
  f.at = seconds(3);
  f.until.emplace().event = AimEvent::kRepairEnds;
  f.crash = CrashFault{.node = only({1})};
  Story s(f, seconds(60));
  EXPECT_EQ(s.calls(), (Calls{"3s crash 1", "1m up 1"}));
}

TEST(AimedFaults, TheExplicitFormDoesTheSameWithoutLooking) {
  FaultOptions f;
  f.name = "cut";
  f.duration = seconds(5);
  f.when.emplace().event = AimEvent::kFlushInstalls;
  f.when->delay = milliseconds(1);
  f.partition = PartitionFault{.from = by(NodeSelector::kEventNode), .to = {}};
  Story s(f);
  s.at(seconds(2));
  s.reached(2, Kind::kFlushInstalls);
  s.at(seconds(3));
  const auto during = s.world.matrix();
  const FaultOptions fixed = s.plan.as_explicit().at(0);
  EXPECT_FALSE(is_aimed(fixed));
  EXPECT_EQ(fixed.name, "cut");
  EXPECT_EQ(fixed.at, seconds(2) + milliseconds(1));
  EXPECT_EQ(fixed.duration, seconds(5));
  EXPECT_EQ(fixed.partition->from, only({2}));

  FaultWorld again(4);
  again.schedule(fixed);
  again.run_to(seconds(3));
  EXPECT_EQ(again.matrix(), during);
  EXPECT_EQ(during[2], "xx.x");
}

TEST(AimedFaults, TwoSidesOfWhichOneIsChosenDoNotOverlap) {
  FaultOptions f;
  f.when.emplace().event = AimEvent::kFlushInstalls;
  f.partition = PartitionFault{.from = by(NodeSelector::kEventNode), .to = only({2})};
  Story s(f);
  s.at(seconds(1));
  s.reached(2, Kind::kFlushInstalls);
  s.at(seconds(2));
  EXPECT_EQ(s.plan.aimed_begun(), 0u);
  s.reached(1, Kind::kFlushInstalls);
  s.at(seconds(3));
  EXPECT_EQ(s.world.matrix()[1], "..x.");
}

TEST(AimedFaults, ASnapshotForARestoreIsTakenInItsTime) {
  FaultOptions f;
  f.at = seconds(4);
  f.duration = seconds(1);
  f.when.emplace().event = AimEvent::kFlushInstalls;
  f.restore = RestoreFault{.node = only({1}), .taken = seconds(3)};
  Story s(f);
  s.at(seconds(9));
  s.reached(0, Kind::kFlushInstalls);
  EXPECT_EQ(s.calls(),
            (Calls{"3s snapshot 1", "9000000001ns restore 11 on 1", "10000000001ns up 1"}));
}

TEST(AimedFaults, AFlappingFaultBeginsAtItsEvent) {
  FaultOptions f = crash_when(AimEvent::kFlushInstalls);
  f.period = seconds(2);
  Story s(f);
  s.at(seconds(1));
  s.reached(0, Kind::kFlushInstalls);
  EXPECT_EQ(s.calls().size(), 6u);
  EXPECT_EQ(s.calls()[2], "3000000001ns crash 0");
}

}  // namespace
}  // namespace revenant::sim
