#include <fmt/format.h>

#include <memory>

#include "sim/faults/action.h"

namespace revenant::sim {
namespace {

std::string bytes_of(ByteSize from, const std::optional<ByteSize>& to) {
  if (from.bytes == 0 && !to) return "";
  return fmt::format(", bytes {} to {}", from.bytes, to ? std::to_string(to->bytes) : "end");
}
std::string detail(const Strikes& s) {
  return fmt::format("{} of {}{}", to_string(s.chance), enum_name(s.files), bytes_of(s.from, s.to));
}
std::string detail(const ReadErrors& f) { return detail(f.strikes) + (f.sticky ? ", sticky" : ""); }
std::string detail(const WriteErrors& f) {
  return detail(f.strikes) + (f.sticky ? ", sticky" : "");
}
std::string detail(const SyncErrors& f) {
  return fmt::format("{} of {}", to_string(f.chance), enum_name(f.files));
}
std::string detail(const BitRot& f) {
  return fmt::format("{} bits of {}{}", f.bits, enum_name(f.files), bytes_of(f.from, f.to));
}
std::string detail(const TornWrites& f) { return detail(f.strikes); }
std::string detail(const LostWrites& f) { return detail(f.strikes); }
std::string detail(const MisdirectedWrites& f) { return detail(f.strikes); }
std::string detail(const FullDisk& f) {
  return fmt::format("{} free, less {}", to_string(f.free),
                     f.shrinks ? to_string(*f.shrinks) : "nothing");
}
std::string detail(const Stall& f) { return fmt::format("{} each time", f.length); }
std::string detail(const FailSlow& f) {
  return fmt::format("{} of operations: x{} +{} x1..{}, jitter {}", to_string(f.chance), f.factor,
                     f.delay, f.multiples, f.jitter);
}

}  // namespace

template <typename Fault>
Action action_of(const OnDisks<Fault>& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  // Each disk's handle is known when the fault begins there.
  const auto handles = std::make_shared<std::vector<uint64_t>>();
  return {detail(fault.fault), nodes,
          [&t, nodes, handles, what = DiskFault(fault.fault)] {
            handles->clear();
            for (NodeId node : nodes) handles->push_back(t.begin_disk_fault(node, what));
          },
          [&t, nodes, handles] {
            for (size_t i = 0; i < nodes.size(); ++i) t.end_disk_fault(nodes[i], (*handles)[i]);
          }};
}

template Action action_of(const OnDisks<ReadErrors>&, FaultTargets&);
template Action action_of(const OnDisks<WriteErrors>&, FaultTargets&);
template Action action_of(const OnDisks<SyncErrors>&, FaultTargets&);
template Action action_of(const OnDisks<BitRot>&, FaultTargets&);
template Action action_of(const OnDisks<TornWrites>&, FaultTargets&);
template Action action_of(const OnDisks<LostWrites>&, FaultTargets&);
template Action action_of(const OnDisks<MisdirectedWrites>&, FaultTargets&);
template Action action_of(const OnDisks<FullDisk>&, FaultTargets&);
template Action action_of(const OnDisks<Stall>&, FaultTargets&);
template Action action_of(const OnDisks<FailSlow>&, FaultTargets&);

}  // namespace revenant::sim
