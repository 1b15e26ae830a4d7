#include "engine/replication/hybrid_clock.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/replication/stamper.h"

namespace revenant::replication {
namespace {

class SettableClock final : public env::Clock {
 public:
  Instant now() const override { return time; }
  Instant monotonic() const override { return time; }
  Instant time{days(1000).ns};
};

// Figure 5 of the paper, told with its own variables: l.j and c.j, pt.j the clock's ticks.
struct PaperClock {
  uint64_t l = 0, c = 0;

  void send_or_local(uint64_t pt) {
    const uint64_t before = l;
    l = std::max(before, pt);
    c = l == before ? c + 1 : 0;
  }
  void receive(uint64_t lm, uint64_t cm, uint64_t pt) {
    const uint64_t before = l;
    l = std::max({before, lm, pt});
    if (l == before && l == lm) {
      c = std::max(c, cm) + 1;
    } else if (l == before) {
      ++c;
    } else if (l == lm) {
      c = cm + 1;
    } else {
      c = 0;
    }
  }
  Version packed() const { return {l << 16 | c}; }
};

TEST(HybridClockTest, DoesWhatThePaperSays) {
  Random random(1, "hybrid");
  constexpr size_t kNodes = 4;
  SettableClock hands[kNodes];
  std::vector<HybridClock> clocks(hands, hands + kNodes);
  PaperClock papers[kNodes];
  for (int step = 0; step < 50'000; ++step) {
    const size_t i = random.below(kNodes), j = random.below(kNodes);
    hands[i].time += microseconds(static_cast<int64_t>(random.below(200)));
    // A clock is set back or ahead now and then.
    if (random.below(100) == 0)
      hands[i].time += milliseconds(static_cast<int64_t>(random.below(200)) - 100);
    const auto ticks = [&](size_t node) {
      return static_cast<uint64_t>(hands[node].time.ns) >> 16;
    };
    const Version before = papers[i].packed();
    papers[i].send_or_local(ticks(i));
    const Version stamp = clocks[i].next();
    ASSERT_EQ(stamp, papers[i].packed());
    ASSERT_GT(stamp, before);
    if (i == j) continue;
    papers[j].receive(papers[i].l, papers[i].c, ticks(j));
    clocks[j].heard(stamp);
    PaperClock next = papers[j];
    next.send_or_local(ticks(j));
    ASSERT_GT(next.packed(), stamp);
    ASSERT_EQ(clocks[j].next(), next.packed());
    papers[j] = next;
  }
  for (const HybridClock& clock : clocks) EXPECT_GT(clock.heard_ahead(), 0u);
}

TEST(HybridClockTest, StaysWithinATickOfTheClockWhileNobodyIsAhead) {
  SettableClock hand;
  HybridClock clock(hand);
  for (int i = 0; i < 1000; ++i) {
    hand.time += microseconds(100);
    const auto now = static_cast<uint64_t>(hand.time.ns);
    const uint64_t stamp = clock.next().value;
    EXPECT_LE(stamp, now);
    EXPECT_LT(now - stamp, uint64_t{1} << 16);
  }
}

TEST(StamperTest, ACoordinatorsStampsAscendThoughItsClockGoesBack) {
  SettableClock hand;
  Stamper stamper(Timestamps::kCoordinator, hand, nullptr);
  const Version first = stamper.stamp({});
  EXPECT_EQ(first, Version{static_cast<uint64_t>(hand.time.ns / 1000)});
  hand.time += milliseconds(-5);
  EXPECT_EQ(stamper.stamp({}), Version{first.value + 1});
  EXPECT_EQ(Stamper(Timestamps::kClient, hand, nullptr).stamp(Version{7}), Version{7});
}

TEST(StamperTest, AWriteAfterAReadIsAboveWhatWasRead) {
  SettableClock hand;
  HybridClock hybrid(hand);
  Stamper stamper(Timestamps::kHlc, hand, &hybrid);
  const Version ahead{static_cast<uint64_t>((hand.time + hours(1)).ns)};
  stamper.read(ahead);
  EXPECT_GT(stamper.stamp({}), ahead);
}

}  // namespace
}  // namespace revenant::replication
