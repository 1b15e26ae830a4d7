#include "engine/base/random.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "engine/base/check.h"
#include "engine/base/coding.h"
#include "engine/base/portable_math.h"

namespace revenant {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014), which xoshiro's authors advise for filling its state.
uint64_t splitmix64(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(Identity identity) : identity_(identity) {
  uint64_t low = identity.low;
  uint64_t high = identity.high;
  state_[0] = splitmix64(low);
  state_[1] = splitmix64(high);
  state_[2] = splitmix64(low);
  state_[3] = splitmix64(high) | 1;  // never all zeros
}

Random::Random(uint64_t seed, std::string_view name)
    : Random([&] {
        const XXH128_hash_t hash = XXH3_128bits_withSeed(name.data(), name.size(), seed);
        return Identity{hash.low64, hash.high64};
      }()) {}

Random Random::fork(std::string_view name) const {
  Buffer key;
  put_fixed(key, identity_.low);
  put_fixed(key, identity_.high);
  key.append(name);
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  return Random(Identity{hash.low64, hash.high64});
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// Lemire, "Fast random integer generation in an interval" (2019): the upper half of a 128-bit
// product, rejecting the few low halves that would favour some results.
uint64_t Random::below(uint64_t bound) {
  CHECK(bound > 0);
  auto product = static_cast<unsigned __int128>(next()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t threshold = -bound % bound;
    while (static_cast<uint64_t>(product) < threshold) {
      product = static_cast<unsigned __int128>(next()) * bound;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

int64_t Random::between(int64_t least, int64_t greatest) {
  CHECK(least <= greatest, "least={} greatest={}", least, greatest);
  const uint64_t span = static_cast<uint64_t>(greatest) - static_cast<uint64_t>(least);
  const uint64_t offset = span == UINT64_MAX ? next() : below(span + 1);
  return static_cast<int64_t>(static_cast<uint64_t>(least) + offset);
}

bool Random::chance(Probability p) {
  if (p.ppb <= 0) return false;
  if (p.ppb >= 1'000'000'000) return true;
  return below(1'000'000'000) < static_cast<uint64_t>(p.ppb);
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double Random::exponential(double mean) {
  const double u = 1 - unit();  // in (0, 1]
  return -mean * portable::log(u);
}

double Random::normal(double mean, double stddev) {
  const double p = (static_cast<double>(next() >> 12) + 0.5) * 0x1p-52;  // in (0, 1), exact
  return mean + stddev * portable::normal_quantile(p);
}

double Random::lognormal(double mu, double sigma) { return portable::exp(normal(mu, sigma)); }

double Random::pareto(double scale, double shape) {
  const double u = 1 - unit();
  return scale * portable::pow(u, -1 / shape);
}

Duration Random::exponential(Duration mean) {
  const double ns = exponential(static_cast<double>(mean.ns));
  return {static_cast<int64_t>(std::min(ns, 9.2e18))};
}

// Ranks are counted from 1 in here. Under the curve of weights x^-theta lies an area; a point drawn
// uniformly along it gives an x, and the nearest rank is accepted if the point lies within the
// rank's own share (Hörmann, Derflinger, "Rejection-inversion to generate variates from monotone
// discrete distributions", ACM TOMACS 6, 1996).
Zipf::Zipf(uint64_t n, double theta) : n_(n), theta_(theta) {
  CHECK(n > 0 && n < uint64_t{1} << 52 && theta >= 0, "n={} theta={}", n, theta);
  area_least_ = integral(1.5) - 1;
  area_greatest_ = integral(static_cast<double>(n) + 0.5);
  shortcut_ = 2 - integral_inverse(integral(2.5) - weight(2));
}

uint64_t Zipf::operator()(Random& random) const {
  while (true) {
    const double area = area_greatest_ + random.unit() * (area_least_ - area_greatest_);
    const double x = integral_inverse(area);
    const double k = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(n_));
    if (k - x <= shortcut_ || area >= integral(k + 0.5) - weight(k)) {
      return static_cast<uint64_t>(k) - 1;
    }
  }
}

double Zipf::weight(double x) const { return portable::pow(x, -theta_); }

double Zipf::integral(double x) const {
  if (theta_ == 1) return portable::log(x);
  return (portable::pow(x, 1 - theta_) - 1) / (1 - theta_);
}

double Zipf::integral_inverse(double area) const {
  if (theta_ == 1) return portable::exp(area);
  const double base = 1 + area * (1 - theta_);
  // Rounding may leave the domain by a hair at the far end of a steep curve: the last rank.
  if (base <= 0) return static_cast<double>(n_);
  return portable::pow(base, 1 / (1 - theta_));
}

}  // namespace revenant
