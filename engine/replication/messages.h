// What nodes and clients say to each other.
//
//   datagram  | verb 1 | request id varint | stamp 8 | body |
//
// The stamp is there where clocks are hybrid (messenger.h).
// A request carries an id of its sender's; the answer is a datagram of verb kReply with the same
// id. Bodies are sequences of the fields below in order (engine/base/coding.h). Anything that does
// not decode is dropped: to its sender it looks like a lost message.
#pragma once

#include <optional>
#include <vector>

#include "engine/base/cell.h"
#include "engine/base/coding.h"
#include "engine/env/event_sink.h"
#include "engine/replication/consistency_level.h"
#include "engine/ring/ring.h"

namespace revenant::replication {

enum class Verb : uint8_t {
  kReply,
  kHeartbeat,    // no answer: that it arrived is the news
  kApply,        // Apply → Status
  kRead,         // storage key → ReadAnswer of a cell; nothing at all: it cannot be read
  kReadDigest,   // storage key → ReadAnswer of a digest; likewise
  kReadRange,    // ReadRange → RangeAnswer; likewise
  kTree,         // TreeRequest → encoded MerkleTree
  kStream,       // StreamRequest → number of cells
  kClientWrite,  // ClientWrite → ClientWriteReply
  kClientRead,   // ClientRead → ClientReadReply
  kClientScan,   // ClientScan → Status, KeyedCells
  kFlushHints,   // → count, nodes (varints): those for which hints are left
  kRepaired,     // Repaired; no answer
  kTruncate,     // → Status
  kSendRange,    // StreamRequest → StreamProgress, again and again: all cells, to a new replica
  kFlush,        // → Status: what was taken is in SSTables
  kTakeHint,     // HandedHint → Status: the receiver keeps it from now on
  // Of a session of incremental repair; the node has what it took, and keeps what it receives.
  kBeginSession,      // BeginSession → Status
  kTreeUnrepaired,    // as kTree
  kStreamUnrepaired,  // as kStream
  kReceive,           // as kApply
  kEndSession,        // EndSession → Status
  // Of gossip (gossip.h).
  kGossipSyn,   // HeartbeatStates that the sender knows; answered by kGossipAck
  kGossipAck,   // GossipAck; answered by kGossipAck2, if something is wanted
  kGossipAck2,  // HeartbeatStates
  kEcho,        // answered by kEchoed
  kEchoed,
  // Of nodes that stand in for replicas (stand_ins.h).
  kStandIn,      // HeldFor → Status
  kReadStandIn,  // storage key → ReadAnswer of a cell
  // Of atomic batches (batch_log.h).
  kClientBatch,  // ClientBatch → ClientWriteReply
  kStoreBatch,   // StoredBatch → Status
  kRemoveBatch,  // BatchId; no answer
};

constexpr std::string_view to_string(Verb verb) {
  constexpr std::string_view kNames[] = {"reply",
                                         "heartbeat",
                                         "apply",
                                         "read",
                                         "read digest",
                                         "read range",
                                         "tree",
                                         "stream",
                                         "client write",
                                         "client read",
                                         "client scan",
                                         "flush hints",
                                         "repaired",
                                         "truncate",
                                         "send range",
                                         "flush",
                                         "take hint",
                                         "begin session",
                                         "tree of unrepaired",
                                         "stream of unrepaired",
                                         "receive",
                                         "end session",
                                         "gossip syn",
                                         "gossip ack",
                                         "gossip ack2",
                                         "echo",
                                         "echoed",
                                         "stand in",
                                         "read stand-in",
                                         "client batch",
                                         "store batch",
                                         "remove batch"};
  const auto i = static_cast<size_t>(verb);
  return i < std::size(kNames) ? kNames[i] : "unknown";
}

enum class Status : uint8_t { kOk, kUnavailable, kTimeout, kError };

struct KeyedCell {
  Buffer key;  // storage key (token, then key)
  Cell cell;
};

struct Apply {
  env::ApplySource source = env::ApplySource::kClient;
  std::vector<KeyedCell> cells;
};
struct ReadRange {
  Buffer least, limit;  // storage keys; an empty limit has no end
  uint64_t live_max = 0;
};
// In the order of keys, tombstones too, up to the end of the range or so many live cells.
struct RangeAnswer {
  std::vector<KeyedCell> cells;
  bool ended = false;  // the range has no more
};
// All replicas of a session judge purgeability at the coordinator's moment.
struct TreeRequest {
  ring::TokenRange range;
  uint64_t depth = 0;
  Instant moment;
};
struct StreamRequest {
  NodeId to;
  Instant moment;
  std::vector<ring::TokenRange> ranges;
};
// So far.
struct StreamProgress {
  uint64_t cells = 0, bytes = 0;  // keys and values
  bool ended = false;
};
struct HandedHint {
  NodeId target;
  Instant created;
  KeyedCell write;
};
// A write that the receiver keeps for `primary` until that is back.
struct HeldFor {
  NodeId primary;
  KeyedCell write;
};
// A coordinator's sessions are told apart by when they began.
struct BeginSession {
  Instant began;
  std::vector<ring::TokenRange> ranges;  // it is about these alone; none: about all keys
};
// Whether what was taken is repaired now, by a session that began then.
struct EndSession {
  bool repaired = false;
  Instant began;
};
// A range that all its replicas agree on, by a session that began then.
struct Repaired {
  ring::TokenRange range;
  Instant began;
};
// Of a node: which of its processes, and how far that had come. Those of later processes are
// greater. Cassandra: HeartBeatState.
struct HeartbeatState {
  NodeId node;
  uint64_t generation = 0;  // 0: nothing is known of it
  uint64_t version = 0;

