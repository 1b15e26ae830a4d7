// Consistent hashing with virtual nodes. Each node owns some tokens on a circle of 64 bits; a key
// belongs to the first token at or after its hash, and its replicas are the first distinct nodes
// clockwise from there; with a replication factor for each data center, the first of each, racks
// that hold none yet before those that do.
//
//      token t0 (n2)      range (t0, t1] is owned by n0 first,
//   ───●─────────●───     then by the next distinct nodes clockwise
//                t1 (n0)
//
// A ring is a value: it never changes, and membership changes are made by building another one.
// Weights of nodes are not modelled.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/base/random.h"
#include "engine/ring/options.h"

namespace revenant::ring {

struct Token {
  uint64_t value = 0;
  friend constexpr auto operator<=>(Token, Token) = default;
};

// XXH3 of the key: even over the circle, fixed by its specification.
Token token_of(Bytes key);

// Replicated data lies in token order: token (8 bytes, big-endian), then the key.
Buffer storage_key(Bytes key);
Bytes key_of_storage_key(Bytes storage_key);
Token token_of_storage_key(Bytes storage_key);

// (after, upto], clockwise; it wraps when after >= upto. after == upto: the whole circle.
struct TokenRange {
  Token after, upto;
  bool contains(Token t) const;
  friend constexpr auto operator<=>(TokenRange, TokenRange) = default;
};

// The range as at most two intervals [least, limit) of storage keys, in order; an empty limit has
// no end.
struct KeyInterval {
  Buffer least, limit;
};
std::vector<KeyInterval> storage_intervals(TokenRange range);

// A node and where it stands. Racks are numbered within their data center.
struct Member {
  NodeId node;
  int64_t data_center = 0, rack = 0;
};

struct TokenOwner {
  Token token;
  NodeId node;
};

class Ring {
 public:
  // `vnodes` random tokens for each of `nodes`, from a fork of `random` per node: the tokens of a
  // node do not depend on who else is there, so a joining node only takes ranges over and moves
  // none between the others. Tokens are distinct.
  Ring(const std::vector<Member>& members, int64_t vnodes, const ReplicationFactor& factor,
       Random random);
  // These tokens, which are distinct. Members without any hold nothing, and are not among nodes().
  Ring(const std::vector<Member>& members, std::vector<TokenOwner> tokens,
       const ReplicationFactor& factor);
  // All in one data center and rack.
  Ring(const std::vector<NodeId>& nodes, int64_t vnodes, int64_t replication_factor, Random random);

  // Preference list: as many distinct nodes as the replication factor says (all nodes, if there
  // are fewer), the owner first. O(log ranges), without allocation; the list lives as long as the ring.
  const std::vector<NodeId>& replicas(Token token) const;
  const std::vector<NodeId>& replicas_of_key(Bytes key) const { return replicas(token_of(key)); }
  // All nodes as they come clockwise from the token: beyond the replicas, those to stand in for them
  // (Dynamo: the whole preference list).
  std::vector<NodeId> walk(Token token) const;

  // The ranges between neighbouring tokens, ascending by `upto`, each with its replicas.
  struct OwnedRange {
    TokenRange range;
    std::vector<NodeId> replicas;
  };
  const std::vector<OwnedRange>& ranges() const { return ranges_; }
  const std::vector<NodeId>& nodes() const { return nodes_; }
  const std::vector<TokenOwner>& tokens() const { return tokens_; }  // ascending
  int64_t data_center_of(NodeId node) const { return data_centers_.at(node); }
  int64_t rack_of(NodeId node) const { return racks_.at(node); }  // within its data center
  // Share of the circle each node is the first owner of, in the order of nodes().
  std::vector<double> ownership() const;

 private:
  std::vector<NodeId> nodes_;
  std::map<NodeId, int64_t> data_centers_, racks_;
  std::vector<TokenOwner> tokens_;
  std::vector<OwnedRange> ranges_;
  std::vector<uint64_t> uptos_;  // of ranges_: what the search touches lies together
};

}  // namespace revenant::ring
