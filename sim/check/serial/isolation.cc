#include "sim/check/serial/isolation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/check/serial/choices.h"
#include "sim/check/serial/cycles.h"

namespace revenant::check::serial {

using history::Kind;

namespace {

constexpr Kinds kWrites = bit(DependencyKind::kWriteWrite);
constexpr Kinds kReads = kWrites | bit(DependencyKind::kWriteRead);
constexpr Kinds kAll = kReads | bit(DependencyKind::kReadWrite);

enum class Family { kCommitted, kAtomic, kCausal, kSnapshot, kSerializable };

struct Definition {
  Family family;
  Kinds order = 0;  // session or real time
};

Definition definition_of(Isolation isolation) {
  switch (isolation) {
    case Isolation::kReadCommitted:
      return {Family::kCommitted};
    case Isolation::kReadAtomic:
      return {Family::kAtomic};
    case Isolation::kCausal:
      return {Family::kCausal, bit(DependencyKind::kSession)};
    case Isolation::kSnapshot:
      return {Family::kSnapshot};
    case Isolation::kSessionSnapshot:
      return {Family::kSnapshot, bit(DependencyKind::kSession)};
    case Isolation::kStrongSnapshot:
      return {Family::kSnapshot, bit(DependencyKind::kRealTime)};
    case Isolation::kSerializable:
      return {Family::kSerializable};
    case Isolation::kSessionSerializable:
      return {Family::kSerializable, bit(DependencyKind::kSession)};
    case Isolation::kStrictSerializable:
      return {Family::kSerializable, bit(DependencyKind::kRealTime)};
  }
  return {Family::kSerializable};
}

class Checker {
 public:
  Checker(const history::History& history, const IsolationLimits& limits)
      : history_(history),
        limits_(limits),
        all_(recover_versions(history)),
        graph_(make_dependencies(history, all_)) {
    place_.assign(all_.writes.size(), kNobody);
    for (const KeyVersions& key : all_.keys)
      for (uint32_t i = 0; i < key.ordered.size(); ++i) place_[key.ordered[i]] = i;
  }

  IsolationVerdict check(Isolation isolation) {
    IsolationVerdict verdict = {.isolation = isolation};
    const Definition definition = definition_of(isolation);
    limit_.clear();
    shown_.clear();
    shown_by_.clear();
    for (const Finding& finding : all_.findings)
      if (finding.anomaly != Anomaly::kInternal || definition.family != Family::kCommitted)
        verdict.findings.push_back(finding);
    if (definition.family == Family::kAtomic) find_fractured_read(verdict.findings);
    const bool decided =
        definition.family != Family::kCausal || find_unseen(definition, verdict.findings);
    if (definition.family >= Family::kSnapshot) find_lost_update(verdict.findings);
    const bool ordered = verdict.findings.empty() && decide_by_order(definition, verdict);
    const bool told = !verdict.findings.empty() && is_untold(verdict.findings.back()) &&
                      tell_by_what_was_seen(definition, verdict.findings);
    if (!ordered && !told) find_cycle(definition, verdict.findings);
    std::ranges::stable_sort(verdict.findings, {}, &Finding::anomaly);
    if (!verdict.findings.empty()) {
      verdict.outcome = IsolationVerdict::Outcome::kViolated;
    } else if (all_.observations == 0) {
      verdict.outcome = IsolationVerdict::Outcome::kVacuous;
    } else if (!decided || !ordered || !graph_.unclear.empty()) {
      verdict.outcome = IsolationVerdict::Outcome::kUndecided;
      verdict.limit = graph_.unclear.empty() ? limit_ : graph_.unclear;
    } else {
      verdict.outcome = IsolationVerdict::Outcome::kHolds;
    }
    if (verdict.outcome != IsolationVerdict::Outcome::kHolds) {
      verdict.order.clear();
      verdict.events.clear();
    }
    return verdict;
  }