  bool newer_than(const HeartbeatState& other) const {
    return generation != other.generation ? generation > other.generation : version > other.version;
  }
  friend bool operator==(const HeartbeatState&, const HeartbeatState&) = default;
};
struct GossipAck {
  std::vector<HeartbeatState> wanted;  // what is known of those that the other knows more of
  std::vector<HeartbeatState> newer;   // than what the other knows
};
struct ClientWrite {
  Buffer key;
  CellKind kind = CellKind::kValue;
  Version version;  // 0: the coordinator stamps it
  Buffer value;
  ConsistencyLevel level;
  Duration ttl = {};  // of an expiring value: from the coordinator's time of day on
};
// Values under one stamp, all of which are written in the end, or none.
struct ClientBatch {
  struct Put {
    Buffer key, value;
  };
  Version version;  // 0: the coordinator stamps it
  ConsistencyLevel level;
  std::vector<Put> puts;
};
struct BatchId {
  NodeId coordinator;
  uint64_t created = 0;  // by its clock, ns; no two of one coordinator are equal
  friend constexpr auto operator<=>(const BatchId&, const BatchId&) = default;
};
struct StoredBatch {
  BatchId id;
  Instant created;
  std::vector<KeyedCell> writes;
};
struct ClientWriteReply {
  Status status = Status::kOk;
  Version version;  // its stamp, if the coordinator gave one; else 0
};
struct ClientRead {
  Buffer key;
  ConsistencyLevel level;
};
struct ClientScan {
  Buffer least;  // storage key
  ConsistencyLevel level;
  uint64_t cells_max = 0;
};
// What a replica holds under a key (perhaps nothing), or a digest of that.
struct ReadAnswer {
  std::optional<Cell> cell;
  std::optional<uint64_t> digest;  // in place of the cell
};
// Equal for equal cells; those that differ have equal ones once in 2^64 times. Cassandra: MD5.
uint64_t digest_of(const std::optional<Cell>& cell);

// The winner, and what each replica that answered held.
struct ReplicaAnswer {
  NodeId node;
  bool holds = false;  // a cell, perhaps a tombstone
  Version version;
};
struct ClientReadReply {
  Status status = Status::kOk;
  std::optional<Cell> cell;
  std::vector<ReplicaAnswer> answers;
};

// --- encoding: encode() appends; decode() takes from the front and leaves failed() to the caller
// ---
void encode(Buffer& out, const CellView& cell);
void decode(Decoder& in, Cell& cell);
void encode(Buffer& out, const std::optional<Cell>& cell);
void decode(Decoder& in, std::optional<Cell>& cell);
void encode(Buffer& out, const std::vector<KeyedCell>& cells);
void decode(Decoder& in, std::vector<KeyedCell>& cells);
void encode(Buffer& out, const Apply& m);
void decode(Decoder& in, Apply& m);
void encode(Buffer& out, const HeldFor& m);
void decode(Decoder& in, HeldFor& m);
void encode(Buffer& out, const ReadRange& m);
void decode(Decoder& in, ReadRange& m);
void encode(Buffer& out, const RangeAnswer& m);
void decode(Decoder& in, RangeAnswer& m);
void encode(Buffer& out, const TreeRequest& m);
void decode(Decoder& in, TreeRequest& m);
void encode(Buffer& out, const StreamRequest& m);
void decode(Decoder& in, StreamRequest& m);
void encode(Buffer& out, const StreamProgress& m);
void decode(Decoder& in, StreamProgress& m);
void encode(Buffer& out, const HandedHint& m);
void decode(Decoder& in, HandedHint& m);
void encode(Buffer& out, const BeginSession& m);
void decode(Decoder& in, BeginSession& m);
void encode(Buffer& out, const EndSession& m);
void decode(Decoder& in, EndSession& m);
void encode(Buffer& out, const Repaired& m);
void decode(Decoder& in, Repaired& m);
void encode(Buffer& out, const std::vector<HeartbeatState>& states);
void decode(Decoder& in, std::vector<HeartbeatState>& states);
void encode(Buffer& out, const GossipAck& m);
void decode(Decoder& in, GossipAck& m);
void encode(Buffer& out, const ClientWrite& m);
void decode(Decoder& in, ClientWrite& m);
void encode(Buffer& out, const ClientBatch& m);
void decode(Decoder& in, ClientBatch& m);
void encode(Buffer& out, const BatchId& m);
void decode(Decoder& in, BatchId& m);
void encode(Buffer& out, const StoredBatch& m);
void decode(Decoder& in, StoredBatch& m);
void encode(Buffer& out, const ReadAnswer& m);
void decode(Decoder& in, ReadAnswer& m);
void encode(Buffer& out, const ClientWriteReply& m);
void decode(Decoder& in, ClientWriteReply& m);
void encode(Buffer& out, const ClientRead& m);
void decode(Decoder& in, ClientRead& m);
void encode(Buffer& out, const ClientScan& m);
void decode(Decoder& in, ClientScan& m);
void encode(Buffer& out, const ClientReadReply& m);
void decode(Decoder& in, ClientReadReply& m);

// The whole of `body` as a T, or nothing.
template <typename T>
std::optional<T> decode_all(Bytes body) {
  Decoder in(body);
  T message;
  decode(in, message);
  if (in.failed() || !in.empty()) return std::nullopt;
  return message;
}

}  // namespace revenant::replication
