// When the heartbeats of one peer came, and how suspicious its silence is by now: the phi-accrual
// failure detector in Cassandra's form.
//
//   heartbeats    |    |     |    |                     now
//   intervals     '-i1-'--i2-'-i3-'------ silence ------'       phi = silence / (mean interval · ln 10)
//
// Hayashibara and others (SRDS 2004) define phi = -log10 of the chance of such a silence from a peer
// that is up. With intervals taken for exponential, as Cassandra does, that chance is
// exp(-silence / mean), and no logarithm is left to compute. At phi 8 one such silence in 10^8 would
// be from a peer that is up.
//
// Cassandra: FailureDetector, ArrivalWindow: the last 1000 intervals; the first is set to twice the
// period; longer ones are not taken, so that an outage does not make the detector patient.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/time.h"

namespace revenant::replication {

class ArrivalWindow {
 public:
  static constexpr size_t kIntervals = 1000;

  // As if a heartbeat came at `start`. `period`: the time between heartbeats as they are sent.
  ArrivalWindow(Instant start, Duration period)
      : interval_max_{2 * period.ns},
        intervals_{interval_max_},
        sum_(interval_max_),
        last_(start) {}

  void arrived(Instant now) {
    const Duration interval = now - last_;
    last_ = now;
    if (interval > interval_max_) return;
    sum_ = sum_ + interval;
    if (intervals_.size() < kIntervals) {
      intervals_.push_back(interval);
      return;
    }
    sum_ = sum_ - intervals_[oldest_];
    intervals_[oldest_] = interval;
    oldest_ = (oldest_ + 1) % kIntervals;
  }

  double phi(Instant now) const {
    constexpr double kPhiFactor = 0.4342944819032518;  // 1 / ln 10; Cassandra: PHI_FACTOR
    const double mean = static_cast<double>(sum_.ns) / static_cast<double>(intervals_.size());
    return mean == 0 ? 0 : kPhiFactor * static_cast<double>((now - last_).ns) / mean;
  }

  Instant last() const { return last_; }

 private:
  Duration interval_max_;
  std::vector<Duration> intervals_;  // a ring once it is full
  Duration sum_;                     // of intervals_
  Instant last_;
  size_t oldest_ = 0;
};

}  // namespace revenant::replication
