// The four session guarantees (Terry et al., 1994), each by itself and key by key. Versions are what a key's
// writes made; a guarantee holds if there is an order of them in which
//
//   read your writes      a session's read returns none older than any of its own writes before it
//   monotonic reads       nor any older than what the session read before it
//   monotonic writes      a session's write is later than its writes before it
//   writes follow reads   it is later than what the session had read before it
//
// Where the source knows versions (Revenant's stamps, last write wins), they are the order. Elsewhere values name
// their writes, and the order is only what the guarantee itself demands; for the two on writes, what monotonic reads
// demand too, for writes alone show nothing. A demand that leads back to itself is a violation.
//
// What a session had under way at a time is in no order: an operation comes after those that had ended when it began.
//
// A write of unknown outcome is demanded of nobody until somebody has read it. Without versions, a value that
// was written twice and an absence after a delete name no write: such reads are left out. Not looked at: order
// across keys, appends, compare-and-set, transactions.
#pragma once

#include "sim/check/properties/properties.h"

namespace revenant::check {

Verdict check_read_your_writes(const history::History& history, const CheckOptions& options);
Verdict check_monotonic_reads(const history::History& history, const CheckOptions& options);
Verdict check_monotonic_writes(const history::History& history, const CheckOptions& options);
Verdict check_writes_follow_reads(const history::History& history, const CheckOptions& options);

}  // namespace revenant::check