 private:
  uint32_t operation(uint32_t transaction) const {
    return all_.transactions[transaction].operation;
  }
  uint32_t line(uint32_t operation) const { return history_.operations()[operation].line; }

  static bool is_untold(const Finding& finding) {
    return finding.cycle.empty() && finding.operations.empty();
  }

  // What is stronger than causal consistency may go against that already.
  bool tell_by_what_was_seen(const Definition& definition, std::vector<Finding>& findings) {
    if (definition.order != bit(DependencyKind::kSession)) return false;
    std::vector<Finding> told;
    find_unseen(definition, told);
    if (told.empty()) find_cycle(definition, told);
    if (!told.empty()) findings = std::move(told);
    return !findings.front().cycle.empty();
  }

  // Whether there is an order, and so no cycle; or none for a reason that no single cycle tells.
  bool decide_by_order(const Definition& definition, IsolationVerdict& verdict) {
    if (definition.family <= Family::kCausal) {
      Arcs arcs = serial_arcs(kReads | definition.order);
      for (const Edge& edge : shown_) arcs.push_back(serial_arc(edge));
      const auto order = order_of(graph_.nodes, arcs);
      if (!order) limit_ = "edges";
      return order.has_value();
    }
    const Kinds kinds = kAll | definition.order;
    // What is in a serial order is in snapshots too, and less is to be chosen: that is tried first, but not for long.
    const uint64_t limit =
        definition.family == Family::kSerializable ? limits_.edges : limits_.edges / 100;
    const ChoiceResult serial = order_with_choices(
        graph_.nodes, serial_arcs(kinds), ArcChoices(*this, &Checker::serial_arc, Needed::kIfRead),
        moments(graph_.nodes), limit);
    if (serial.order && !too_many_choices(Needed::kIfRead)) {
      for (const uint32_t node : *serial.order) {
        if (node >= graph_.transactions || !all_.transactions[node].happened) continue;
        if (definition.family == Family::kSerializable) {
          verdict.order.push_back(operation(node));
        } else {
          verdict.events.push_back({operation(node), false});
          verdict.events.push_back({operation(node), true});
        }
      }
      return true;
    }
    if (definition.family == Family::kSerializable) {
      conclude(serial, serial_arcs(kinds), graph_.nodes, Anomaly::kG2Item, verdict);
      return false;
    }
    Arcs arcs;
    for (uint32_t t = 0; t < graph_.transactions; ++t) arcs.emplace_back(t, graph_.nodes + t);
    for (const Edge& edge : graph_.edges)
      if ((kinds & bit(edge.kind)) != 0) arcs.push_back(snapshot_arc(edge));
    const uint32_t nodes = graph_.nodes + graph_.transactions;
    const ChoiceResult snapshot =
        order_with_choices(nodes, arcs, ArcChoices(*this, &Checker::snapshot_arc, Needed::kAlways),
                           moments(nodes), limits_.edges);
    if (!snapshot.order || too_many_choices(Needed::kAlways)) {
      conclude(snapshot, arcs, nodes, Anomaly::kGNonadjacent, verdict);
      return false;
    }
    for (const uint32_t node : *snapshot.order) {
      const bool is_commit = node >= graph_.nodes;
      const uint32_t t = is_commit ? node - graph_.nodes : node;
      if (t < graph_.transactions && all_.transactions[t].happened)
        verdict.events.push_back({operation(t), is_commit});
    }
    return true;
  }

  // There is no order. If no cycle is why, it is that each order of some versions leads to one.
  void conclude(const ChoiceResult& result, const Arcs& arcs, uint32_t nodes, Anomaly anomaly,
                IsolationVerdict& verdict) {
    limit_ = "edges";
    if (result.exhausted) return;
    if (graph_.choices.size() == kChoicesMax && result.order) {
      limit_ = "versions of unknown order";
      return;
    }
    if (!order_of(nodes, arcs)) return;  // find_cycle() tells
    verdict.findings.push_back(
        {anomaly, {}, {}, "Each order of the versions that nobody read leads to a cycle."});
  }

