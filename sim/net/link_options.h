// What a message meets on its way from one machine to another. Profiles carry published figures
// (sources beside each in profiles.cc).
#pragma once

#include <optional>
#include <string>

#include "engine/env/transport.h"
#include "sim/net/delay_options.h"

namespace revenant::sim {

enum class NetworkProfile : uint8_t {
  kIdeal,
  kSameAz,
  kInterAz,
  kLnkdSsd,
  kLnkdDisk,
  kYmmr,
  kWan,
  kEc2SameAz,
  kEc2AzBC,
  kEc2AzBD,
  kEc2AzCD,
  kEc2OrCa,
  kEc2VaOr,
  kEc2VaCa,
  kEc2VaIr,
  kEc2CaIr,
  kEc2VaSi,
  kEc2VaSp,
  kEc2SiSy,
  kEc2SpSi,
};
constexpr auto enum_names(NetworkProfile) {
  using enum NetworkProfile;
  using Name = EnumName<NetworkProfile>;
  return std::array{
      Name{kIdeal, "ideal", "no delay, no loss"},
      Name{kSameAz, "same_az", "one availability zone of EC2"},
      Name{kInterAz, "inter_az", "between availability zones of one EC2 region"},
      Name{kLnkdSsd, "lnkd_ssd", "LinkedIn's Voldemort on SSDs, as PBS fits it"},
      Name{kLnkdDisk, "lnkd_disk", "the same on disks: writes are slower"},
      Name{kYmmr, "ymmr", "Yammer's Riak, as PBS fits it"},
      Name{kWan, "wan", "PBS's link to a replica far away: lnkd_disk and 75 ms more each way"},
      Name{kEc2SameAz, "ec2_same_az", "EC2's percentiles of 2013 within a zone"},
      Name{kEc2AzBC, "ec2_az_b_c", "likewise from zone b to c"},
      Name{kEc2AzBD, "ec2_az_b_d", "b to d"},
      Name{kEc2AzCD, "ec2_az_c_d", "c to d"},
      Name{kEc2OrCa, "ec2_or_ca", "Oregon to California"},
      Name{kEc2VaOr, "ec2_va_or", "Virginia to Oregon"},
      Name{kEc2VaCa, "ec2_va_ca", "Virginia to California"},
      Name{kEc2VaIr, "ec2_va_ir", "Virginia to Ireland"},
      Name{kEc2CaIr, "ec2_ca_ir", "California to Ireland"},
      Name{kEc2VaSi, "ec2_va_si", "Virginia to Singapore"},
      Name{kEc2VaSp, "ec2_va_sp", "Virginia to Sao Paulo"},
      Name{kEc2SiSy, "ec2_si_sy", "Singapore to Sydney"},
      Name{kEc2SpSi, "ec2_sp_si", "Sao Paulo to Singapore"},
  };
}

// A leg of replication whose delay is not the link's.
enum class Leg : uint8_t { kWriteRequest, kWriteResponse, kReadRequest, kReadResponse };
constexpr auto enum_names(Leg) {
  return std::array{
      EnumName<Leg>{Leg::kWriteRequest, "write_request", "W, coordinator to replica"},
      EnumName<Leg>{Leg::kWriteResponse, "write_response", "A, replica to coordinator"},
      EnumName<Leg>{Leg::kReadRequest, "read_request", "R, coordinator to replica"},
      EnumName<Leg>{Leg::kReadResponse, "read_response", "S, replica to coordinator"},
  };
}
constexpr env::MessageKind message_kind(Leg leg) {
  return static_cast<env::MessageKind>(static_cast<uint8_t>(leg) + 1);
}
static_assert(message_kind(Leg::kWriteRequest) == env::MessageKind::kWriteRequest);
static_assert(message_kind(Leg::kReadResponse) == env::MessageKind::kReadResponse);

struct LegOptions : DelayOptions {
  std::optional<std::string> name{};
  Leg leg = Leg::kWriteRequest;

  template <typename V>
  void describe(V& v) {
    v.field("name", name, "If it has one, paths may use it: network.legs.NAME.delay_mean.");
    v.field("leg", leg, "Which messages.");
    DelayOptions::describe(v);
  }
};

struct LinkOptions : DelayOptions {
  NetworkProfile profile = NetworkProfile::kSameAz;
  std::vector<LegOptions> legs;
  Probability loss, duplication, packet_loss, reordering;
  ByteSize packet_size{1448};  // of Ethernet's 1,500 bytes TCP leaves so many
  Duration reordering_delay = milliseconds(10);
  bool in_order = false;
  Bandwidth bandwidth{INT64_MAX};

  LinkOptions() { apply_profile(); }
  explicit LinkOptions(NetworkProfile p) : profile(p) { apply_profile(); }
  // Sets everything but `profile` to the profile's figures. The parser calls it before it reads the
  // other fields.
  void apply_profile();
  // What no single field can tell: kInvalid where the settings do not go together.
  Result<void> check() const;

  template <typename V>
  void describe(V& v) {
    v.field("profile", profile, "Figures that the other settings start from.");
    DelayOptions::describe(v);
    v.field("legs", legs,
            "Messages between coordinators and replicas with a delay of their own (PBS's WARS).");
    v.field("loss", loss, "Chance that a message is lost.");
    v.field("packet_loss", packet_loss,
            "Chance that one packet is lost, and its message with it: large ones more often.");
    v.field("packet_size", packet_size, between(ByteSize{64}, mib(1)), "Most bytes of a packet.");
    v.field("duplication", duplication,
            "Chance that a message arrives twice, each copy with a delay of its own.");
    v.field("in_order", in_order,
            "A message does not overtake those sent before it on its link, as within a "
            "connection; second copies and reordered ones apart.");
    v.field("reordering", reordering, "Chance that a message is held back for others to overtake.");
    v.field("reordering_delay", reordering_delay, between(Duration{1}, DelayOptions::kDelayMeanMax),
            "Then it takes longer by a uniform draw up to this.");
    v.field("bandwidth", bandwidth, "Of each directed link; messages queue behind each other.");
  }
};

}  // namespace revenant::sim
