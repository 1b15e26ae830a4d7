#include "sim/check/serial/dependencies.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

namespace revenant::check::serial {

namespace {

class Builder {
 public:
  Builder(const history::History& history, const Versions& all) : history_(history), all_(all) {
    graph_.transactions = graph_.nodes = static_cast<uint32_t>(all.transactions.size());
  }

  Dependencies build() {
    add_reads_by_version();
    for (uint32_t key = 0; key < all_.keys.size(); ++key) {
      if (!all_.keys[key].unclear.empty()) {
        if (graph_.unclear.empty())
          graph_.unclear = fmt::format("{}: {}", history_.key_name(key), all_.keys[key].unclear);
      } else {
        add_key(key);
      }
    }
    add_sessions();
    add_real_time();
    return std::move(graph_);
  }

 private:
  using enum DependencyKind;

  uint32_t writer(uint32_t write) const { return all_.writes[write].transaction; }
  bool happened(uint32_t transaction) const { return all_.transactions[transaction].happened; }

  void add(uint32_t from, uint32_t to, DependencyKind kind, uint32_t key, uint32_t what,
           uint32_t then) {
    if (from == to || !may_be_in_cycle(from) || !may_be_in_cycle(to)) return;
    graph_.edges.push_back({from, to, kind, key, what, then});
  }

  // An aborted transaction that was read is wrong by itself.
  bool may_be_in_cycle(uint32_t node) const {
    return node >= graph_.transactions || happened(node);
  }

  // Dependencies::readers of a version: of a write, or of a key's initial one, which comes after all writes.
  size_t slot(uint32_t key, uint32_t write) const {
    return write == kNobody ? all_.writes.size() + key : write;
  }
  std::span<const uint32_t> readers(size_t slot) const {
    return std::span(graph_.readers)
        .subspan(graph_.readers_begin[slot],
                 graph_.readers_begin[slot + 1] - graph_.readers_begin[slot]);
  }

  void add_reads_by_version() {
    graph_.readers_begin.assign(all_.writes.size() + all_.keys.size() + 1, 0);
    for (const Read& read : all_.reads) ++graph_.readers_begin[slot(read.key, read.write) + 1];
    for (size_t i = 1; i < graph_.readers_begin.size(); ++i)
      graph_.readers_begin[i] += graph_.readers_begin[i - 1];
    graph_.readers.resize(all_.reads.size());
    std::vector<uint32_t> next(graph_.readers_begin.begin(), graph_.readers_begin.end() - 1);
    for (uint32_t r = 0; r < all_.reads.size(); ++r) {
      const Read& read = all_.reads[r];
      graph_.readers[next[slot(read.key, read.write)]++] = r;
      if (read.write != kNobody)
        add(writer(read.write), read.transaction, kWriteRead, read.key, read.write, r);
    }
  }

  void add_key(uint32_t key_id) {
    const KeyVersions& key = all_.keys[key_id];
    uint32_t before = kNobody;
    for (const uint32_t write : key.ordered) {
      if (before != kNobody) add(writer(before), writer(write), kWriteWrite, key_id, before, write);
      for (const uint32_t r : readers(slot(key_id, before)))
        add(all_.reads[r].transaction, writer(write), kReadWrite, key_id, r, write);
      before = write;
    }
    if (key.rest.empty()) return;
    add_rest(key_id, before);
    if (!key.appended_to) add_updates(key_id);
    add_choices(key_id);
  }

  // `before` is earlier than each of the rest, and so is what read it.
  void add_rest(uint32_t key_id, uint32_t before) {
    std::vector<std::pair<uint32_t, uint32_t>> writes, reads;  // transaction, and what
    if (before != kNobody) writes.emplace_back(writer(before), before);
    for (const uint32_t r : readers(slot(key_id, before)))
      reads.emplace_back(all_.reads[r].transaction, r);
    lead_to_all(key_id, kWriteWrite, writes);
    lead_to_all(key_id, kReadWrite, reads);
  }

