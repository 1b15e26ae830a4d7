#include "sim/check/serial/versions.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <tuple>

namespace revenant::check::serial {

using history::Kind;
using history::Outcome;
using history::Step;
using history::Value;

namespace {

class Recovery {
 public:
  explicit Recovery(const history::History& history) : history_(history) {
    all_.keys.resize(history.key_count());
  }

  Versions recover() {
    take_transactions();
    take_writes();
    take_reads();
    for (uint32_t key = 0; key < all_.keys.size(); ++key)
      if (all_.keys[key].appended_to) order_lists(key);
    attribute_reads();
    for (uint32_t key = 0; key < all_.keys.size(); ++key) {
      if (all_.keys[key].unclear.empty()) order_rest(key);
    }
    std::erase_if(all_.reads, [&](const Read& read) {
      return read.write == kDropped || !all_.keys[read.key].unclear.empty();
    });
    return std::move(all_);
  }

 private:
  static constexpr uint32_t kDropped = kNobody - 1;  // a read that says nothing of versions
  struct List {
    uint32_t key, transaction;
    Value value;
  };
  struct Local {  // of the transaction in hand, of a key
    uint32_t epoch = 0;
    bool known = false;  // what it reads next
    bool wrote = false;
    std::optional<Value> read = {};  // register: before it wrote
    Value base;                      // list: what others had appended; register: what it reads
    size_t base_items = 0;
    std::vector<Value> own;  // appended
  };

  uint32_t line(uint32_t transaction) const {
    return history_.operations()[all_.transactions[transaction].operation].line;
  }
  std::string name(uint32_t key) const { return std::string(history_.key_name(key)); }
  std::span<const Value> items(Value list) const {
    return history_.is_list(list) ? history_.items(list) : std::span<const Value>();
  }

  void find(Anomaly anomaly, std::vector<uint32_t> transactions, std::string story) {
    for (uint32_t& t : transactions) t = all_.transactions[t].operation;
    all_.findings.push_back({anomaly, std::move(transactions), {}, std::move(story)});
  }

  void take_transactions() {
    for (uint32_t i = 0; i < history_.operations().size(); ++i) {
      const auto& op = history_.operations()[i];
      const auto begin = static_cast<uint32_t>(all_.steps.size());
      if (op.kind == Kind::kTransaction) {
        std::ranges::copy_if(history_.steps(op), std::back_inserter(all_.steps),
                             [&](const Step& step) { return !history_.is_added_to(step.key); });
      } else if (op.kind != Kind::kScan && history_.is_added_to(op.key)) {
        continue;
      } else if (op.kind == Kind::kCompareAndSet) {
        all_.keys[op.key].unclear = "compare-and-set";
        continue;
      } else if (op.kind != Kind::kScan) {
        all_.steps.push_back(
            {op.kind, op.key, op.kind == Kind::kGet ? op.result : op.argument, op.version});
      } else {
        continue;
      }
      const bool ok = op.outcome == Outcome::kOk;
      all_.transactions.push_back({i, begin, static_cast<uint32_t>(all_.steps.size()), ok, ok});
    }
  }

