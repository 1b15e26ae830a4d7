// What a run did, in 128 bits. Two runs of one seed have equal fingerprints on every build; a
// difference is a defect before anything else.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>

#include "engine/base/time.h"

namespace revenant::sim {

struct Fingerprint {
  std::array<uint64_t, 2> words{};
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  std::string hex() const;  // 32 digits
};

// A rolling hash over the events of a run. Each word goes into two lanes of 64 bits; a step (xor or
// add, multiply by an odd constant, rotate) is a bijection of the lane, so a difference once made
// is never forgotten by a lane, only undone by a second one that happens to fit both lanes. Not
// meant against an adversary.
class RollingFingerprint {
 public:
  void add(uint64_t word) {
    a_ = std::rotl((a_ ^ word) * 0x9fb21c651e98df25, 32);
    b_ = std::rotl((b_ + word) * 0xd6e8feb86659fd93, 29);
  }
  // `what` says which node and which kind of event.
  void add_event(Instant time, uint64_t sequence, uint64_t what, uint64_t digest) {
    add(static_cast<uint64_t>(time.ns) * 0xa0761d6478bd642f + sequence);
    add(digest * 0xe7037ed1a0b428db + what);
  }
  Fingerprint value() const { return {{a_, b_}}; }

 private:
  uint64_t a_ = 0x8ebc6af09c88c6e3;
  uint64_t b_ = 0x589965cc75374cc3;
};

}  // namespace revenant::sim
