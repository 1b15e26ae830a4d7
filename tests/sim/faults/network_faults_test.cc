#include <algorithm>
#include <set>

#include "tests/sim/faults/fixture.h"

namespace revenant::sim {
namespace {

using Rows = std::vector<std::string>;

// Who reaches whom during the fault; and everybody does before and after it.
Rows during(const FaultOptions& f, uint32_t nodes, uint32_t clients = 0) {
  FaultWorld w(nodes, clients);
  w.schedule(f);
  const Rows whole(nodes + clients, std::string(nodes + clients, '.'));
  EXPECT_EQ(w.matrix(), whole);
  w.run_to(f.at);
  const Rows rows = w.matrix();
  w.run_to(f.at + *f.duration);
  EXPECT_EQ(w.matrix(), whole);
  return rows;
}

TEST(NetworkFaults, ACompletePartitionCutsEveryPairAcross) {
  FaultOptions f = fault();
  f.partition = PartitionFault{.from = only({0, 1}), .to = {}, .one_way = false};
  EXPECT_EQ(during(f, 5), (Rows{"..xxx", "..xxx", "xx...", "xx...", "xx..."}));
}

TEST(NetworkFaults, APartialPartitionCutsOnePair) {
  FaultOptions f = fault();
  f.partition = PartitionFault{.from = only({1}), .to = only({3}), .one_way = false};
  EXPECT_EQ(during(f, 4), (Rows{"....", "...x", "....", ".x.."}));
}

TEST(NetworkFaults, AOneWayPartitionLetsAnswersThrough) {
  FaultOptions f = fault();
  f.partition = PartitionFault{.from = only({0}), .to = only({1, 2}), .one_way = true};
  EXPECT_EQ(during(f, 3), (Rows{".xx", "...", "..."}));
}

TEST(NetworkFaults, AnIsolatedNodeReachesNoNodeAndItsClientsStill) {
  FaultOptions f = fault();
  f.isolate = IsolateFault{.node = only({1}), .clients = false};
  EXPECT_EQ(during(f, 3, 1), (Rows{".x..", "x.x.", ".x..", "...."}));
  f.isolate->clients = true;
  EXPECT_EQ(during(f, 3, 1), (Rows{".x..", "x.xx", ".x..", ".x.."}));
}

TEST(NetworkFaults, IsolatedNodesDoNotReachEachOtherEither) {
  FaultOptions f = fault();
  f.isolate = IsolateFault{.node = only({0, 1}), .clients = false};
  EXPECT_EQ(during(f, 3), (Rows{".xx", "x.x", "xx."}));
}

TEST(NetworkFaults, ABridgeReachesBothSides) {
  FaultOptions f = fault();
  f.bridge = BridgeFault{.node = only({2}), .from = {}};
  EXPECT_EQ(during(f, 5), (Rows{"...xx", "...xx", ".....", "xx...", "xx..."}));
  f.bridge->from = only({4});
  EXPECT_EQ(during(f, 5), (Rows{"....x", "....x", ".....", "....x", "xx.x."}));
}

TEST(NetworkFaults, InARingOfFiveEachReachesItsTwoNeighbours) {
  FaultOptions f = fault();
  f.ring = RingFault{};
  EXPECT_EQ(during(f, 5), (Rows{"..xx.", "...xx", "x...x", "xx...", ".xx.."}));
}

TEST(NetworkFaults, InARingEveryNodeSeesAMajorityAndNoTwoTheSame) {
  for (uint32_t nodes = 4; nodes <= 12; ++nodes) {
    FaultOptions f = fault();
    f.ring = RingFault{};
    const Rows rows = during(f, nodes);
    std::set<std::string> views;
    for (uint32_t from = 0; from < nodes; ++from) {
      EXPECT_GT(2 * std::ranges::count(rows[from], '.'), nodes);
      for (uint32_t to = 0; to < nodes; ++to) EXPECT_EQ(rows[from][to], rows[to][from]);
      views.insert(rows[from]);
    }
    EXPECT_EQ(views.size(), nodes);
  }
}

TEST(NetworkFaults, AClogHoldsMessagesAndDeliversThemAtItsEnd) {
  FaultOptions f = fault();
  f.clog = ClogFault{.from = only({0}), .to = only({1}), .one_way = true};
  FaultWorld w(3);
  w.schedule(f);
  w.run_to(seconds(2));
  EXPECT_EQ(w.matrix(), (Rows{".-.", "...", "..."}));
  EXPECT_EQ(w.heard(), 8u);
  w.run_to(seconds(11) - Duration{1});
  EXPECT_EQ(w.heard(), 8u);
  w.run_to(seconds(11));
  EXPECT_EQ(w.heard(), 9u);
  EXPECT_EQ(w.net.counters().clogged, 1u);
  EXPECT_EQ(w.net.in_flight(), 0u);
}

TEST(NetworkFaults, WhatTwoClogsHoldWaitsForTheLaterOne) {
  FaultWorld w(2);
  FaultOptions f = fault();
  f.clog = ClogFault{.from = only({0}), .to = {}, .one_way = true};
  w.schedule(f);
  f.at = seconds(5);
  w.schedule(f);
  w.run_to(seconds(6));
  w.matrix();
  w.run_to(seconds(14));
  EXPECT_EQ(w.heard(), 3u);
  w.run_to(seconds(15));
  EXPECT_EQ(w.heard(), 4u);
}

TEST(NetworkFaults, AHeldMessageMeetsTheCutThatIsThereWhenItIsReleased) {
  FaultWorld w(2);
  FaultOptions clog = fault(), cut = fault(seconds(5));
  clog.clog = ClogFault{.from = only({0}), .to = {}, .one_way = true};
  cut.partition = PartitionFault{.from = only({0}), .to = {}, .one_way = true};
  w.schedule(clog);
  w.schedule(cut);
  w.run_to(seconds(2));
  w.matrix();
  w.run_to(hours(1));
  EXPECT_EQ(w.heard(), 3u);
  EXPECT_EQ(w.net.counters().cut, 1u);
}

// A partition for 300 ms of each second, looked at every 10 ms.
TEST(NetworkFaults, AFlappingPartitionHoldsForItsDuty) {
  FaultOptions f = fault(seconds(1), seconds(60));
  f.period = seconds(1);
  f.duty = 0.3;
  f.partition = PartitionFault{.from = only({0}), .to = {}, .one_way = false};
  FaultWorld w(2);
  const FaultWindow window = w.schedule(f);
  EXPECT_EQ(window.from, Instant{} + seconds(1));
  EXPECT_EQ(window.to, Instant{} + seconds(61));
  int cut = 0;
  for (int i = 0; i < 7000; ++i) {
    w.run_to(milliseconds(10) * i + milliseconds(5));
    cut += w.matrix() == Rows{".x", "x."} ? 1 : 0;
  }
  EXPECT_EQ(cut, 60 * 30);
}

TEST(NetworkFaults, AFlappingFaultHasEndedByTheEndOfThePlan) {
  FaultOptions f = fault(seconds(1));
  f.duration.reset();
  f.period = seconds(10);
  f.duty = 0.9;
  f.crash = CrashFault{.node = only({0})};
  FaultWorld w(1);
  w.schedule(f, seconds(15));
  w.run_to(hours(1));
  EXPECT_EQ(w.calls(), (Rows{"1s crash 0", "10s up 0", "11s crash 0", "15s up 0"}));
}

}  // namespace
}  // namespace revenant::sim
