// `./dev validate filters_and_caches`: false positives of Bloom filters and hit rates of the block
// cache, against theory and published tables.
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/sstable/block_cache.h"
#include "engine/sstable/bloom_filter.h"

namespace revenant::tests {
namespace {

// (1 - e^(-k/b))^k for b bits per key and k probes, within 3 %.
bool filters_hold() {
  constexpr int kKeys = 1'000'000, kProbes = 20'000'000;
  bool holds = true;
  fmt::print("false positives of Bloom filters of {} keys, {} absent keys\n", kKeys, kProbes);
  for (int64_t bits = 4; bits <= 12; ++bits) {
    std::vector<uint64_t> hashes;
    for (int i = 0; i < kKeys; ++i) hashes.push_back(sstable::bloom_hash(fmt::format("k{}", i)));
    Buffer bytes;
    sstable::append_bloom_filter(bytes, hashes, bits);
    const sstable::BloomFilter filter(std::move(bytes));
    uint64_t positives = 0;
    for (int i = 0; i < kProbes; ++i)
      positives += filter.may_contain(sstable::bloom_hash(fmt::format("a{}", i)));
    const double k = sstable::bloom_probes(bits);
    const double theory = std::pow(1 - std::exp(-k / static_cast<double>(bits)), k);
    const double measured = static_cast<double>(positives) / kProbes;
    const bool good = std::abs(measured - theory) <= 0.03 * theory;
    fmt::print("  {:>2} bits  measured {:.5f}   theory {:.5f} within 3 %   {}\n", bits, measured,
               theory, good ? "ok" : "FAILED");
    holds &= good;
  }
  return holds;
}

struct EmptyBlock final : sstable::CachedBlock {
  uint64_t charge() const override { return 1; }
};

// LRU hit rates of Zipf references to a million equal items (Che's approximation agrees with them
// to 0.0003), within 0.003.
bool caches_hold() {
  constexpr uint64_t kItems = 1'000'000;
  struct Row {
    double share, zipf_99, zipf_80;
  };
  constexpr Row kTable[] = {{0.001, 0.3835, 0.0999}, {0.01, 0.5661, 0.2321},
                            {0.05, 0.7035, 0.3911},  {0.10, 0.7662, 0.4868},
                            {0.20, 0.8325, 0.6065},  {0.50, 0.9264, 0.8102}};
  bool holds = true;
  fmt::print("hit rates of the block cache, Zipf references to {} blocks\n", kItems);
  for (const Row& row : kTable) {
    for (const double theta : {0.99, 0.8}) {
      const auto capacity = static_cast<uint64_t>(row.share * kItems);
      sstable::BlockCache cache(capacity);
      Random random(1, "references");
      const Zipf zipf(kItems, theta);
      uint64_t hits = 0;
      constexpr uint64_t kWarmUp = 6'000'000, kMeasured = 4'000'000;
      for (uint64_t i = 0; i < kWarmUp + kMeasured; ++i) {
        const uint64_t item = zipf(random);
        if (cache.find<EmptyBlock>({1}, item)) {
          hits += i >= kWarmUp;
        } else {
          cache.insert({1}, item, sstable::BlockPin(std::make_unique<EmptyBlock>()));
        }
      }
      const double measured = static_cast<double>(hits) / kMeasured;
      const double expected = theta == 0.99 ? row.zipf_99 : row.zipf_80;
      const bool good = std::abs(measured - expected) <= 0.003;
      fmt::print(
          "  {:>4.1f} % of blocks, theta {:.2f}  measured {:.4f}   expected {:.4f} within 0.003   "
          "{}\n",
          row.share * 100, theta, measured, expected, good ? "ok" : "FAILED");
      holds &= good;
    }
  }
  return holds;
}

int run() {
  const bool filters = filters_hold();
  const bool caches = caches_hold();
  fmt::print("found: filters {}, caches {}\n", filters ? "within" : "NOT within",
             caches ? "within" : "NOT within");
  return filters && caches ? 0 : 1;
}

}  // namespace
}  // namespace revenant::tests

int main() { return revenant::tests::run(); }