  enum class Needed { kAlways, kIfRead };

  bool is_read(uint32_t write) const {
    return graph_.readers_begin[write] < graph_.readers_begin[write + 1];
  }
  bool is_needed(const Choice& choice, Needed needed) const {
    return needed == Needed::kAlways || is_read(choice.first) || is_read(choice.second);
  }
  bool too_many_choices(Needed needed) const {
    return graph_.choices.size() == kChoicesMax &&
           std::ranges::any_of(graph_.choices,
                               [&](const Choice& choice) { return is_needed(choice, needed); });
  }

  class ArcChoices : public Choices {
   public:
    ArcChoices(const Checker& checker, Arc (Checker::*arc)(const Edge&) const, Needed needed)
        : checker_(checker), arc_(arc) {
      for (const Choice& choice : checker.graph_.choices)
        if (checker.is_needed(choice, needed)) choices_.push_back(choice);
    }
    uint32_t size() const override { return static_cast<uint32_t>(choices_.size()); }
    void side(uint32_t at, Side side, Arcs& arcs) const override {
      const Choice& choice = choices_[at];
      const bool is_first = side == Side::kFirst;
      each_edge_in_order(checker_.graph_, checker_.all_, choice.key,
                         is_first ? choice.first : choice.second,
                         is_first ? choice.second : choice.first,
                         [&](const Edge& edge) { arcs.push_back((checker_.*arc_)(edge)); });
    }

   private:
    const Checker& checker_;
    Arc (Checker::*arc_)(const Edge&) const;
    std::vector<Choice> choices_;
  };

  // When a transaction's start and its commit were, as far as its source knows. What is in between comes after what
  // leads to it.
  std::vector<int64_t> moments(uint32_t nodes) const {
    std::vector<int64_t> moments(nodes, 0);
    for (uint32_t t = 0; t < graph_.transactions; ++t) {
      const auto& op = history_.operations()[operation(t)];
      moments[t] = op.invoked;
      if (graph_.nodes + t < nodes)
        moments[graph_.nodes + t] = op.completed == history::kNever ? op.invoked : op.completed;
    }
    return moments;
  }

  Arcs serial_arcs(Kinds kinds) const {
    Arcs arcs;
    arcs.reserve(graph_.edges.size());
    for (const Edge& edge : graph_.edges)
      if ((kinds & bit(edge.kind)) != 0) arcs.push_back(serial_arc(edge));
    return arcs;
  }
  Arc serial_arc(const Edge& edge) const { return {edge.from, edge.to}; }

  // A transaction's own node is its start, and nodes() after it its commit. Who depends starts after the commit; who
  // overwrites what was read commits after the start.
  Arc snapshot_arc(const Edge& edge) const {
    const bool is_read_write = edge.kind == DependencyKind::kReadWrite;
    const auto end_of = [&](uint32_t node, bool is_commit) {
      return node < graph_.transactions && is_commit ? graph_.nodes + node : node;
    };
    return {end_of(edge.from, !is_read_write), end_of(edge.to, is_read_write)};
  }

  void find_cycle(const Definition& definition, std::vector<Finding>& findings) {
    struct Sought {
      Anomaly anomaly;
      Kinds kinds;
      Cycle cycle;
    };
    std::vector<Sought> all;
    for (const Kinds order : {Kinds{0}, definition.order}) {
      all.push_back({Anomaly::kG0, kWrites | order, Cycle::kAny});
      all.push_back({Anomaly::kG1c, kReads | order, Cycle::kAny});
      if (definition.family >= Family::kSnapshot) {
        all.push_back({Anomaly::kGSingle, kAll | order, Cycle::kSingle});
        all.push_back({Anomaly::kGNonadjacent, kAll | order, Cycle::kNonadjacent});
      }
      if (definition.family == Family::kSerializable)
        all.push_back({Anomaly::kG2Item, kAll | order, Cycle::kAny});
      if (definition.order == 0) break;
    }
    std::ranges::stable_sort(all, {}, &Sought::anomaly);
    Dependencies with_shown;
    if (!shown_.empty()) {
      with_shown = graph_;
      with_shown.edges.insert(with_shown.edges.end(), shown_.begin(), shown_.end());
    }
    Cycles cycles(shown_.empty() ? graph_ : with_shown);
    for (const Sought& sought : all) {
      const CycleResult found = cycles.shortest(sought.kinds, sought.cycle, limits_.edges);
      if (found.edges.empty()) continue;
      findings.push_back(told(sought.anomaly, dependencies(found.edges)));
      return;
    }
  }

