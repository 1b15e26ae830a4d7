// The one way in for writes. Those that arrive while a log write or a sync is under way wait, and
// the first of them then takes all that wait with it: one record, one sync, one order.
//
//   w1 ─ append, sync, insert, acknowledge
//   w2 ──── waits ───┐
//   w3 ────── waits ─┴ w2 leads {w2, w3}: append, sync, insert, acknowledge both
//   w4 ──────────────────── waits …
//
// As in LevelDB (DBImpl::Write). With periodic sync and nobody before it, a write does not suspend
// unless its append does.
#pragma once

#include "engine/lsm/core.h"
#include "engine/lsm/flusher.h"
#include "engine/lsm/write_controller.h"

namespace revenant::lsm {

class CommitQueue {
 public:
  CommitQueue(Core& core, Flusher& flusher, Compactor& compactor)
      : core_(core),
        flusher_(flusher),
        compactor_(compactor),
        controller_(static_cast<uint64_t>(core.options.delayed_write_rate.bytes)) {}

  // As Db::write.
  Result<void> write(WriteBatch& batch, env::ApplySource source);

 private:
  struct Writer {
    WriteBatch& batch;
    env::ApplySource source;
    env::TaskId task{};
    Instant arrived{};  // group sync only
    Writer* next = nullptr;
    bool done = false;
    Result<void> outcome{};
  };

  Result<void> lead(Writer& leader, Writer*& last);
  Result<void> wait_for_room(uint64_t bytes);
  bool near_stop() const;
  template <typename Wait>
  void stall(env::StallCause cause, Wait wait);
  bool memtable_full() const;
  // Gives the group that `leader` heads its sequences and encodes its record; returns its last
  // writer.
  Writer* form_group(Writer& leader);
  Result<void> log_group();
  void insert_group(const Writer& leader, const Writer& last);
  void sync_in_a_while();

  Core& core_;
  Flusher& flusher_;
  Compactor& compactor_;
  WriteController controller_;
  uint64_t judged_ = 0;      // Core::edits that the controller knows of
  Writer* first_ = nullptr;  // leads, or is about to
  Writer* last_ = nullptr;
  Buffer record_;          // of the group being committed
  Version least_version_;  // likewise
  bool sync_is_due_ = false;
};

}  // namespace revenant::lsm
