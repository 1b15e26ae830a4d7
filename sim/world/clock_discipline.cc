#include "sim/world/clock_discipline.h"

#include <fmt/format.h>

#include <algorithm>

namespace revenant::sim {

ClockDiscipline::ClockDiscipline(Kernel& kernel, NodeId id, NodeClock& clock,
                                 const ClockOptions& options)
    : kernel_(kernel), id_(id), clock_(clock), options_(options) {
  if (options.step_every > Duration{}) {
    step_random_ = kernel.stream(fmt::format("clock/{}/steps", id.value));
    schedule_step();
  }
  if (options.ntp) {
    ntp_random_ = kernel.stream(fmt::format("clock/{}/ntp", id.value));
    schedule_poll();
  }
}

ClockDiscipline::~ClockDiscipline() {
  if (step_random_) kernel_.cancel(next_step_);
  if (ntp_random_) kernel_.cancel(next_poll_);
}

void ClockDiscipline::schedule_step() {
  // Two steps at one instant would be one.
  const Duration gap = std::max(step_random_->exponential(options_.step_every), Duration{1});
  next_step_ = kernel_.after(gap, id_, EventKind::kTimer, steps_, [this] {
    clock_.step(Duration{step_random_->between(-options_.step_max.ns, options_.step_max.ns)});
    ++steps_;
    schedule_step();
  });
}

void ClockDiscipline::schedule_poll() {
  next_poll_ =
      kernel_.after(options_.ntp->poll, id_, EventKind::kTimer, ntp_steps_ + ntp_slews_, [this] {
        poll();
        schedule_poll();
      });
}

void ClockDiscipline::poll() {
  const NtpOptions& ntp = *options_.ntp;
  Duration measured = clock_.error();
  if (ntp.error_max > Duration{}) {
    measured += Duration{ntp_random_->between(-ntp.error_max.ns, ntp.error_max.ns)};
  }
  const bool steps = measured > ntp.step_threshold || measured < Duration{} - ntp.step_threshold;
  if (Trace* const trace = kernel_.trace(); trace != nullptr) {
    trace->clock_corrected(id_, steps ? "step" : "slew", measured, kernel_.now());
  }
  if (steps) {
    clock_.step(Duration{} - measured);
    ++ntp_steps_;
  } else {
    clock_.slew(Duration{} - measured, ntp.slew_ppm);
    ++ntp_slews_;
  }
}

}  // namespace revenant::sim
