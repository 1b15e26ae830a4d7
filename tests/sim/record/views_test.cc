#include "sim/record/views.h"

#include <gtest/gtest.h>

namespace revenant::sim {
namespace {

constexpr NodeId kA{0}, kB{1}, kC{2};

class ViewsTest : public testing::Test {
 protected:
  ViewsTest() {
    for (NodeId node : {kA, kB, kC}) views_.serves(Instant{}, node);
    views_.began();
  }
  static Instant at(int64_t second) { return Instant{} + seconds(second); }
  Views views_;
};

TEST_F(ViewsTest, ViewsDifferUntilThoseWhoLiveAgree) {
  views_.died(at(10), kC);
  views_.marked(at(20), kA, kC, false);
  EXPECT_EQ(views_.differed(at(21)), seconds(1)) << "B takes it for up still";
  views_.marked(at(25), kB, kC, false);
  EXPECT_EQ(views_.differed(at(60)), seconds(5));
  EXPECT_EQ(views_.convictions(), 2U);
  EXPECT_EQ(views_.convictions_wrong(), 0U);
}

TEST_F(ViewsTest, ANodesViewOfItselfDoesNotCountButThoseOfTwoOthersDo) {
  views_.marked(at(10), kA, kB, false);
  views_.marked(at(10), kC, kB, false);
  EXPECT_EQ(views_.differed(at(20)), Duration{});
  views_.marked(at(20), kC, kB, true);
  EXPECT_EQ(views_.differed(at(23)), seconds(3));
  EXPECT_EQ(views_.convictions_wrong(), 2U) << "B lived";
}

TEST_F(ViewsTest, WhoDiesTakesItsViewAlongAndBeginsAnew) {
  views_.marked(at(10), kA, kB, false);
  views_.died(at(15), kA);
  EXPECT_EQ(views_.differed(at(20)), seconds(5));
  views_.serves(at(30), kA);
  EXPECT_EQ(views_.differed(at(40)), seconds(5)) << "it takes everybody for up";
}

}  // namespace
}  // namespace revenant::sim
