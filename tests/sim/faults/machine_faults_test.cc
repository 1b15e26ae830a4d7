#include "tests/sim/faults/fixture.h"

namespace revenant::sim {
namespace {

using Calls = std::vector<std::string>;

Calls calls_of(const FaultOptions& f) {
  FaultWorld w(3);
  w.schedule(f);
  w.run_to(hours(1));
  return w.calls();
}

TEST(MachineFaults, AWipedNodeComesBackWhenTheFaultEnds) {
  FaultOptions f = fault(seconds(10), seconds(5));
  f.wipe = WipeFault{.node = only({1})};
  EXPECT_EQ(calls_of(f), (Calls{"10s wipe 1", "15s up 1"}));
}

TEST(MachineFaults, ASnapshotIsTakenInItsTimeAndRestoredInTheFaults) {
  FaultOptions f = fault(seconds(10), seconds(5));
  f.restore = RestoreFault{.node = only({0, 2}), .taken = seconds(3)};
  EXPECT_EQ(calls_of(f), (Calls{"3s snapshot 0", "3s snapshot 2", "10s restore 10 on 0",
                                "10s restore 12 on 2", "15s up 0", "15s up 2"}));
}

TEST(MachineFaults, TwoDisksChangePlaces) {
  FaultOptions f = fault(seconds(10), seconds(5));
  f.swap_disks = SwapDisksFault{.node = only({0, 2})};
  EXPECT_EQ(calls_of(f), (Calls{"10s swap 0 and 2", "15s up 0", "15s up 2"}));
}

TEST(MachineFaults, ASlowProcessorRecovers) {
  FaultOptions f = fault(seconds(10), seconds(5));
  f.slow_cpu = SlowCpuFault{.node = only({1}), .factor = 4};
  EXPECT_EQ(calls_of(f), (Calls{"10s 4 times slower 1", "15s as fast as before 1"}));
}

TEST(MachineFaults, AKeptClockStepIsNotTakenBack) {
  FaultOptions f = fault(seconds(10), seconds(5));
  f.clock = ClockFault{.node = only({1}), .ahead = seconds(1), .behind = {}, .drift_ppm = 0};
  EXPECT_EQ(calls_of(f),
            (Calls{"10s clock step 1", "10s drift 1", "15s clock step 1", "15s drift 1"}));
  f.clock->keep = true;
  EXPECT_EQ(calls_of(f), (Calls{"10s clock step 1", "10s drift 1", "15s drift 1"}));
}

TEST(MachineFaults, ACrashThatFlapsIsARestartLoop) {
  FaultOptions f = fault(seconds(10), seconds(5));
  f.period = seconds(2);
  f.duty = 0.25;
  f.crash = CrashFault{.node = only({0})};
  EXPECT_EQ(calls_of(f), (Calls{"10s crash 0", "10500ms up 0", "12s crash 0", "12500ms up 0",
                                "14s crash 0", "14500ms up 0"}));
}

}  // namespace
}  // namespace revenant::sim
