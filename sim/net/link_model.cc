#include "sim/net/link_model.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/portable_math.h"

namespace revenant::sim {

LinkModel::LinkModel(const LinkOptions& options)
    : delays{Delay(options), Delay(options), Delay(options), Delay(options), Delay(options)},
      chances{.loss = options.loss,
              .duplication = options.duplication,
              .packet_loss = options.packet_loss,
              .reordering = options.reordering,
              .reordering_delay = options.reordering_delay},
      packet_size(options.packet_size),
      in_order(options.in_order),
      bandwidth(options.bandwidth) {
  for (const LegOptions& leg : options.legs)
    delays[static_cast<size_t>(message_kind(leg.leg))] = Delay(leg);
}

Probability LinkChances::loss_of(size_t bytes, ByteSize packet) const {
  constexpr double kOne = 1e9;
  if (packet_loss.ppb == 0) return loss;
  if (packet_loss.ppb == 1'000'000'000) return packet_loss;
  const auto size = static_cast<size_t>(packet.bytes);
  const auto packets = static_cast<double>(std::max<size_t>(1, (bytes + size - 1) / size));
  const double whole = 1 - static_cast<double>(loss.ppb) / kOne;
  const double each = 1 - static_cast<double>(packet_loss.ppb) / kOne;
  return {static_cast<int64_t>((1 - whole * portable::pow(each, packets)) * kOne + 0.5)};
}

Duration passing_time(size_t bytes, Bandwidth bandwidth) {
  if (bandwidth == Bandwidth{INT64_MAX}) return {};
  const int64_t rate = bandwidth.bytes_per_second;
  return {static_cast<int64_t>((static_cast<__int128>(bytes) * seconds(1).ns + rate - 1) / rate)};
}

}  // namespace revenant::sim
