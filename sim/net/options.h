// What a message meets on its way. Profiles carry published figures (sources beside each in
// profiles.cc).
#pragma once

#include <array>

#include "engine/base/result.h"
#include "engine/base/settings.h"

namespace revenant::sim {

enum class NetworkProfile : uint8_t { kIdeal, kSameAz, kInterAz };
constexpr auto enum_names(NetworkProfile) {
  return std::array{
      EnumName<NetworkProfile>{NetworkProfile::kIdeal, "ideal", "no delay, no loss"},
      EnumName<NetworkProfile>{NetworkProfile::kSameAz, "same_az", "one availability zone of EC2"},
      EnumName<NetworkProfile>{NetworkProfile::kInterAz, "inter_az",
                               "between availability zones of one EC2 region"},
  };
}

enum class DelayDistribution : uint8_t { kConstant, kUniform, kExponential, kLognormal, kPareto };
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
  };
}

struct NetworkOptions {
  static constexpr Duration kDelayMeanMax = minutes(10);

  NetworkProfile profile = NetworkProfile::kSameAz;
  DelayDistribution delay = DelayDistribution::kConstant;
  Duration delay_min, delay_mean;
  double delay_sigma = 1.0;
  Probability loss, duplication;
  Bandwidth bandwidth{INT64_MAX};

  NetworkOptions() { apply_profile(); }
  // Sets everything but `profile` to the profile's figures. The parser calls it before it reads the
  // other fields.
  void apply_profile();
  // What no single field can tell: kInvalid where the settings do not go together.
  Result<void> check() const;

  template <typename V>
  void describe(V& v) {
    v.field("profile", profile, "Figures that the other settings start from.");
    v.field("delay", delay, "Distribution of a message's one-way delay, drawn per message.");
    v.field("delay_min", delay_min, "Least one-way delay.");
    v.field("delay_mean", delay_mean, "Mean one-way delay; at least delay_min.");
    v.field("delay_sigma", delay_sigma, between(0.01, 5.0),
            "Standard deviation of the delay's logarithm (lognormal).");
    v.field("loss", loss, "Chance that a message is lost.");
    v.field("duplication", duplication,
            "Chance that a message arrives twice, each copy with a delay of its own.");
    v.field("bandwidth", bandwidth, "Of each directed link; messages queue behind each other.");
  }
};

}  // namespace revenant::sim
