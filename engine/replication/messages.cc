#include "engine/replication/messages.h"

#include "engine/base/checksum.h"

namespace revenant::replication {
namespace {

// A count read from the wire says nothing about what follows; each element costs at least a byte.
uint64_t decode_count(Decoder& in) {
  const uint64_t count = in.varint();
  if (count <= in.rest().size()) return count;
  in.fail();
  return 0;
}

CellKind decode_kind(Decoder& in) {
  const auto kind = in.fixed<uint8_t>();
  if (kind > static_cast<uint8_t>(CellKind::kExpiring)) in.fail();
  return static_cast<CellKind>(kind);
}

void encode(Buffer& out, const ConsistencyLevel& level) {
  out.push_back(static_cast<char>(level.kind));
  if (level.kind == ConsistencyLevel::Kind::kNumber)
    put_varint(out, static_cast<uint64_t>(level.number));
}
void decode(Decoder& in, ConsistencyLevel& level) {
  const auto kind = in.fixed<uint8_t>();
  if (kind > static_cast<uint8_t>(ConsistencyLevel::Kind::kNumber)) in.fail();
  level.kind = static_cast<ConsistencyLevel::Kind>(kind);
  if (level.kind == ConsistencyLevel::Kind::kNumber)
    level.number = static_cast<int64_t>(in.varint());
}

void encode(Buffer& out, ring::TokenRange range) {
  put_fixed(out, range.after.value);
  put_fixed(out, range.upto.value);
}
void decode(Decoder& in, ring::TokenRange& range) {
  range.after.value = in.fixed<uint64_t>();
  range.upto.value = in.fixed<uint64_t>();
}

void encode(Buffer& out, const std::vector<ring::TokenRange>& ranges) {
  put_varint(out, ranges.size());
  for (ring::TokenRange range : ranges) encode(out, range);
}
void decode(Decoder& in, std::vector<ring::TokenRange>& ranges) {
  ranges.resize(decode_count(in));
  for (ring::TokenRange& range : ranges) decode(in, range);
}

}  // namespace

void encode(Buffer& out, const CellView& cell) {
  out.push_back(static_cast<char>(cell.kind));
  put_varint(out, cell.version.value);
  if (cell.kind != CellKind::kValue) put_fixed(out, cell.deletion_time.ns);
  if (!cell.is_tombstone()) put_bytes(out, cell.value);
}
void decode(Decoder& in, Cell& cell) {
  cell.kind = decode_kind(in);
  cell.version.value = in.varint();
  if (cell.kind != CellKind::kValue) cell.deletion_time.ns = in.fixed<int64_t>();
  if (!cell.is_tombstone()) cell.value = in.bytes();
}

void encode(Buffer& out, const std::optional<Cell>& cell) {
  out.push_back(cell.has_value() ? 1 : 0);
  if (cell) encode(out, cell->view());
}
void decode(Decoder& in, std::optional<Cell>& cell) {
  if (in.fixed<uint8_t>() != 0) decode(in, cell.emplace());
}

void encode(Buffer& out, const std::vector<KeyedCell>& cells) {
  put_varint(out, cells.size());
  for (const KeyedCell& keyed : cells) {
    put_bytes(out, keyed.key);
    encode(out, keyed.cell.view());
  }
}
void decode(Decoder& in, std::vector<KeyedCell>& cells) {
  cells.resize(decode_count(in));
  for (KeyedCell& keyed : cells) {
    keyed.key = in.bytes();
    decode(in, keyed.cell);
  }
}

void encode(Buffer& out, const Apply& m) {
  out.push_back(static_cast<char>(m.source));
  encode(out, m.cells);
}
void decode(Decoder& in, Apply& m) {
  m.source = static_cast<env::ApplySource>(in.fixed<uint8_t>());
  decode(in, m.cells);
}

void encode(Buffer& out, const StreamProgress& m) {
  put_varint(out, m.cells);
  put_varint(out, m.bytes);
  out.push_back(static_cast<char>(m.ended ? 1 : 0));
}
void decode(Decoder& in, StreamProgress& m) {
  m.cells = in.varint();
  m.bytes = in.varint();
  m.ended = in.fixed<uint8_t>() != 0;
}

void encode(Buffer& out, const HandedHint& m) {
  put_varint(out, m.target.value);
  put_fixed(out, m.created.ns);
  put_bytes(out, m.write.key);
  encode(out, m.write.cell.view());
}
void decode(Decoder& in, HandedHint& m) {
  m.target.value = static_cast<uint32_t>(in.varint());
  m.created.ns = in.fixed<int64_t>();
  m.write.key = in.bytes();
  decode(in, m.write.cell);
}

void encode(Buffer& out, const HeldFor& m) {
  put_varint(out, m.primary.value);
  put_bytes(out, m.write.key);
  encode(out, m.write.cell.view());
}
void decode(Decoder& in, HeldFor& m) {
  m.primary.value = static_cast<uint32_t>(in.varint());
  m.write.key = in.bytes();
  decode(in, m.write.cell);
}

void encode(Buffer& out, const ReadRange& m) {
  put_bytes(out, m.least);
  put_bytes(out, m.limit);
  put_varint(out, m.live_max);
}
void decode(Decoder& in, ReadRange& m) {
  m.least = in.bytes();
  m.limit = in.bytes();
  m.live_max = in.varint();
}

void encode(Buffer& out, const RangeAnswer& m) {
  encode(out, m.cells);
  out.push_back(m.ended ? 1 : 0);
}
void decode(Decoder& in, RangeAnswer& m) {
  decode(in, m.cells);
  m.ended = in.fixed<uint8_t>() != 0;
  if (!m.ended && m.cells.empty()) in.fail();  // then the end has been reached
}

void encode(Buffer& out, const TreeRequest& m) {
  encode(out, m.range);
  put_varint(out, m.depth);
  put_fixed(out, m.moment.ns);
}
void decode(Decoder& in, TreeRequest& m) {
  decode(in, m.range);
  m.depth = in.varint();
  m.moment.ns = in.fixed<int64_t>();
}

void encode(Buffer& out, const StreamRequest& m) {
  put_varint(out, m.to.value);
  put_fixed(out, m.moment.ns);
  encode(out, m.ranges);
}
void decode(Decoder& in, StreamRequest& m) {
  m.to.value = static_cast<uint32_t>(in.varint());
  m.moment.ns = in.fixed<int64_t>();
  decode(in, m.ranges);
}

void encode(Buffer& out, const Repaired& m) {
  encode(out, m.range);
  put_fixed(out, m.began.ns);
}
void decode(Decoder& in, Repaired& m) {
  decode(in, m.range);
  m.began.ns = in.fixed<int64_t>();
}

void encode(Buffer& out, const BeginSession& m) {
  put_fixed(out, m.began.ns);
  encode(out, m.ranges);
}
void decode(Decoder& in, BeginSession& m) {
  m.began.ns = in.fixed<int64_t>();
  decode(in, m.ranges);
}

void encode(Buffer& out, const EndSession& m) {
  out.push_back(m.repaired ? 1 : 0);
  put_fixed(out, m.began.ns);
}
void decode(Decoder& in, EndSession& m) {
  m.repaired = in.fixed<uint8_t>() != 0;
  m.began.ns = in.fixed<int64_t>();
}

void encode(Buffer& out, const std::vector<HeartbeatState>& states) {
  put_varint(out, states.size());
  for (const HeartbeatState& state : states) {
    put_varint(out, state.node.value);
    put_varint(out, state.generation);
    put_varint(out, state.version);
  }
}
void decode(Decoder& in, std::vector<HeartbeatState>& states) {
  states.resize(decode_count(in));
  for (HeartbeatState& state : states) {
    state.node.value = static_cast<uint32_t>(in.varint());
    state.generation = in.varint();
    state.version = in.varint();
  }
}

void encode(Buffer& out, const GossipAck& m) {
  encode(out, m.wanted);
  encode(out, m.newer);
}
void decode(Decoder& in, GossipAck& m) {
  decode(in, m.wanted);
  decode(in, m.newer);
}

void encode(Buffer& out, const ClientWrite& m) {
  put_bytes(out, m.key);
  out.push_back(static_cast<char>(m.kind));
  put_varint(out, m.version.value);
  put_bytes(out, m.value);
  encode(out, m.level);
  if (m.kind == CellKind::kExpiring) put_fixed(out, m.ttl.ns);
}
void decode(Decoder& in, ClientWrite& m) {
  m.key = in.bytes();
  m.kind = decode_kind(in);
  m.version.value = in.varint();
  m.value = in.bytes();
  decode(in, m.level);
  if (m.kind == CellKind::kExpiring) m.ttl.ns = in.fixed<int64_t>();
}

void encode(Buffer& out, const ClientBatch& m) {
  put_varint(out, m.version.value);
  encode(out, m.level);
  put_varint(out, m.puts.size());
  for (const ClientBatch::Put& put : m.puts) {
    put_bytes(out, put.key);
    put_bytes(out, put.value);
  }
}
void decode(Decoder& in, ClientBatch& m) {
  m.version.value = in.varint();
  decode(in, m.level);
  m.puts.resize(decode_count(in));
  for (ClientBatch::Put& put : m.puts) {
    put.key = in.bytes();
    put.value = in.bytes();
  }
}

void encode(Buffer& out, const BatchId& m) {
  put_varint(out, m.coordinator.value);
  put_fixed(out, m.created);
}
void decode(Decoder& in, BatchId& m) {
  m.coordinator.value = static_cast<uint32_t>(in.varint());
  m.created = in.fixed<uint64_t>();
}

void encode(Buffer& out, const StoredBatch& m) {
  encode(out, m.id);
  put_fixed(out, m.created.ns);
  encode(out, m.writes);
}
void decode(Decoder& in, StoredBatch& m) {
  decode(in, m.id);
  m.created.ns = in.fixed<int64_t>();
  decode(in, m.writes);
  if (m.writes.empty()) in.fail();
}

// A cell that is there or not begins with 1 or 0.
constexpr uint8_t kDigestFollows = 2;
void encode(Buffer& out, const ReadAnswer& m) {
  if (!m.digest) return encode(out, m.cell);
  out.push_back(static_cast<char>(kDigestFollows));
  put_fixed(out, *m.digest);
}
void decode(Decoder& in, ReadAnswer& m) {
  if (!in.rest().starts_with(static_cast<char>(kDigestFollows))) return decode(in, m.cell);
  (void)in.fixed<uint8_t>();
  m.digest = in.fixed<uint64_t>();
}
uint64_t digest_of(const std::optional<Cell>& cell) {
  Buffer encoded;
  encode(encoded, cell);
  return hash64(encoded);
}

// What need not be said is left out.
void encode(Buffer& out, const ClientWriteReply& m) {
  out.push_back(static_cast<char>(m.status));
  if (m.version != Version{}) put_varint(out, m.version.value);
}
void decode(Decoder& in, ClientWriteReply& m) {
  m.status = static_cast<Status>(in.fixed<uint8_t>());
  if (!in.empty()) m.version.value = in.varint();
}

void encode(Buffer& out, const ClientRead& m) {
  put_bytes(out, m.key);
  encode(out, m.level);
}
void decode(Decoder& in, ClientRead& m) {
  m.key = in.bytes();
  decode(in, m.level);
}

void encode(Buffer& out, const ClientScan& m) {
  put_bytes(out, m.least);
  encode(out, m.level);
  put_varint(out, m.cells_max);
}
void decode(Decoder& in, ClientScan& m) {
  m.least = in.bytes();
  decode(in, m.level);
  m.cells_max = in.varint();
}

void encode(Buffer& out, const ClientReadReply& m) {
  out.push_back(static_cast<char>(m.status));
  encode(out, m.cell);
  put_varint(out, m.answers.size());
  for (const ReplicaAnswer& answer : m.answers) {
    put_varint(out, answer.node.value);
    out.push_back(answer.holds ? 1 : 0);
    put_varint(out, answer.version.value);
  }
}
void decode(Decoder& in, ClientReadReply& m) {
  m.status = static_cast<Status>(in.fixed<uint8_t>());
  decode(in, m.cell);
  m.answers.resize(decode_count(in));
  for (ReplicaAnswer& answer : m.answers) {
    answer.node.value = static_cast<uint32_t>(in.varint());
    answer.holds = in.fixed<uint8_t>() != 0;
    answer.version.value = in.varint();
  }
}

}  // namespace revenant::replication
