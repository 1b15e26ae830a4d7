// What a link does to a message: LinkOptions, ready to draw from.
#pragma once

#include <array>

#include "sim/net/delay.h"
#include "sim/net/link_options.h"

namespace revenant::sim {

// What may befall a message, each by itself.
struct LinkChances {
  Probability loss, duplication, packet_loss{}, reordering{};
  Duration reordering_delay{};  // at most; at least a nanosecond if reordering is possible

  // That a message of this size is lost: as a whole, or with any one of its packets.
  Probability loss_of(size_t bytes, ByteSize packet) const;
};

struct LinkModel {
  // `options` must be sound (LinkOptions::check).
  explicit LinkModel(const LinkOptions& options);

  const Delay& delay(env::MessageKind kind) const { return delays[static_cast<size_t>(kind)]; }

  std::array<Delay, env::kMessageKinds> delays;
  LinkChances chances;
  ByteSize packet_size;
  bool in_order;
  Bandwidth bandwidth;
};

// How long so many bytes take to pass, rounded up; nothing if the bandwidth is unlimited.
Duration passing_time(size_t bytes, Bandwidth bandwidth);

}  // namespace revenant::sim
