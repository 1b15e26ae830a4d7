#include "sim/world/node_clock.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

void check_drift(int64_t ppm) {
  CHECK(ppm > -NodeClock::kDriftPpmLimit, "ppm={}", ppm);
  CHECK(ppm < NodeClock::kDriftPpmLimit, "ppm={}", ppm);
}

// elapsed × ppm / 10^6 toward zero, in two parts, so that years times the greatest drift do not
// overflow. It grows by less than elapsed does, so a clock that loses time still never goes back.
Duration drifted(Duration elapsed, int64_t ppm) {
  constexpr int64_t kMillion = 1'000'000;
  return {elapsed.ns / kMillion * ppm + elapsed.ns % kMillion * ppm / kMillion};
}

}  // namespace

NodeClock::NodeClock(const Kernel& kernel, Duration offset, int64_t drift_ppm)
    : kernel_(kernel), set_at_(kernel.now()), offset_(offset), drift_ppm_(drift_ppm) {
  check_drift(drift_ppm);
  errors_ = {offset, offset};
}

NodeClock NodeClock::drawn(const Kernel& kernel, NodeId id, const ClockOptions& options) {
  Random random = kernel.stream(fmt::format("clock/{}", id.value));
  const auto draw = [&](int64_t limit) { return limit == 0 ? 0 : random.between(-limit, limit); };
  const Duration offset{draw(options.offset_max.ns)};
  const int64_t drift_ppm = draw(options.drift_ppm_max);
  return NodeClock(kernel, offset, drift_ppm);
}

Instant NodeClock::now() const { return kernel_.now() + kNodeEpoch + error(); }

Instant NodeClock::monotonic() const { return kernel_.now(); }

void NodeClock::step(Duration change) {
  errors_ = errors();
  offset_ += change;
  errors_ = errors();
}

void NodeClock::set_drift(int64_t ppm) {
  check_drift(ppm);
  errors_ = errors();
  offset_ = error() - slewed();
  set_at_ = kernel_.now();
  drift_ppm_ = ppm;
}

void NodeClock::slew(Duration amount, int64_t ppm) {
  CHECK(ppm > 0, "ppm={}", ppm);
  check_drift(drift_ppm_ + (amount < Duration{} ? -ppm : ppm));
  errors_ = errors();
  offset_ += slewed();
  slew_at_ = kernel_.now();
  slew_amount_ = amount;
  slew_ppm_ = ppm;
}

Duration NodeClock::slewed() const {
  const Duration most = drifted(kernel_.now() - slew_at_, slew_ppm_);
  return std::clamp(slew_amount_, Duration{} - most, most);
}

Duration NodeClock::error() const {
  return offset_ + drifted(kernel_.now() - set_at_, drift_ppm_) + slewed();
}

NodeClock::Errors NodeClock::errors() const {
  const Duration now = error();
  return {std::min(errors_.least, now), std::max(errors_.most, now)};
}

}  // namespace revenant::sim