  void take_writes() {
    std::vector<bool> put(all_.keys.size()), unversioned(all_.keys.size()),
        listed(all_.keys.size());
    for (const Transaction& t : all_.transactions)
      for (uint32_t s = t.steps_begin; s < t.steps_end; ++s) {
        const Step& step = all_.steps[s];
        if (step.kind == Kind::kGet) {
          if (t.succeeded && history_.is_list(step.value)) listed[step.key] = true;
          if (t.succeeded && step.version == 0 && step.value != history_.initial())
            unversioned[step.key] = true;
          continue;
        }
        if (step.kind == Kind::kAppend) all_.keys[step.key].appended_to = true;
        if (step.kind != Kind::kAppend) put[step.key] = true;
        const auto outcome = history_.operations()[t.operation].outcome;
        if (step.version == 0 && outcome != Outcome::kFail) unversioned[step.key] = true;
      }
    for (uint32_t key = 0; key < all_.keys.size(); ++key)
      if (listed[key] && !put[key]) all_.keys[key].appended_to = true;
    for (uint32_t t = 0; t < all_.transactions.size(); ++t)
      for (uint32_t s = all_.transactions[t].steps_begin; s < all_.transactions[t].steps_end; ++s) {
        const Step& step = all_.steps[s];
        KeyVersions& key = all_.keys[step.key];
        if (step.kind == Kind::kGet) continue;
        key.has_versions = !key.appended_to && !unversioned[step.key];
        if (key.has_versions && step.version == 0) continue;  // aborted
        all_.writes.push_back(
            {key.has_versions ? step.version : step.value.bits(), step.value, step.key, t, s});
      }
    std::ranges::sort(all_.writes, {},
                      [](const Write& w) { return std::tuple(w.key, w.id, w.step); });
    std::vector<uint32_t> last(all_.steps.size(), 0);
    for (uint32_t w = 0; w < all_.writes.size(); ++w) {
      Write& write = all_.writes[w];
      KeyVersions& key = all_.keys[write.key];
      if (key.writes_end == 0) key.writes_begin = w;
      key.writes_end = w + 1;
      if (key.appended_to && put[write.key]) key.unclear = "appends and other writes";
      if (w > 0 && all_.writes[w - 1].key == write.key && all_.writes[w - 1].id == write.id)
        key.unclear = fmt::format("{} was written twice", history_.print(write.value));
      if (!key.appended_to && !key.has_versions && write.value == history_.initial())
        key.unclear = "the initial value was written";
      for (uint32_t s = write.step + 1; s < all_.transactions[write.transaction].steps_end; ++s)
        write.is_last &= all_.steps[s].kind == Kind::kGet || all_.steps[s].key != write.key;
    }
  }

  uint32_t write_of(uint32_t key, uint64_t id) const {
    const KeyVersions& versions = all_.keys[key];
    const auto begin = all_.writes.begin() + versions.writes_begin;
    const auto end = all_.writes.begin() + versions.writes_end;
    const auto found = std::ranges::lower_bound(begin, end, id, {}, &Write::id);
    return found != end && found->id == id ? static_cast<uint32_t>(found - all_.writes.begin())
                                           : kNobody;
  }

  void take_reads() {
    std::vector<Local> locals(all_.keys.size());
    for (uint32_t t = 0; t < all_.transactions.size(); ++t) {
      const Transaction& transaction = all_.transactions[t];
      if (!transaction.succeeded) continue;
      for (uint32_t s = transaction.steps_begin; s < transaction.steps_end; ++s) {
        const Step& step = all_.steps[s];
        Local& local = locals[step.key];
        if (local.epoch != t + 1) {
          local.own.clear();
          local.epoch = t + 1;
          local.known = local.wrote = false;
          local.read.reset();
        }
        if (step.kind == Kind::kGet) ++all_.observations;
        if (!all_.keys[step.key].unclear.empty()) continue;
        if (all_.keys[step.key].appended_to) {
          take_list_step(t, step, local);
        } else {
          take_register_step(t, step, local);
        }
      }
    }
  }

  void odd(uint32_t t, const Step& step) {
    find(Anomaly::kInternal, {t},
         fmt::format("#{} read {} of {}, which is not what it had read or written before.", line(t),
                     history_.print(step.value), name(step.key)));
  }

  void future(uint32_t t, const Step& step, Value read) {
    find(Anomaly::kFutureRead, {t},
         fmt::format("#{} read {} of {} before it wrote {} itself.", line(t), history_.print(read),
                     name(step.key), history_.print(step.value)));
  }

  void take_list_step(uint32_t t, const Step& step, Local& local) {
    if (step.kind == Kind::kAppend) {
      const auto read = items(local.known ? local.base : Value());
      if (std::ranges::find(read, step.value) != read.end()) future(t, step, local.base);
      local.own.push_back(step.value);
      return;
    }
    if (!history_.is_list(step.value) && !step.value.is_absent()) {
      find(Anomaly::kGarbageRead, {t},
           fmt::format("#{} read {} of {}, which is no list.", line(t), history_.print(step.value),
                       name(step.key)));
      return;
    }
    const auto list = items(step.value);
    lists_.push_back({step.key, t, step.value});
    size_t own = 0;  // at its end
    while (own < local.own.size() && own < list.size() &&
           list[list.size() - 1 - own] == local.own[local.own.size() - 1 - own])
      ++own;
    const size_t base_items = list.size() - own;
    const bool right = own == local.own.size() &&
                       (!local.known || (base_items == local.base_items &&
                                         std::ranges::equal(list.first(base_items),
                                                            items(local.base).first(base_items))));
    if (!right) odd(t, step);
    if (!local.known || !right)
      all_.reads.push_back({step.key, t, static_cast<uint32_t>(base_items), step.value});
    local.known = true;
    local.base = step.value;
    local.base_items = base_items;
  }

