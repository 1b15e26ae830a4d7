// Splits an SSTable in two: what lies in some spans of keys, and what lies outside. For an incremental
// repair of a part of the keys, which then marks the one and leaves the other (Cassandra: PendingAntiCompaction).
//
//   input    a  b  c  d  e  f      spans  [b, d)      inside   b  c
//   tombstones  [a ────── e)                                   [b, d)
//                                                     outside  a  d  e  f
//                                                              [a, b) [d, e)
//
// Nothing is merged, judged or dropped: the two together are the input.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/env/event_sink.h"
#include "engine/env/file_system.h"
#include "engine/lsm/compaction/key_spans.h"
#include "engine/lsm/compaction/sstable_meta.h"
#include "engine/sstable/options.h"

namespace revenant::lsm {

struct AnticompactionRequest {
  std::string directory;
  sstable::SstableOptions sstable;
  SstableMetaPtr input;
  std::shared_ptr<const KeySpans> spans;
  std::array<FileNumber, 2> outputs;    // numbers for inside and outside
  std::vector<Buffer> watched;          // keys whose entries are told about; sorted
  std::function<void()> between_steps;  // called now and then while it runs
};

struct AnticompactionOutcome {
  Result<void> status;                    // on error nothing below but `created` is of use
  std::vector<FileNumber> created;        // every file begun
  std::array<SstableMetaPtr, 2> outputs;  // inside and outside, durable; null: nothing lies there
  std::vector<env::WatchedEntry> watched;
  uint64_t bytes_read = 0, bytes_written = 0;
};

// A whole job: it shares nothing with its owner, who installs the outcome in place of the input or
// throws it away.
AnticompactionOutcome anticompact(env::FileSystem& files, const AnticompactionRequest& request);

// Whether all of its keys lie in one span. One that lies in several with nothing in between is split
// for nothing.
bool lies_within(const SstableMeta& sstable, const KeySpans& spans);

}  // namespace revenant::lsm
