// Who holds which ranges, in versions, and the change of membership that is under way, if any: what
// Cassandra 5 keeps in its cluster metadata log (TCM).
//
//   ring 1 ──begin──> ring 1, and what ring 2 would add is pending ──finish──> ring 2
//                                                           └──abort──> ring 1
//
//   reads     the replicas of the ring
//   writes    these, and the nodes for which the key's range is pending
//
// Simplifications. The log is one object, known to all nodes at once, always reachable and never
// lost: a node that starts again finds its place, and its unfinished change, there. One change goes
// on at a time in the whole cluster; Cassandra lets apart ranges change together. Every ring there
// ever was is kept, so that work that began with an older one may go on with it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "engine/ring/options.h"
#include "engine/ring/ring.h"

namespace revenant::ring {

// A range that a node has to be sent because it becomes a replica of it. One source gives way to
// it, and holds what it acknowledged; where none does, or a dead one, all other replicas are asked.
struct Transfer {
  TokenRange range;
  NodeId to;
  std::vector<NodeId> from;
};
// Clockwise. `dead` is no source.
std::vector<Transfer> transfers(const Ring& before, const Ring& after,
                                std::optional<NodeId> dead = std::nullopt);

enum class ChangeKind : uint8_t { kBootstrap, kDecommission, kReplace, kMove };

class Topology {
 public:
  // All but the last `spares` of the machines are members from the start.
  Topology(std::vector<Member> machines, size_t spares, const RingOptions& options, Random random);
  Topology(const Topology&) = delete;

  const Ring& ring() const { return *rings_.back(); }  // lives as long as this
  uint64_t version() const { return version_; }        // grows with each change of what is below
  const std::vector<NodeId>& nodes() const { return nodes_; }  // all machines, members or not
  bool is_member(NodeId node) const;
  const ReplicationFactor& factor() const { return options_.replication_factor; }

  struct Change {
    ChangeKind kind;
    NodeId node;  // that carries it out
    std::optional<NodeId> replaced;
    uint64_t number;
    std::vector<Transfer> transfers;
  };
  const Change* change() const { return change_ ? &*change_ : nullptr; }
  // Nodes for which the token's range is pending, ascending.
  std::vector<NodeId> pending(Token token) const;
  std::vector<TokenRange> pending_of(NodeId node) const;
  // Whom writes go to: replicas, then pending ones.
  std::vector<NodeId> writers(Token token) const;
  // Ranges that the node holds or is to hold.
  std::vector<TokenRange> owned_by(NodeId node) const;

  // Each begins a change, or says why it cannot.
  Result<void> bootstrap(NodeId node);
  Result<void> decommission(NodeId node);
  Result<void> replace(NodeId dead, NodeId node);
  Result<void> move(NodeId node);  // to other tokens
  void finish();
  void abort();
  uint64_t finished() const { return finished_; }

  // `follow` is called after each change of version; it must not suspend, nor change this.
  void subscribe(NodeId node, std::function<void()> follow) {
    followers_[node] = std::move(follow);
  }
  void unsubscribe(NodeId node) { followers_.erase(node); }

 private:
  std::vector<TokenOwner> tokens_for(NodeId node, std::vector<TokenOwner> others);
  Result<void> begin(ChangeKind kind, NodeId node, std::vector<TokenOwner> tokens,
                     std::optional<NodeId> replaced = std::nullopt);
  void tell();

  const std::vector<Member> machines_;
  const RingOptions options_;
  const Random random_;
  std::vector<NodeId> nodes_;
  std::vector<std::shared_ptr<const Ring>> rings_;
  std::optional<Change> change_;
  std::shared_ptr<const Ring> next_;  // while there is a change
  uint64_t version_ = 0, changes_ = 0, finished_ = 0;
  std::map<NodeId, std::function<void()>> followers_;
};

}  // namespace revenant::ring
