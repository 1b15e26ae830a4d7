#include "sim/experiment/verify.h"

#include <gtest/gtest.h>

namespace revenant::sim {
namespace {

// Some thousands of events of three tasks. `differs_at`: the sleep of task 1 that takes a nanosecond
// longer in every second run; `mixes_at`: the one after which something else enters the fingerprint.
class Runs {
 public:
  explicit Runs(int differs_at, int mixes_at = -1) : differs_at_(differs_at), mixes_at_(mixes_at) {}

  void operator()(KernelProbe& probe) {
    const bool second = ++runs_ % 2 == 0;
    Kernel kernel(1);
    kernel.keep_checkpoints(probe.checkpoint_interval);
    kernel.record_events(probe.record_first, probe.record_last);
    const GroupId group = kernel.new_group(NodeId{5});
    for (int task = 0; task < 3; ++task) {
      kernel.spawn(group, task == 1 ? "the odd one" : "plain", [&, task] {
        for (int i = 0; i < 5000; ++i) {
          const bool odd = second && task == 1;
          kernel.sleep(nanoseconds(10 + task + (odd && i == differs_at_ ? 1 : 0)));
          if (odd && i == mixes_at_) kernel.mix(7);
        }
      });
    }
    kernel.run_until(Instant{} + seconds(1));
    probe.checkpoints = kernel.checkpoints();
    probe.events = kernel.recorded_events();
    probe.fingerprint = kernel.fingerprint();
  }

 private:
  const int differs_at_, mixes_at_;
  int runs_ = 0;
};

TEST(VerifyTest, EqualRunsAreEqual) { EXPECT_FALSE(verify(Runs(-1)).has_value()); }

TEST(VerifyTest, ThePlantedDifferenceIsFoundAndItsFirstEventNamed) {
  for (const int at : {0, 1, 1000, 4999}) {
    const auto divergence = verify(Runs(at));
    ASSERT_TRUE(divergence.has_value()) << at;
    // Three starts come first, and each round of sleeps has three wakes.
    EXPECT_NEAR(static_cast<double>(divergence->event), 3.0 * at + 5, 3.0 + at / 3.0) << at;
    EXPECT_NE(divergence->text.find("the odd one"), std::string::npos) << divergence->text;
    EXPECT_NE(divergence->text.find("on n5"), std::string::npos) << divergence->text;
  }
}

TEST(VerifyTest, AnEventThatOnlyDoesSomethingElseIsNamedToo) {
  const auto divergence = verify(Runs(-1, 2500));
  ASSERT_TRUE(divergence.has_value());
  EXPECT_NE(divergence->text.find("the odd one"), std::string::npos) << divergence->text;
  EXPECT_NE(divergence->text.find("did something else"), std::string::npos) << divergence->text;
}

}  // namespace
}  // namespace revenant::sim