  void take_register_step(uint32_t t, const Step& step, Local& local) {
    const Value held = all_.keys[step.key].has_versions
                           ? Value::number(static_cast<int64_t>(step.version))
                           : step.value;
    if (step.kind == Kind::kGet && local.known && local.base != held) odd(t, step);
    if (step.kind == Kind::kGet && !local.wrote && (!local.known || local.base != held)) {
      const uint64_t id = all_.keys[step.key].has_versions ? step.version : step.value.bits();
      const uint32_t write = write_of(step.key, id);
      Read read = {step.key, t, write, step.value};
      const bool initial = write == kNobody && step.value == history_.initial() &&
                           (step.version == 0 || !all_.keys[step.key].has_versions);
      if (!initial && (write == kNobody || all_.writes[write].value != step.value)) {
        garbage(t, step.key, step.value, step.value);
        read.write = kDropped;
      }
      all_.reads.push_back(read);
    }
    if (step.kind == Kind::kGet && !local.wrote) local.read = held;
    if (step.kind != Kind::kGet && local.read == held && step.value != history_.initial())
      future(t, step, step.value);
    local.known = true;
    local.wrote |= step.kind != Kind::kGet;
    local.base = held;
  }

  void garbage(uint32_t t, uint32_t key, Value read, Value item) {
    find(Anomaly::kGarbageRead, {t},
         fmt::format("#{} read {} of {}, but nobody wrote {}.", line(t), history_.print(read),
                     name(key), history_.print(item)));
  }

  // The longest list is the order; all others must be its beginnings.
  void order_lists(uint32_t key_id) {
    if (lists_.empty()) return;
    if (!grouped_) {
      std::ranges::stable_sort(lists_, {}, &List::key);
      grouped_ = true;
    }
    const auto lists = std::ranges::equal_range(lists_, key_id, {}, &List::key);
    if (lists.empty() || !all_.keys[key_id].unclear.empty()) return;
    KeyVersions& key = all_.keys[key_id];
    const List* longest = &*lists.begin();
    for (const List& list : lists)
      if (items(list.value).size() > items(longest->value).size()) longest = &list;
    key.seen_by = longest->transaction;
    const auto order = items(longest->value);
    std::set<uint64_t> compared, foreign;
    for (const List& list : lists) {
      if (!compared.insert(list.value.bits()).second) continue;
      const auto own = items(list.value);
      if (std::ranges::equal(own, order.first(own.size()))) continue;
      find(Anomaly::kIncompatibleOrder, {longest->transaction, list.transaction},
           fmt::format("#{} read {} of {}, and #{} read {}: neither continues the other.",
                       line(longest->transaction), history_.print(longest->value), name(key_id),
                       line(list.transaction), history_.print(list.value)));
      foreign.insert(list.value.bits());
      for (const Value item : own) take_item(key_id, list, item);
    }
    for (Read& read : foreign.empty() ? std::span<Read>() : std::span(all_.reads))
      if (read.key == key_id && foreign.contains(read.value.bits())) read.write = kDropped;
    std::set<uint32_t> seen;
    for (const Value item : order) {
      const uint32_t write = take_item(key_id, *longest, item);
      const bool is_first = write == kNobody || seen.insert(write).second;
      if (!is_first)
        find(Anomaly::kDuplicateElements, {longest->transaction},
             fmt::format("#{} read {} of {}, in which {} is twice.", line(longest->transaction),
                         history_.print(longest->value), name(key_id), history_.print(item)));
      key.ordered.push_back(is_first ? write : kNobody);
    }
    for (size_t i = 1; i < key.ordered.size(); ++i) find_dirty_update(key_id, i);
  }

