// When each part of the keys was last repaired on all replicas: the moment that the latest session
// which went through began.
//
//   keys      │  never  │ began 40 s │      began 90 s      │ never …
//             a         c            m                      t
//
// Of two repairs of a key the later one counts, so adding is commutative and idempotent, and
// neighbours of one moment are one piece: a node that repairs its ranges in turn keeps about as many
// pieces as it has ranges.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/time.h"
#include "engine/lsm/compaction/sstable_meta.h"

namespace revenant::lsm {

class RepairedRanges {
 public:
  // Keys with least <= key < limit; an empty limit has no end.
  struct Piece {
    Buffer least, limit;
    Instant began;
    friend bool operator==(const Piece&, const Piece&) = default;
  };

  void add(const Piece& repaired);

  std::optional<Instant> at(Bytes key) const;
  // Over all keys of the range: the earliest, nothing if some were never repaired.
  std::optional<Instant> earliest(const KeyRange& range) const;
  // Likewise the latest, nothing if none was.
  std::optional<Instant> latest(const KeyRange& range) const;

  std::vector<Piece> pieces() const;  // in key order

 private:
  using Starts = std::map<Buffer, std::optional<Instant>, std::less<>>;
  Starts::const_iterator piece_of(Bytes key) const;
  Starts::iterator split(const Buffer& key);

  // From each key to the next one, all keys from the empty one on.
  Starts starts_{{Buffer(), std::nullopt}};
};

}  // namespace revenant::lsm