  // Ways through nodes in between become one edge.
  std::vector<Dependency> dependencies(std::vector<Edge> edges) const {
    const auto first = std::ranges::find_if(
        edges, [&](const Edge& edge) { return edge.from < graph_.transactions; });
    std::ranges::rotate(edges, first);
    std::vector<Dependency> cycle;
    Edge begun = {};
    for (const Edge& edge : edges) {
      if (edge.from < graph_.transactions) begun = edge;
      if (edge.to >= graph_.transactions) continue;
      begun.to = edge.to;
      begun.then = edge.then;
      cycle.push_back(dependency(begun));
    }
    return cycle;
  }

  Dependency dependency(const Edge& edge) const {
    Dependency d = {edge.kind, operation(edge.from), operation(edge.to), edge.key};
    if (edge.kind == DependencyKind::kWriteWrite || edge.kind == DependencyKind::kWriteRead)
      d.wrote = all_.writes[edge.what].value;
    if (edge.kind == DependencyKind::kReadWrite) d.wrote = all_.reads[edge.what].value;
    if (edge.kind == DependencyKind::kWriteWrite || edge.kind == DependencyKind::kReadWrite)
      d.then = all_.writes[edge.then].value;
    if (edge.kind == DependencyKind::kWriteRead) d.then = all_.reads[edge.then].value;
    if (edge.kind == DependencyKind::kWriteWrite) {
      const auto shown = shown_by_.find({edge.what, edge.then});
      if (shown != shown_by_.end())
        d.seen_by = operation(shown->second);
      else if (all_.keys[edge.key].seen_by != kNobody)
        d.seen_by = operation(all_.keys[edge.key].seen_by);
    }
    return d;
  }

  std::string tell(const Dependency& d) const {
    const auto key = [&] { return history_.key_name(d.key); };
    const auto wrote = [&] { return history_.print(d.wrote); };
    const auto then = [&] { return history_.print(d.then); };
    const uint32_t from = line(d.from), to = line(d.to);
    switch (d.kind) {
      case DependencyKind::kWriteWrite:
        return fmt::format(
            "#{} wrote {} to {}, after which #{} wrote {}{}", from, wrote(), key(), to, then(),
            d.seen_by == kNobody ? "" : fmt::format(", as #{} saw", line(d.seen_by)));
      case DependencyKind::kWriteRead:
        return fmt::format("#{} wrote {} to {}, and #{} read {}", from, wrote(), key(), to, then());
      case DependencyKind::kReadWrite:
        return fmt::format("#{} read {} of {}, without {}, which #{} wrote", from, wrote(), key(),
                           then(), to);
      case DependencyKind::kSession:
        return fmt::format("session {} did #{} before #{}", history_.operations()[d.from].session,
                           from, to);
      case DependencyKind::kRealTime:
        return fmt::format("#{} had ended when #{} began", from, to);
    }
    return "";
  }

  Finding told(Anomaly anomaly, std::vector<Dependency> cycle) const {
    Finding finding = {anomaly, {}, std::move(cycle), {}};
    for (const Dependency& d : finding.cycle) {
      finding.operations.push_back(d.from);
      if (d.kind == DependencyKind::kWriteWrite && d.seen_by != kNobody &&
          !all_.keys[d.key].appended_to)
        finding.operations.push_back(d.seen_by);
      finding.story +=
          fmt::format("{}: so #{} comes before #{}. ", tell(d), line(d.from), line(d.to));
    }
    std::ranges::sort(finding.operations);
    const auto twice = std::ranges::unique(finding.operations);
    finding.operations.erase(twice.begin(), twice.end());
    finding.story += "That is a circle.";
    return finding;
  }