  void find_dirty_update(uint32_t key_id, size_t place) {
    const KeyVersions& key = all_.keys[key_id];
    if (key.ordered[place - 1] == kNobody || key.ordered[place] == kNobody) return;
    const Write& before = all_.writes[key.ordered[place - 1]];
    const Write& after = all_.writes[key.ordered[place]];
    const auto aborted = [&](const Write& write) {
      return history_.operations()[all_.transactions[write.transaction].operation].outcome ==
             Outcome::kFail;
    };
    if (aborted(before) && !aborted(after))
      find(Anomaly::kDirtyUpdate, {before.transaction, after.transaction},
           fmt::format("#{} appended {} to {} after {} of #{}, which was aborted.",
                       line(after.transaction), history_.print(after.value), name(key_id),
                       history_.print(before.value), line(before.transaction)));
  }

  uint32_t take_item(uint32_t key, const List& list, Value item) {
    const uint32_t write = write_of(key, item.bits());
    if (write == kNobody) {
      garbage(list.transaction, key, list.value, item);
    } else {
      take_seen(list.transaction, write, list.value);
    }
    return write;
  }

  void take_seen(uint32_t reader, uint32_t write, Value read) {
    const Write& written = all_.writes[write];
    Transaction& writer = all_.transactions[written.transaction];
    if (history_.operations()[writer.operation].outcome == Outcome::kFail)
      find(Anomaly::kG1a, {written.transaction, reader},
           fmt::format("#{} read {} of {}, of which {} was written by #{}, which was aborted.",
                       line(reader), history_.print(read), name(written.key),
                       history_.print(written.value), line(written.transaction)));
    writer.happened |= history_.operations()[writer.operation].outcome != Outcome::kFail;
  }

  // From the length of a list to the write that was its last.
  void attribute_reads() {
    for (Read& read : all_.reads) {
      const KeyVersions& key = all_.keys[read.key];
      if (!key.unclear.empty() || read.write == kDropped) continue;
      if (key.appended_to) {
        if (read.write > key.ordered.size()) {
          read.write = kDropped;
          continue;
        }
        if (read.write == 0) {
          read.write = kNobody;
          continue;
        }
        const uint32_t last = key.ordered[read.write - 1];
        read.write = last == kNobody ? kDropped : last;
        if (last == kNobody) continue;  // garbage, or a duplicate
      } else if (read.write != kNobody) {
        take_seen(read.transaction, read.write, read.value);
      }
      if (read.write == kNobody) continue;
      const Write& write = all_.writes[read.write];
      if (!write.is_last && write.transaction != read.transaction)
        find(Anomaly::kG1b, {write.transaction, read.transaction},
             fmt::format("#{} read {} of {}, but #{} wrote {} again after {}.",
                         line(read.transaction), history_.print(read.value), name(read.key),
                         line(write.transaction), name(read.key), history_.print(write.value)));
    }
  }

  // The writes that the reads leave out, in the order of recorded versions, or after what was read.
  void order_rest(uint32_t key_id) {
    KeyVersions& key = all_.keys[key_id];
    std::erase(key.ordered, kNobody);
    std::vector<uint32_t> place(key.writes_end - key.writes_begin, 0);
    for (uint32_t i = 0; i < key.ordered.size(); ++i)
      place[key.ordered[i] - key.writes_begin] = i + 1;
    for (uint32_t w = key.writes_begin; w < key.writes_end; ++w) {
      if (!all_.transactions[all_.writes[w].transaction].happened) continue;
      if (key.has_versions) key.ordered.push_back(w);
      if (!key.has_versions && place[w - key.writes_begin] == 0) key.rest.push_back(w);
    }
    if (key.appended_to || key.has_versions) {
      check_own_order(key_id, place);
    } else {
      std::erase_if(key.rest, [&](uint32_t w) { return !all_.writes[w].is_last; });
      order_by_updates(key_id);
    }
  }

