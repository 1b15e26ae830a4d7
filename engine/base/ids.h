// Identities that must not be mixed up.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>

namespace revenant {

// A machine on the network: nodes are 0…n-1 as scenarios count them; client machines follow.
struct NodeId {
  uint32_t value = 0;
  friend constexpr auto operator<=>(NodeId, NodeId) = default;
};

// Order of arrival at one Db, from 1 on. Local: it says what is visible, never who wins among
// replicas.
struct SequenceNumber {
  uint64_t value = 0;
  friend constexpr auto operator<=>(SequenceNumber, SequenceNumber) = default;
  static constexpr SequenceNumber max() { return {(uint64_t{1} << 56) - 1}; }
};

// Names a file of one Db for ever: never reused.
struct FileNumber {
  uint64_t value = 0;
  friend constexpr auto operator<=>(FileNumber, FileNumber) = default;
};

// Who wins. Under replication the write's timestamp in microseconds of the clock that stamped it
// (Cassandra's unit); in a database without replication, the sequence itself.
struct Version {
  uint64_t value = 0;
  friend constexpr auto operator<=>(Version, Version) = default;
  static constexpr Version max() { return {UINT64_MAX}; }
};

}  // namespace revenant

template <>
struct fmt::formatter<revenant::NodeId> : fmt::formatter<uint32_t> {
  auto format(revenant::NodeId n, format_context& c) const {
    return fmt::format_to(c.out(), "n{}", n.value);
  }
};
template <>
struct fmt::formatter<revenant::SequenceNumber> : fmt::formatter<uint64_t> {
  auto format(revenant::SequenceNumber n, format_context& c) const {
    return formatter<uint64_t>::format(n.value, c);
  }
};
template <>
struct fmt::formatter<revenant::FileNumber> : fmt::formatter<uint64_t> {
  auto format(revenant::FileNumber n, format_context& c) const {
    return fmt::format_to(c.out(), "{:06}", n.value);
  }
};
template <>
struct fmt::formatter<revenant::Version> : fmt::formatter<uint64_t> {
  auto format(revenant::Version v, format_context& c) const {
    return formatter<uint64_t>::format(v.value, c);
  }
};