  // The place of a write among the versions of its key, from 1; nothing if it is not known.
  std::optional<uint64_t> place(uint32_t key, uint32_t write) const {
    if (write == kNobody) return 0;
    if (place_[write] != kNobody) return place_[write] + 1;
    return all_.keys[key].appended_to ? std::optional(~uint64_t{0}) : std::nullopt;
  }

  // The last write of a transaction to a key.
  uint32_t write_of(uint32_t transaction, uint32_t key_id) const {
    const Transaction& t = all_.transactions[transaction];
    const KeyVersions& key = all_.keys[key_id];
    for (uint32_t s = t.steps_end; s-- > t.steps_begin;) {
      if (all_.steps[s].kind == Kind::kGet || all_.steps[s].key != key_id) continue;
      const uint64_t id = key.has_versions ? all_.steps[s].version : all_.steps[s].value.bits();
      const auto begin = all_.writes.begin() + key.writes_begin;
      const auto end = all_.writes.begin() + key.writes_end;
      const auto found = std::ranges::lower_bound(begin, end, id, {}, &Write::id);
      if (found == end || found->id != id) return kNobody;  // aborted, without a version
      return static_cast<uint32_t>(found - all_.writes.begin());
    }
    return kNobody;
  }

  // Of versions without an order, what reads show of it.
  void find_fractured_read(std::vector<Finding>& findings) {
    for (uint32_t begin = 0, end = 0; begin < all_.reads.size(); begin = end) {
      while (end < all_.reads.size() &&
             all_.reads[end].transaction == all_.reads[begin].transaction)
        ++end;
      for (uint32_t r = begin; r < end; ++r) {
        const Read& read = all_.reads[r];
        if (read.write == kNobody) continue;
        const uint32_t other = all_.writes[read.write].transaction;
        if (other == read.transaction || !all_.transactions[other].happened) continue;
        for (uint32_t q = begin; q < end; ++q) {
          const Read& older = all_.reads[q];
          if (older.key == read.key) continue;
          const uint32_t missed = write_of(other, older.key);
          if (missed == kNobody) continue;
          const auto at = place(older.key, older.write), newer = place(older.key, missed);
          if (older.write != kNobody && (!at || !newer)) {
            show(older.key, missed, q);
            continue;
          }
          if (newer && *at >= *newer) continue;
          findings.push_back(told(Anomaly::kFracturedRead,
                                  {dependency({other, read.transaction, DependencyKind::kWriteRead,
                                               read.key, read.write, r}),
                                   dependency({read.transaction, other, DependencyKind::kReadWrite,
                                               older.key, q, missed})}));
          return;
        }
      }
    }
  }

  // Who made the read had seen that write: so the version that it read is later.
  void show(uint32_t key, uint32_t earlier, uint32_t read) {
    const uint32_t later = all_.reads[read].write;
    const uint32_t from = all_.writes[earlier].transaction, to = all_.writes[later].transaction;
    if (from == to || !shown_by_.try_emplace({earlier, later}, all_.reads[read].transaction).second)
      return;
    shown_.push_back({from, to, DependencyKind::kWriteWrite, key, earlier, later});
  }

  // A chain is a session; of those of unknown outcome, which need not come before the next, each is one.
  struct Chains {
    uint32_t count = 0;
    std::vector<uint32_t> chain, place;  // by transaction
    std::vector<uint32_t> seen;          // by transaction and chain: how many of it come before
  };