  // What a transaction wrote to a key must be there in its order, all of it if the last is.
  void check_own_order(uint32_t key_id, const std::vector<uint32_t>& place) {
    const KeyVersions& key = all_.keys[key_id];
    std::vector<uint32_t> own;
    for (uint32_t w = key.writes_begin; w < key.writes_end; ++w)
      if (all_.transactions[all_.writes[w].transaction].happened) own.push_back(w);
    std::ranges::sort(own, {}, [&](uint32_t w) { return all_.writes[w].step; });
    const auto at = [&](uint32_t w) {
      if (key.has_versions) return all_.writes[w].id;
      const uint64_t seen = place[w - key.writes_begin];
      return seen == 0 ? ~uint64_t{0} : seen;
    };
    for (size_t i = 1; i < own.size(); ++i) {
      const Write& first = all_.writes[own[i - 1]];
      const Write& second = all_.writes[own[i]];
      if (first.transaction != second.transaction || at(own[i - 1]) <= at(own[i])) continue;
      find(Anomaly::kIncompatibleOrder, {first.transaction},
           fmt::format("#{} wrote {} to {}, then {}, but {} is the earlier version.",
                       line(first.transaction), history_.print(first.value), name(key_id),
                       history_.print(second.value), history_.print(second.value)));
    }
  }

  // Who read a version and then wrote made the next one. Only if that orders all of them is the order known.
  void order_by_updates(uint32_t key_id) {
    KeyVersions& key = all_.keys[key_id];
    if (key.rest.empty()) return;
    if (!with_updates_) {
      with_updates_ = true;
      std::vector<uint32_t> read_of(all_.keys.size());
      for (uint32_t r = 0; r < all_.reads.size();) {
        const uint32_t t = all_.reads[r].transaction;
        std::vector<uint32_t> reads;
        for (; r < all_.reads.size() && all_.reads[r].transaction == t; ++r) reads.push_back(r);
        for (uint32_t s = all_.transactions[t].steps_begin; s < all_.transactions[t].steps_end; ++s)
          for (const uint32_t at : reads)
            if (all_.steps[s].kind != Kind::kGet && all_.steps[s].key == all_.reads[at].key &&
                all_.reads[at].write != kDropped)
              updates_.push_back({all_.reads[at].key, all_.reads[at].write, t});
      }
      std::ranges::sort(updates_);
      updates_.erase(std::unique(updates_.begin(), updates_.end()), updates_.end());
    }
    std::vector<uint32_t> order;
    uint32_t version = kNobody;
    while (order.size() < key.rest.size()) {
      const auto next =
          std::ranges::equal_range(updates_, std::pair(key_id, version), {},
                                   [](const Update& u) { return std::pair(u.key, u.version); });
      if (next.size() != 1) return;
      const auto write = std::ranges::find(key.rest, next.front().transaction,
                                           [&](uint32_t w) { return all_.writes[w].transaction; });
      if (write == key.rest.end()) return;
      order.push_back(version = *write);
    }
    key.ordered = std::move(order);
    key.rest.clear();
  }

  struct Update {
    uint32_t key, version, transaction;
    auto operator<=>(const Update&) const = default;
  };

  const history::History& history_;
  Versions all_;
  std::vector<List> lists_;
  bool grouped_ = false;
  std::vector<Update> updates_;
  bool with_updates_ = false;
};

}  // namespace

std::string_view to_string(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::kGarbageRead:
      return "garbage-read";
    case Anomaly::kFutureRead:
      return "future-read";
    case Anomaly::kDuplicateElements:
      return "duplicate-elements";
    case Anomaly::kIncompatibleOrder:
      return "incompatible-order";
    case Anomaly::kG0:
      return "G0";
    case Anomaly::kG1a:
      return "G1a";
    case Anomaly::kG1b:
      return "G1b";
    case Anomaly::kDirtyUpdate:
      return "dirty-update";
    case Anomaly::kG1c:
      return "G1c";
    case Anomaly::kInternal:
      return "internal";
    case Anomaly::kFracturedRead:
      return "fractured-read";
    case Anomaly::kLostUpdate:
      return "lost-update";
    case Anomaly::kGSingle:
      return "G-single";
    case Anomaly::kGNonadjacent:
      return "G-nonadjacent";
    case Anomaly::kG2Item:
      return "G2-item";
  }
  return "";
}

Versions recover_versions(const history::History& history) { return Recovery(history).recover(); }

}  // namespace revenant::check::serial
