// Histories: what a user of a store does, step by step, as data. One is drawn from a seed, run
// against several stores, and cut down to the steps that matter when two disagree.
//
//   seed ─> history ─┬─> ModelStore ─> a line of text per step ─┐
//                    └─> DbStore ────> a line of text per step ─┴─ equal? else shrink and tell
//
// What a store does beneath (flushes, compactions, reopens, crashes) must not show in any line.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/random.h"

namespace revenant::lsm {

struct Step {
  enum class Kind {
    kPut,
    kPutUntil,
    kRemove,
    kRemoveRange,
    kBatch,
    kGet,
    kMultiGet,
    kScan,
    kSnapshot,
    kRelease,
    kFlush,
    kCompact,
    kReopen,  // snapshots end with it, and with the next two
    kKill,
    kPowerLoss,
    kAdvance,
  };
  Kind kind = Kind::kGet;
  std::string key = {}, end = {};  // [key, end) of a range; an empty end has none in a scan
  std::string value = {};          // of a write; of a scan: its moves, see Store::run
  uint64_t version = 0;            // of a write
  int64_t hours = 0;               // of kAdvance; of kPutUntil: from now, and half an hour
  int snapshot = -1;               // of a read or kRelease: the n-th taken; -1: the present
  std::vector<Step> steps = {};    // of kBatch: its writes; of kMultiGet: its keys
};

// Live keys only, as a user sees them.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool valid() = 0;
  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  virtual void seek(const std::string& key) = 0;
  virtual void seek_for_prev(const std::string& key) = 0;
  virtual void next() = 0;
  virtual void prev() = 0;
  virtual std::string key() = 0;
  virtual std::string value() = 0;
};

// Runs histories. A deleted key and one that never was look alike.
class Store {
 public:
  virtual ~Store() = default;

  // What the user sees of the step; empty for steps that show nothing.
  virtual std::string run(const Step& step) {
    using enum Step::Kind;
    switch (step.kind) {
      case kPut:
      case kPutUntil:
      case kRemove:
      case kRemoveRange:
        write({step});
        return {};
      case kBatch:
        write(step.steps);
        return {};
      case kGet:
        return show(get(step.key, step.snapshot));
      case kMultiGet: {
        std::vector<std::string> keys;
        for (const Step& s : step.steps) keys.push_back(s.key);
        std::string line;
        for (const auto& value : multi_get(keys, step.snapshot)) line += show(value) + " ";
        return line;
      }
      case kScan:
        return scan(step);
      case kSnapshot:
        take_snapshot();
        return {};
      case kRelease:
        release(step.snapshot);
        return {};
      default:
        maintain(step);
        return {};
    }
  }

 protected:
  virtual void write(const std::vector<Step>& writes) = 0;
  virtual std::optional<std::string> get(const std::string& key, int snapshot) = 0;
  virtual std::vector<std::optional<std::string>> multi_get(const std::vector<std::string>& keys,
                                                            int snapshot) {
    std::vector<std::optional<std::string>> values;
    for (const std::string& key : keys) values.push_back(get(key, snapshot));
    return values;
  }
  virtual std::unique_ptr<Cursor> cursor(const std::string& least, const std::string& limit,
                                         int snapshot) = 0;
  virtual void take_snapshot() = 0;
  virtual void release(int snapshot) = 0;
  virtual void maintain(const Step& step) = 0;

 private:
  static std::string show(const std::optional<std::string>& value) { return value.value_or("-"); }

  // Moves: F first, L last, S seek to the middle of the range, P likewise backward, n next, p prev;
  // then n to the end if there are none left.
  std::string scan(const Step& step) {
    const auto at = cursor(step.key, step.end, step.snapshot);
    std::string line;
    for (const char move : step.value) {
      const bool steps = move == 'n' || move == 'p';
      if (steps && !at->valid()) continue;
      if (move == 'F') at->seek_to_first();
      if (move == 'L') at->seek_to_last();
      if (move == 'S') at->seek(step.key + "5");
      if (move == 'P') at->seek_for_prev(step.key + "5");
      if (move == 'n') at->next();
      if (move == 'p') at->prev();
      line += at->valid() ? fmt::format("{}{}={} ", move, at->key(), at->value())
                          : fmt::format("{}. ", move);
    }
    for (; at->valid(); at->next()) line += fmt::format("{}={} ", at->key(), at->value());
    return line;
  }
};