  // By session order and by reading. Nothing if that is a cycle, or more than fits.
  std::optional<Chains> chains_seen() {
    Chains chains;
    chains.chain.resize(graph_.transactions);
    chains.place.resize(graph_.transactions);
    std::vector<std::tuple<uint32_t, int64_t, uint32_t>> by_session;
    for (uint32_t t = 0; t < graph_.transactions; ++t) {
      const auto& op = history_.operations()[operation(t)];
      if (all_.transactions[t].succeeded) by_session.emplace_back(op.session, op.invoked, t);
    }
    std::ranges::sort(by_session);
    for (size_t i = 0; i < by_session.size(); ++i) {
      const auto [session, invoked, t] = by_session[i];
      const bool is_next = i > 0 && std::get<0>(by_session[i - 1]) == session;
      if (!is_next) ++chains.count;
      chains.chain[t] = chains.count - 1;
      chains.place[t] = is_next ? chains.place[std::get<2>(by_session[i - 1])] + 1 : 0;
    }
    for (uint32_t t = 0; t < graph_.transactions; ++t)
      if (!all_.transactions[t].succeeded) chains.chain[t] = chains.count++;
    const Kinds kinds = bit(DependencyKind::kWriteRead) | bit(DependencyKind::kSession);
    const uint64_t size = uint64_t{graph_.transactions} * chains.count;
    const auto order = order_of(graph_.nodes, serial_arcs(kinds));
    if (size > limits_.edges) limit_ = "transactions times sessions";
    if (!order || size > limits_.edges) return std::nullopt;
    chains.seen.assign(size, 0);
    std::vector<std::vector<uint32_t>> next(graph_.transactions);
    for (const Edge& edge : graph_.edges)
      if ((kinds & bit(edge.kind)) != 0) next[edge.from].push_back(edge.to);
    for (const uint32_t from : *order) {
      if (from >= graph_.transactions) continue;
      const auto* const seen = chains.seen.data() + uint64_t{from} * chains.count;
      for (const uint32_t to : next[from]) {
        auto* const also = chains.seen.data() + uint64_t{to} * chains.count;
        for (uint32_t c = 0; c < chains.count; ++c) also[c] = std::max(also[c], seen[c]);
        also[chains.chain[from]] = std::max(also[chains.chain[from]], chains.place[from] + 1);
      }
    }
    return chains;
  }

  // What reads show of the order of versions, and the first that misses, and reads what was there first, a write that it
  // had seen. False: it is not known what was seen.
  bool find_unseen(const Definition& definition, std::vector<Finding>& findings) {
    const auto chains = chains_seen();
    if (!chains) return false;
    std::map<std::pair<uint32_t, uint32_t>, std::vector<std::pair<uint32_t, uint32_t>>> writes;
    for (uint32_t w = 0; w < all_.writes.size(); ++w) {
      const Write& write = all_.writes[w];
      if (write.is_last && all_.transactions[write.transaction].happened)
        writes[{write.key, chains->chain[write.transaction]}].emplace_back(
            chains->place[write.transaction], w);
    }
    for (auto& [where, places] : writes) std::ranges::sort(places);
    for (uint32_t r = 0; r < all_.reads.size(); ++r) {
      const Read& read = all_.reads[r];
      for (auto it = writes.lower_bound({read.key, 0});
           it != writes.end() && it->first.first == read.key; ++it) {
        const uint32_t seen =
            chains->seen[uint64_t{read.transaction} * chains->count + it->first.second];
        const auto after = std::ranges::lower_bound(it->second, std::pair(seen, uint32_t{0}));
        if (after == it->second.begin()) continue;
        const uint32_t write = std::prev(after)->second;
        if (read.write != kNobody) {
          show(read.key, write, r);
          continue;
        }
        std::vector<Edge> edges = way(definition, all_.writes[write].transaction, read.transaction);
        edges.push_back({read.transaction, all_.writes[write].transaction,
                         DependencyKind::kReadWrite, read.key, r, write});
        findings.push_back(told(Anomaly::kGSingle, dependencies(std::move(edges))));
        return true;
      }
    }
    return true;
  }

