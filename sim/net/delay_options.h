// How long a message is on its way: a distribution and its parameters.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/settings.h"

namespace revenant::sim {

enum class DelayDistribution : uint8_t {
  kConstant,
  kUniform,
  kExponential,
  kLognormal,
  kPareto,
  kParetoExponential,
  kEmpirical,
};
constexpr auto enum_names(DelayDistribution) {
  return std::array{
      EnumName<DelayDistribution>{DelayDistribution::kConstant, "constant", "always delay_mean"},
      EnumName<DelayDistribution>{DelayDistribution::kUniform, "uniform",
                                  "from delay_min to 2*delay_mean - delay_min"},
      EnumName<DelayDistribution>{DelayDistribution::kExponential, "exponential",
                                  "delay_min plus an exponential of mean delay_mean - delay_min"},
      EnumName<DelayDistribution>{
          DelayDistribution::kLognormal, "lognormal",
          "delay_min plus a lognormal of that mean and of shape delay_sigma"},
      EnumName<DelayDistribution>{DelayDistribution::kPareto, "pareto",
                                  "Pareto with scale delay_min and mean delay_mean"},
      EnumName<DelayDistribution>{
          DelayDistribution::kParetoExponential, "pareto_exponential",
          "with chance delay_body a Pareto of scale delay_min and of shape delay_shape, else an "
          "exponential of mean delay_tail_mean"},
      EnumName<DelayDistribution>{DelayDistribution::kEmpirical, "empirical",
                                  "between the points of delay_quantiles, linearly"},
  };
}

// Points of a distribution function; in files { "min": "1ms", "p50": "2ms", "p99.9": "9ms" }. Levels
// and delays ascend; below the first level lies the first delay, above the last the last.
struct Quantiles {
  std::vector<std::pair<Probability, Duration>> points;
  friend bool operator==(const Quantiles&, const Quantiles&) = default;
};

struct DelayOptions {
  static constexpr Duration kDelayMeanMax = minutes(10);

  DelayDistribution delay = DelayDistribution::kConstant;
  Duration delay_min, delay_mean;
  double delay_sigma = 1.0;
  Probability delay_body{1'000'000'000};
  double delay_shape = 1.0;
  Duration delay_tail_mean;
  Quantiles delay_quantiles;
  Duration delay_added;

  // What no single field can tell: kInvalid where the settings do not go together.
  Result<void> check() const;
  // No message takes any time.
  bool is_zero() const;

  template <typename V>
  void describe(V& v) {
    v.field("delay", delay, "Distribution of a message's one-way delay, drawn per message.");
    v.field("delay_min", delay_min, "Least one-way delay.");
    v.field("delay_mean", delay_mean, "Mean one-way delay; at least delay_min.");
    v.field("delay_sigma", delay_sigma, between(0.01, 5.0),
            "Standard deviation of the delay's logarithm (lognormal).");
    v.field("delay_body", delay_body, "Weight of the Pareto part (pareto_exponential).");
    v.field("delay_shape", delay_shape, between(0.1, 1000.0),
            "Shape of the Pareto part (pareto_exponential).");
    v.field("delay_tail_mean", delay_tail_mean,
            "Mean of the exponential part (pareto_exponential).");
    v.field("delay_quantiles", delay_quantiles, "Points of the distribution (empirical).");
    v.field("delay_added", delay_added, "Added to each draw of any distribution.");
  }
};

}  // namespace revenant::sim