// --- drawing ---------------------------------------------------------------------------------------

// What a history may contain.
struct Vocabulary {
  bool ranges = true;
  bool expiry = true;
  bool late_writes = true;  // versions that do not follow the order of arrival
  bool crashes = true;
  uint64_t keys = 30;
};

class HistoryDrawer {
 public:
  HistoryDrawer(Random random, Vocabulary vocabulary)
      : random_(std::move(random)), vocabulary_(vocabulary) {}

  std::vector<Step> draw(int steps) {
    std::vector<Step> history;
    while (std::ssize(history) < steps) history.push_back(step());
    return history;
  }

 private:
  Step step() {
    using enum Step::Kind;
    const uint64_t d = random_.below(1000);
    if (d < 450) return write();
    if (d < 480) return batch();
    if (d < 640) return {.kind = kGet, .key = key(), .snapshot = snapshot()};
    if (d < 670) return multi_get();
    if (d < 800) return scan();
    if (d < 830) return take_snapshot();
    if (d < 850) return release();
    if (d < 910) return {.kind = kFlush};
    if (d < 930) return {.kind = kCompact};
    if (d < 950) return ends_process(kReopen);
    if (d < 975 && vocabulary_.crashes) {
      return ends_process(random_.below(2) == 0 ? kKill : kPowerLoss);
    }
    return {.kind = kAdvance, .hours = random_.between(1, 30)};
  }

  std::string key() { return fmt::format("k{:02}", random_.below(vocabulary_.keys)); }
  uint64_t version() {
    ++writes_;
    return vocabulary_.late_writes ? 1 + random_.below(60) : writes_;
  }
  Step write() {
    using enum Step::Kind;
    const uint64_t d = random_.below(100);
    Step s{.kind = kPut, .key = key()};
    if (d < 8 && vocabulary_.ranges) {
      s.kind = kRemoveRange;
      s.end = key();
      if (s.end < s.key) std::swap(s.key, s.end);
      s.end += random_.below(2) == 0 ? "" : "x";
      if (s.end <= s.key) s.end = s.key + "x";
    } else if (d < 20 && vocabulary_.expiry) {
      s.kind = kPutUntil;
      s.hours = random_.between(0, 40);
    } else if (d < 45) {
      s.kind = kRemove;
    }
    s.version = version();
    if (s.kind == kPut || s.kind == kPutUntil) {
      s.value = fmt::format("{}{}", writes_, std::string(random_.below(60), 'v'));
    }
    return s;
  }
  Step batch() {
    Step s{.kind = Step::Kind::kBatch};
    for (int64_t n = random_.between(2, 5); n > 0; --n) s.steps.push_back(write());
    return s;
  }
  Step multi_get() {
    Step s{.kind = Step::Kind::kMultiGet, .snapshot = snapshot()};
    for (int64_t n = random_.between(1, 6); n > 0; --n) s.steps.push_back({.key = key()});
    return s;
  }
  Step scan() {
    Step s{.kind = Step::Kind::kScan, .snapshot = snapshot()};
    if (random_.below(3) > 0) s.key = key();
    if (random_.below(3) > 0) s.end = key();
    if (!s.end.empty() && s.end < s.key) std::swap(s.key, s.end);
    s.value = "F";
    for (uint64_t n = random_.below(12); n > 0; --n) s.value += "FLSPnnnppp"[random_.below(10)];
    return s;
  }
  Step take_snapshot() {
    live_snapshots_.push_back(snapshots_++);
    return {.kind = Step::Kind::kSnapshot};
  }
  Step release() {
    if (live_snapshots_.empty()) return take_snapshot();
    const auto place =
        live_snapshots_.begin() + static_cast<ptrdiff_t>(random_.below(live_snapshots_.size()));
    const int taken = *place;
    live_snapshots_.erase(place);
    return {.kind = Step::Kind::kRelease, .snapshot = taken};
  }
  int snapshot() {
    if (live_snapshots_.empty() || random_.below(2) == 0) return -1;
    return live_snapshots_[random_.below(live_snapshots_.size())];
  }
  Step ends_process(Step::Kind kind) {
    live_snapshots_.clear();
    return {.kind = kind};
  }