  // One way through the rest leads on to all after a place, another to all before it: a transaction of the rest
  // enters both beside its own.
  void lead_to_all(uint32_t key_id, DependencyKind kind,
                   const std::vector<std::pair<uint32_t, uint32_t>>& from) {
    const std::vector<uint32_t>& rest = all_.keys[key_id].rest;
    if (from.empty()) return;
    if (rest.size() * from.size() <= 2 * (rest.size() + from.size())) {
      for (const auto& [transaction, what] : from)
        for (const uint32_t write : rest)
          add(transaction, writer(write), kind, key_id, what, write);
      return;
    }
    const auto n = static_cast<uint32_t>(rest.size());
    const uint32_t up = graph_.nodes, down = up + n;
    graph_.nodes += 2 * n;
    std::multimap<uint32_t, uint32_t> place;
    for (uint32_t i = 0; i < n; ++i) {
      place.emplace(writer(rest[i]), i);
      add(up + i, writer(rest[i]), kind, key_id, 0, rest[i]);
      add(down + i, writer(rest[i]), kind, key_id, 0, rest[i]);
      if (i + 1 < n) add(up + i, up + i + 1, kind, key_id, 0, 0);
      if (i > 0) add(down + i, down + i - 1, kind, key_id, 0, 0);
    }
    for (const auto& [transaction, what] : from) {
      const auto [own, own_end] = place.equal_range(transaction);
      if (own == own_end) {
        add(transaction, up, kind, key_id, what, 0);
      } else if (std::next(own) != own_end) {
        for (const uint32_t write : rest)
          add(transaction, writer(write), kind, key_id, what, write);
      } else {
        if (own->second + 1 < n) add(transaction, up + own->second + 1, kind, key_id, what, 0);
        if (own->second > 0) add(transaction, down + own->second - 1, kind, key_id, what, 0);
      }
    }
  }

  // Registers: who read a version and wrote made the next; who else read it comes before that.
  void add_updates(uint32_t key_id) {
    for (const uint32_t write : all_.keys[key_id].rest)
      for (const uint32_t source : sources(key_id, writer(write)))
        for (const uint32_t r : readers(slot(key_id, source)))
          add(all_.reads[r].transaction, writer(write), kReadWrite, key_id, r, write);
  }

  std::vector<uint32_t> sources(uint32_t key_id, uint32_t transaction) const {
    std::vector<uint32_t> sources;
    const auto reads = std::ranges::equal_range(all_.reads, transaction, {}, &Read::transaction);
    for (const Read& read : reads)
      if (read.key == key_id && read.write != kNobody) sources.push_back(read.write);
    return sources;
  }

  void add_choices(uint32_t key_id) {
    const std::vector<uint32_t>& rest = all_.keys[key_id].rest;
    for (size_t a = 0; a < rest.size(); ++a)
      for (size_t b = a + 1; b < rest.size(); ++b) {
        if (writer(rest[a]) == writer(rest[b])) continue;
        if (graph_.choices.size() == kChoicesMax) return;  // who needs them counts them
        graph_.choices.push_back({key_id, rest[a], rest[b]});
      }
  }

  // What follows an operation of unknown outcome need not come after it.
  void add_sessions() {
    std::vector<std::tuple<uint32_t, int64_t, uint32_t>> order;
    for (uint32_t t = 0; t < graph_.transactions; ++t) {
      const auto& op = history_.operations()[all_.transactions[t].operation];
      if (happened(t)) order.emplace_back(op.session, op.invoked, t);
    }
    std::ranges::sort(order);
    uint32_t before = kNobody, session = 0;
    for (const auto& [of, invoked, t] : order) {
      if (before != kNobody && session == of) add(before, t, kSession, 0, 0, 0);
      if (session != of) before = kNobody;
      session = of;
      if (all_.transactions[t].succeeded) before = t;
    }
  }

  void add_real_time() {
    std::vector<std::pair<int64_t, uint32_t>> ends;
    for (uint32_t t = 0; t < graph_.transactions; ++t) {
      const auto& op = history_.operations()[all_.transactions[t].operation];
      if (all_.transactions[t].succeeded && op.completed != history::kNever)
        ends.emplace_back(op.completed, t);
    }
    std::ranges::sort(ends);
    const uint32_t chain = graph_.nodes;
    graph_.nodes += static_cast<uint32_t>(ends.size());
    for (uint32_t i = 0; i < ends.size(); ++i) {
      add(ends[i].second, chain + i, kRealTime, 0, 0, 0);
      if (i > 0) add(chain + i - 1, chain + i, kRealTime, 0, 0, 0);
    }
    for (uint32_t t = 0; t < graph_.transactions; ++t) {
      if (!happened(t)) continue;
      const auto& op = history_.operations()[all_.transactions[t].operation];
      const auto place = std::ranges::lower_bound(ends, std::pair(op.invoked, uint32_t{0}));
      if (place != ends.begin())
        add(chain + static_cast<uint32_t>(place - ends.begin()) - 1, t, kRealTime, 0, 0, 0);
    }
  }

  const history::History& history_;
  const Versions& all_;
  Dependencies graph_;
};

}  // namespace

Dependencies make_dependencies(const history::History& history, const Versions& versions) {
  return Builder(history, versions).build();
}

}  // namespace revenant::check::serial
