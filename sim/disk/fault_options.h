// What can be wrong with a disk, a struct per kind. Content is never spoiled by a fault: it is kept,
// and what the platter holds instead lies over it page by page (stored_file.h).
//
// Names as the literature has them: latent sector errors (read errors that stay) and silent
// corruption (Bairavasundaram et al., SIGMETRICS'07 and FAST'08), lost and misdirected writes
// (Krioukov et al., FAST'08), fail-slow (Gunawi et al., FAST'18), fsync failures (Rebello et al.,
// ATC'20).
#pragma once

#include <optional>
#include <variant>

#include "engine/base/settings.h"
#include "sim/disk/file_kind.h"

namespace revenant::sim {

constexpr Probability kAlways{1'000'000'000};

// Which operations on files a fault may strike, and how often it does.
struct Strikes {
  FileKind files = FileKind::kAny;
  ByteSize from{0};
  std::optional<ByteSize> to;
  Probability chance = kAlways;

  template <typename V>
  void describe(V& v) {
    v.field("files", files, "Files it concerns.");
    v.field("from", from, "Only operations that touch bytes of the file from this one on.");
    v.field("to", to, "And before this one; to the file's end if left out.");
    v.field("chance", chance, "That it strikes such an operation of the device.");
  }
};

// The device reports that it cannot read. What is in the page cache is not read from it. Read-ahead
// asks for what nobody wants yet, and does not fail.
struct ReadErrors {
  Strikes strikes;
  bool sticky = false;
  template <typename V>
  void describe(V& v) {
    strikes.describe(v);
    v.field("sticky", sticky, "A page that could not be read once cannot until the fault ends.");
  }
};

// The device reports that it cannot write. The process learns of it at its next sync of the file,
// once; `disk.durability` says what has become of the pages.
struct WriteErrors {
  Strikes strikes;
  bool sticky = false;
  template <typename V>
  void describe(V& v) {
    strikes.describe(v);
    v.field("sticky", sticky, "A page that could not be written once cannot until the fault ends.");
  }
};

// The flush that ends a sync of a file or a directory fails, though the writes before it did not.
struct SyncErrors {
  FileKind files = FileKind::kAny;
  Probability chance = kAlways;
  template <typename V>
  void describe(V& v) {
    v.field("files", files, "Files it concerns.");
    v.field("chance", chance, "That it strikes a sync.");
  }
};

// Bits flip on the platter, once, when the fault begins; they stay flipped until the page is written
// again. Pages in the cache are right until they are evicted.
struct BitRot {
  FileKind files = FileKind::kAny;
  ByteSize from{0};
  std::optional<ByteSize> to;
  int64_t bits = 1;
  template <typename V>
  void describe(V& v) {
    v.field("files", files, "Files it concerns.");
    v.field("from", from, "Only bytes of the file from this one on.");
    v.field("to", to, "And before this one; to the file's end if left out.");
    v.field("bits", bits, between<int64_t>(1, 1'000'000'000),
            "Bits that flip, each anywhere in what the files concerned have on the platter.");
  }
};

// A write is acknowledged, but only its first sectors reach the platter.
struct TornWrites {
  Strikes strikes;
  template <typename V>
  void describe(V& v) {
    strikes.describe(v);
  }
};
// A write is acknowledged, but nothing of it reaches the platter.
struct LostWrites {
  Strikes strikes;
  template <typename V>
  void describe(V& v) {
    strikes.describe(v);
  }
};
// A write is acknowledged, but its first page lies over a page of some other file, and what it should
// have replaced is as it was; its other pages are lost.
struct MisdirectedWrites {
  Strikes strikes;
  template <typename V>
  void describe(V& v) {
    strikes.describe(v);
  }
};

// Something else on the disk takes the room.
struct FullDisk {
  ByteSize free{0};
  std::optional<Bandwidth> shrinks;
  template <typename V>
  void describe(V& v) {
    v.field("free", free, "Room that is left to this process when it begins.");
    v.field("shrinks", shrinks, "At what rate that room goes; it stays if left out.");
  }
};

// The device takes operations in and finishes none of them. Those already under way end as they
// would have.
struct Stall {
  Duration length = seconds(1);
  template <typename V>
  void describe(V& v) {
    v.field("length", length, at_least(nanoseconds(1)),
            "How long it answers nothing, each time the fault begins.");
  }
};

// A device that limps: an operation struck takes `factor` times as long, its transfer included, and
// then k * delay longer, k drawn from 1 to multiples, and then exponentially longer by `jitter`. Of
// several that strike one operation the greatest factor counts, and every delay.
struct FailSlow {
  double factor = 1;
  Duration delay;
  int64_t multiples = 1;
  Duration jitter;
  Probability chance = kAlways;
  template <typename V>
  void describe(V& v) {
    v.field("factor", factor, between(1.0, 1e6), "How many times as long an operation takes.");
    v.field("delay", delay, "And how much longer.");
    v.field(
        "multiples", multiples, between<int64_t>(1, 1'000'000),
        "The delay comes up to so many times, drawn for each operation. Throttled SSDs were seen "
        "with multiples of 250 us up to 3 ms.");
    v.field("jitter", jitter, "Mean of an exponential delay that is added.");
    v.field("chance", chance, "That it strikes an operation.");
  }
};

using DiskFault = std::variant<ReadErrors, WriteErrors, SyncErrors, BitRot, TornWrites, LostWrites,
                               MisdirectedWrites, FullDisk, Stall, FailSlow>;

// How often each kind struck.
struct DiskFaultCounts {
  uint64_t read_errors = 0, write_errors = 0, sync_errors = 0;
  uint64_t bits_flipped = 0, torn_writes = 0, lost_writes = 0, misdirected_writes = 0;
  uint64_t appends_refused = 0;     // for want of room
  uint64_t operations_stalled = 0;  // that waited for the end of a stall
  uint64_t operations_slowed = 0;

  DiskFaultCounts& operator+=(const DiskFaultCounts& other);
};

}  // namespace revenant::sim