  Random random_;
  const Vocabulary vocabulary_;
  uint64_t writes_ = 0;
  int snapshots_ = 0;
  std::vector<int> live_snapshots_;
};

// --- telling ---------------------------------------------------------------------------------------

inline std::string to_string(const Step& s) {
  using enum Step::Kind;
  const std::string at = s.snapshot < 0 ? "" : fmt::format(" at snapshot {}", s.snapshot);
  const auto list = [&] {
    std::string text;
    for (const Step& step : s.steps) text += (text.empty() ? "" : ", ") + to_string(step);
    return text;
  };
  switch (s.kind) {
    case kPut:
      return fmt::format("put {} = {} @{}", s.key, s.value, s.version);
    case kPutUntil:
      return fmt::format("put {} = {} @{} for {}.5 h", s.key, s.value, s.version, s.hours);
    case kRemove:
      return fmt::format("remove {} @{}", s.key, s.version);
    case kRemoveRange:
      return fmt::format("remove [{}, {}) @{}", s.key, s.end, s.version);
    case kBatch:
      return fmt::format("batch {{{}}}", list());
    case kGet:
      return fmt::format("get {}{}", s.key, at);
    case kMultiGet:
      return fmt::format("multi_get {{{}}}{}", list(), at);
    case kScan:
      return fmt::format("scan [{}, {}) moves {}{}", s.key, s.end, s.value, at);
    case kSnapshot:
      return "snapshot";
    case kRelease:
      return fmt::format("release {}", s.snapshot);
    case kFlush:
      return "flush";
    case kCompact:
      return "compact";
    case kReopen:
      return "reopen";
    case kKill:
      return "kill";
    case kPowerLoss:
      return "power loss";
    case kAdvance:
      return fmt::format("advance {} h", s.hours);
  }
  return "?";
}

// --- comparing and shrinking -----------------------------------------------------------------------

// The first step whose results differ, in words.
inline std::optional<std::string> first_difference(const std::vector<Step>& history,
                                                   Store& expected, Store& actual) {
  for (size_t i = 0; i < history.size(); ++i) {
    const std::string e = expected.run(history[i]);
    const std::string a = actual.run(history[i]);
    if (e != a) {
      return fmt::format("step {}, {}:\n  expected {}\n  actual   {}", i, to_string(history[i]), e,
                         a);
    }
  }
  return std::nullopt;
}

// Leaves out steps, in ever smaller runs, as long as the history still fails; in the end no single
// step can go. Steps name snapshots by number, so one that takes a snapshot stays while it is named.
inline std::vector<Step> shrink(std::vector<Step> history,
                                const std::function<bool(const std::vector<Step>&)>& fails) {
  const auto without = [&](size_t from, size_t count) {
    std::vector<Step> rest;
    int taken = 0, removed_before = 0;
    std::map<int, int> renamed;  // snapshots that are left
    for (size_t i = 0; i < history.size(); ++i) {
      const bool goes = i >= from && i < from + count;
      Step step = history[i];
      if (step.kind == Step::Kind::kSnapshot) {
        if (!goes) renamed[taken] = taken - removed_before;
        removed_before += goes ? 1 : 0;
        ++taken;
      }
      if (goes) continue;
      if (step.snapshot >= 0) {
        const auto name = renamed.find(step.snapshot);
        if (name == renamed.end()) continue;
        step.snapshot = name->second;
      }
      rest.push_back(std::move(step));
    }
    return rest;
  };
  for (size_t run = history.size() / 2; run >= 1; run /= 2) {
    for (bool again = true; again;) {
      again = false;
      for (size_t from = 0; from < history.size();) {
        std::vector<Step> rest = without(from, run);
        if (rest.size() < history.size() && fails(rest)) {
          history = std::move(rest);
          again = run == 1;
        } else {
          from += run;
        }
      }
    }
  }
  return history;
}

inline std::string to_string(const std::vector<Step>& history) {
  std::string text;
  for (const Step& step : history) text += fmt::format("  {}\n", to_string(step));
  return text;
}

}  // namespace revenant::lsm