  // The shortest by session order and reading.
  std::vector<Edge> way(const Definition& definition, uint32_t from, uint32_t to) const {
    std::multimap<uint32_t, const Edge*> next;
    for (const Edge& edge : graph_.edges)
      if (((definition.order | bit(DependencyKind::kWriteRead)) & bit(edge.kind)) != 0)
        next.emplace(edge.from, &edge);
    std::map<uint32_t, const Edge*> reached_by = {{from, nullptr}};
    std::vector<uint32_t> nodes = {from};
    for (size_t i = 0; i < nodes.size() && !reached_by.contains(to); ++i)
      for (auto [it, end] = next.equal_range(nodes[i]); it != end; ++it)
        if (reached_by.try_emplace(it->second->to, it->second).second)
          nodes.push_back(it->second->to);
    std::vector<Edge> way;
    for (uint32_t node = to; node != from; node = way.back().from)
      way.push_back(*reached_by.at(node));
    std::ranges::reverse(way);
    return way;
  }

  // Two read the same version and replaced it.
  void find_lost_update(std::vector<Finding>& findings) const {
    std::vector<std::tuple<uint32_t, uint32_t, uint32_t>> updates;  // key, version, read
    for (uint32_t r = 0; r < all_.reads.size(); ++r) {
      const Read& read = all_.reads[r];
      const uint32_t written = write_of(read.transaction, read.key);
      if (written == kNobody) continue;
      const auto at = place(read.key, read.write), next = place(read.key, written);
      if (!at || !next || *at < *next) updates.emplace_back(read.key, read.write, r);
    }
    std::ranges::sort(updates);
    for (size_t i = 1; i < updates.size(); ++i) {
      const auto [key, version, first] = updates[i - 1];
      const auto [other_key, other_version, second] = updates[i];
      const uint32_t a = all_.reads[first].transaction, b = all_.reads[second].transaction;
      if (key != other_key || version != other_version || a == b) continue;
      using enum DependencyKind;
      findings.push_back(told(Anomaly::kLostUpdate,
                              {dependency({a, b, kReadWrite, key, first, write_of(b, key)}),
                               dependency({b, a, kReadWrite, key, second, write_of(a, key)})}));
      return;
    }
  }

  const history::History& history_;
  IsolationLimits limits_;
  Versions all_;
  Dependencies graph_;
  std::vector<uint32_t> place_;  // by write: in KeyVersions::ordered
  std::vector<Edge> shown_;      // of the property in hand: orders of versions
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> shown_by_;  // two writes: by which transaction
  std::string limit_;
};

}  // namespace

std::string_view to_string(Isolation isolation) {
  switch (isolation) {
    case Isolation::kReadCommitted:
      return "read_committed";
    case Isolation::kReadAtomic:
      return "read_atomic";
    case Isolation::kCausal:
      return "causal";
    case Isolation::kSnapshot:
      return "snapshot_isolation";
    case Isolation::kSessionSnapshot:
      return "session_snapshot_isolation";
    case Isolation::kStrongSnapshot:
      return "strong_snapshot_isolation";
    case Isolation::kSerializable:
      return "serializable";
    case Isolation::kSessionSerializable:
      return "session_serializable";
    case Isolation::kStrictSerializable:
      return "strict_serializable";
  }
  return "";
}

std::string name(const Finding& finding) {
  std::string name(to_string(finding.anomaly));
  const auto has = [&](DependencyKind kind) {
    return std::ranges::any_of(finding.cycle, [&](const Dependency& d) { return d.kind == kind; });
  };
  if (has(DependencyKind::kRealTime)) return name + "-realtime";
  if (has(DependencyKind::kSession)) return name + "-process";
  return name;
}

std::vector<IsolationVerdict> check_isolation(const history::History& history,
                                              std::span<const Isolation> isolations,
                                              const IsolationLimits& limits) {
  Checker checker(history, limits);
  std::vector<IsolationVerdict> verdicts;
  for (const Isolation isolation : isolations) verdicts.push_back(checker.check(isolation));
  return verdicts;
}

}  // namespace revenant::check::serial
