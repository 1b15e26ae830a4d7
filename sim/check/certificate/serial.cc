#include "sim/check/certificate/serial.h"

#include <algorithm>
#include <map>

namespace revenant::check {

using history::History;
using history::Kind;
using history::Operation;
using history::Step;
using history::Value;

namespace {

// Scans, compare-and-set, and what adds to a key or reads it, take no part.
bool takes_part(const History& history, const Operation& op) {
  return op.kind == Kind::kTransaction ||
         (op.kind != Kind::kScan && op.kind != Kind::kCompareAndSet &&
          !history.is_added_to(op.key));
}

std::vector<Step> steps_of(const History& history, const Operation& op) {
  if (op.kind == Kind::kTransaction) {
    std::vector<Step> steps;
    for (const Step& step : history.steps(op))
      if (!history.is_added_to(step.key)) steps.push_back(step);
    return steps;
  }
  if (!takes_part(history, op)) return {};
  return {{op.kind, op.key, op.kind == Kind::kGet ? op.result : op.argument, op.version}};
}

std::vector<Value> items_of(const History& history, Value value) {
  if (!history.is_list(value)) return {};
  const auto items = history.items(value);
  return {items.begin(), items.end()};
}

bool contains(const std::vector<Value>& items, Value item) {
  return std::ranges::find(items, item) != items.end();
}

class Steps {
 public:
  explicit Steps(const History& history) : history_(history) {}

  std::vector<Step> of(uint32_t operation) const {
    return steps_of(history_, history_.operations()[operation]);
  }
  bool succeeded(uint32_t operation) const {
    return history_.operations()[operation].outcome == history::Outcome::kOk;
  }

  const Step* wrote(const std::vector<Step>& steps, uint32_t key, Value value) const {
    for (const Step& step : steps)
      if (step.key == key && step.kind != Kind::kGet && step.value == value) return &step;
    return nullptr;
  }
  const Step* read(const std::vector<Step>& steps, uint32_t key, Value value) const {
    for (const Step& step : steps)
      if (step.key == key && step.kind == Kind::kGet && step.value == value) return &step;
    return nullptr;
  }

  // It succeeded, or somebody read something that it alone wrote.
  bool happened(uint32_t operation) const {
    if (succeeded(operation)) return true;
    if (history_.operations()[operation].outcome == history::Outcome::kFail) return false;
    for (const Step& written : of(operation)) {
      if (written.kind == Kind::kGet) continue;
      for (uint32_t other = 0; other < history_.operations().size(); ++other) {
        if (!succeeded(other)) continue;
        for (const Step& step : of(other))
          if (step.kind == Kind::kGet && step.key == written.key &&
              (written.kind == Kind::kAppend
                   ? contains(items_of(history_, step.value), written.value)
                   : step.value == written.value))
            return true;
      }
    }
    return false;
  }

  // By its session, by what it read, or by what those had seen.
  bool had_seen(uint32_t operation, uint32_t other) const {
    std::map<std::pair<uint32_t, Value>, std::vector<uint32_t>> writers;
    std::map<uint32_t, std::vector<uint32_t>> sessions;
    for (uint32_t place = 0; place < history_.operations().size(); ++place) {
      if (succeeded(place)) sessions[history_.operations()[place].session].push_back(place);
      for (const Step& step : of(place))
        if (step.kind != Kind::kGet) writers[{step.key, step.value}].push_back(place);
    }
    std::vector<bool> seen(history_.operations().size());
    std::vector<uint32_t> left = {operation};
    while (!left.empty() && !seen[other]) {
      const uint32_t at = left.back();
      left.pop_back();
      const auto see = [&](uint32_t place) {
        if (!seen[place]) left.push_back(place);
        seen[place] = true;
      };
      const Operation& op = history_.operations()[at];
      for (const uint32_t place : sessions[op.session])
        if (std::pair(history_.operations()[place].invoked, place) < std::pair(op.invoked, at))
          see(place);
      if (!succeeded(at)) continue;
      for (const Step& step : of(at)) {
        if (step.kind != Kind::kGet) continue;
        for (const uint32_t place : writers[{step.key, step.value}]) see(place);
        for (const Value item : items_of(history_, step.value))
          for (const uint32_t place : writers[{step.key, item}]) see(place);
      }
    }
    return seen[other];
  }

  // Without what the transaction appended itself before the read.
  std::vector<Value> foreign_items(const std::vector<Step>& steps, const Step* read) const {
    std::vector<Value> items = items_of(history_, read->value);
    for (const Step* step = read; step != steps.data();) {
      --step;
      if (step->kind == Kind::kAppend && step->key == read->key && !items.empty() &&
          items.back() == step->value)
        items.pop_back();
    }
    return items;
  }

 private:
  const History& history_;
};

Result<void> verify(const History& history, const Dependency& edge) {
  const Steps all(history);
  const auto& from = history.operations()[edge.from];
  const auto& to = history.operations()[edge.to];
  const auto wrong = [&](std::string_view what) {
    return error(ErrorCode::kInvalid, "{} #{} to #{}: {}", to_string(edge.kind), from.line, to.line,
                 what);
  };
  if (edge.from == edge.to) return wrong("of one transaction to itself");
  if (!all.happened(edge.from) || !all.happened(edge.to)) return wrong("one may not have happened");
  if (edge.kind == DependencyKind::kSession) {
    if (from.session != to.session) return wrong("of different sessions");
    if (std::pair(from.invoked, edge.from) >= std::pair(to.invoked, edge.to))
      return wrong("not in this order");
    return {};
  }
  if (edge.kind == DependencyKind::kRealTime) {
    if (!all.succeeded(edge.from) || from.completed >= to.invoked) return wrong("they overlap");
    return {};
  }

  const std::vector<Step> first = all.of(edge.from), second = all.of(edge.to);
  const bool is_read_write = edge.kind == DependencyKind::kReadWrite;
  const bool is_write_read = edge.kind == DependencyKind::kWriteRead;
  const Step* before = is_read_write ? all.read(first, edge.key, edge.wrote)
                                     : all.wrote(first, edge.key, edge.wrote);
  const Step* after = is_write_read ? all.read(second, edge.key, edge.then)
                                    : all.wrote(second, edge.key, edge.then);
  if (before == nullptr || after == nullptr) return wrong("has no such step");
  if ((is_read_write && !all.succeeded(edge.from)) || (is_write_read && !all.succeeded(edge.to)))
    return wrong("what was read is not known");
  const bool appends = (is_read_write ? after : before)->kind == Kind::kAppend;
  if (appends && is_write_read) {
    return contains(all.foreign_items(second, after), before->value)
               ? Result<void>()
               : wrong("the list does not have the item");
  }
  if (appends && is_read_write) {
    return contains(items_of(history, before->value), after->value) ? wrong("the list has the item")
                                                                    : Result<void>();
  }
  if (appends) {
    if (edge.seen_by >= history.operations().size() || !all.succeeded(edge.seen_by))
      return wrong("nobody saw it");
    for (const Step& step : all.of(edge.seen_by)) {
      if (step.kind != Kind::kGet || step.key != edge.key) continue;
      const std::vector<Value> items = items_of(history, step.value);
      const auto at = std::ranges::find(items, before->value);
      const auto end = std::find(items.begin(), at, after->value);
      if (at == items.end() ? end != at && all.had_seen(edge.seen_by, edge.from) : end == at)
        return {};
    }
    return wrong("no list tells their order");
  }
  if (is_write_read)
    return before->value == after->value && before->version == after->version
               ? Result<void>()
               : wrong("another value");
  if (after->version != 0 && (before->version != 0 || is_read_write))
    return before->version < after->version ? Result<void>() : wrong("not an older version");
  // Without versions: it replaced what it had read, or what nobody had written.
  if (is_read_write && before->value == history.initial()) return {};
  for (const Step& step : second)
    if (&step < after && step.kind == Kind::kGet && step.key == edge.key &&
        step.value == before->value)
      return {};
  if (!is_read_write && edge.seen_by < history.operations().size() && all.succeeded(edge.seen_by) &&
      all.read(all.of(edge.seen_by), edge.key, after->value) != nullptr &&
      all.had_seen(edge.seen_by, edge.from))
    return {};
  return wrong("nothing tells their order");
}

}  // namespace

std::string_view to_string(DependencyKind kind) {
  switch (kind) {
    case DependencyKind::kWriteWrite:
      return "ww";
    case DependencyKind::kWriteRead:
      return "wr";
    case DependencyKind::kReadWrite:
      return "rw";
    case DependencyKind::kSession:
      return "session";
    case DependencyKind::kRealTime:
      return "realtime";
  }
  return "";
}

Result<void> verify_cycle(const History& history, const std::vector<Dependency>& cycle) {
  if (cycle.empty()) return error(ErrorCode::kInvalid, "there is no cycle");
  for (size_t i = 0; i < cycle.size(); ++i) {
    if (cycle[i].to != cycle[(i + 1) % cycle.size()].from)
      return error(ErrorCode::kInvalid, "the cycle is not closed");
    RETURN_IF_ERROR(verify(history, cycle[i]));
  }
  return {};
}

Result<void> verify_lost_update(const History& history, const std::vector<Dependency>& cycle) {
  RETURN_IF_ERROR(verify_cycle(history, cycle));
  const auto is_update = [&](const Dependency& edge) {
    return edge.kind == DependencyKind::kReadWrite && edge.key == cycle[0].key;
  };
  const Steps all(history);
  const auto replaced = [&](const Dependency& edge) {
    const std::vector<Step> steps = all.of(edge.from);
    const Step* read = all.read(steps, edge.key, edge.wrote);
    if (history.is_list(read->value)) return all.foreign_items(steps, read);
    return read->value.is_absent() ? std::vector<Value>() : std::vector{read->value};
  };
  if (cycle.size() != 2 || !std::ranges::all_of(cycle, is_update) ||
      replaced(cycle[0]) != replaced(cycle[1]))
    return error(ErrorCode::kInvalid, "they did not replace the same version");
  return {};
}

namespace {

// What the keys hold: lists as lists, also where they are empty. `below` is seen where nothing was written.
class Store {
 public:
  explicit Store(const History& history, const Store* below = nullptr)
      : history_(history), below_(below) {}

  std::vector<Value> get(uint32_t key) const {
    if (const auto found = held_.find(key); found != held_.end()) return found->second;
    return below_ != nullptr ? below_->get(key) : normal(history_.initial());
  }
  // Whether the step can happen here; then it has.
  bool step(const Step& step, bool reads_count) {
    if (step.kind == Kind::kGet) return !reads_count || get(step.key) == normal(step.value);
    std::vector<Value> held = step.kind == Kind::kAppend ? get(step.key) : std::vector<Value>();
    if (step.kind == Kind::kAppend) {
      if (held.empty()) held = {kListMark};
      held.push_back(step.value);
    } else {
      held = normal(step.value);
    }
    held_[step.key] = std::move(held);
    return true;
  }
  void put(uint32_t key, std::vector<Value> held) { held_[key] = std::move(held); }
  const std::map<uint32_t, std::vector<Value>>& written() const { return held_; }

 private:
  static constexpr Value kListMark = Value::symbol(~uint32_t{0});

  // An empty list is as good as none.
  std::vector<Value> normal(Value value) const {
    if (value.is_absent()) return {};
    if (!history_.is_list(value)) return {value};
    std::vector<Value> held = items_of(history_, value);
    if (!held.empty()) held.insert(held.begin(), kListMark);
    return held;
  }

  const History& history_;
  const Store* below_;
  std::map<uint32_t, std::vector<Value>> held_;
};

// That each that succeeded is there, each that is there may have happened, and none twice.
Result<void> verify_all_there(const History& history, const std::vector<uint32_t>& order) {
  std::vector<uint32_t> times(history.operations().size());
  for (const uint32_t operation : order) ++times[operation];
  for (uint32_t operation = 0; operation < times.size(); ++operation) {
    const Operation& op = history.operations()[operation];
    if (!takes_part(history, op)) continue;
    const bool must = op.outcome == history::Outcome::kOk;
    const bool may = op.outcome != history::Outcome::kFail;
    if (times[operation] > (may ? 1 : 0) || times[operation] < (must ? 1 : 0))
      return error(ErrorCode::kInvalid, "#{} is there {} times", op.line, times[operation]);
  }
  return {};
}

}  // namespace

Result<void> verify_serial_order(const History& history, const std::vector<uint32_t>& order,
                                 RealTime real_time) {
  RETURN_IF_ERROR(verify_all_there(history, order));
  Store store(history);
  int64_t begun = std::numeric_limits<int64_t>::min();
  for (const uint32_t operation : order) {
    const Operation& op = history.operations()[operation];
    const bool known = op.outcome == history::Outcome::kOk;
    if (real_time == RealTime::kRespected && known && op.completed < begun)
      return error(ErrorCode::kInvalid, "#{} had ended before one that it follows", op.line);
    begun = std::max(begun, op.invoked);
    for (const Step& step : steps_of(history, op))
      if (!store.step(step, known))
        return error(ErrorCode::kInvalid, "#{} would not have read {} of {}", op.line,
                     history.print(step.value), history.key_name(step.key));
  }
  return {};
}

Result<void> verify_snapshot_order(const History& history, const std::vector<SnapshotEvent>& events,
                                   RealTime real_time) {
  struct Written {
    std::vector<Value> held;
    uint32_t commits;  // of the key, when the transaction started
  };
  std::vector<uint32_t> order;
  Store store(history);
  std::map<uint32_t, uint32_t> commits;
  std::map<uint32_t, std::map<uint32_t, Written>> running;  // by key
  int64_t begun = std::numeric_limits<int64_t>::min();
  for (const SnapshotEvent& event : events) {
    const Operation& op = history.operations()[event.operation];
    const bool known = op.outcome == history::Outcome::kOk;
    if (!event.is_commit) {
      order.push_back(event.operation);
      begun = std::max(begun, op.invoked);
      Store now(history, &store);
      for (const Step& step : steps_of(history, op))
        if (!now.step(step, known))
          return error(ErrorCode::kInvalid, "#{} would not have read {} of {}", op.line,
                       history.print(step.value), history.key_name(step.key));
      const auto [started, is_first] = running.try_emplace(event.operation);
      if (!is_first) return error(ErrorCode::kInvalid, "#{} starts twice", op.line);
      for (const auto& [key, held] : now.written()) started->second[key] = {held, commits[key]};
      continue;
    }
    const auto found = running.find(event.operation);
    if (found == running.end()) return error(ErrorCode::kInvalid, "#{} has not started", op.line);
    if (real_time == RealTime::kRespected && known && op.completed < begun)
      return error(ErrorCode::kInvalid, "#{} had ended before one that it follows", op.line);
    for (auto& [key, written] : found->second) {
      if (commits[key]++ != written.commits)
        return error(ErrorCode::kInvalid, "#{} overlaps another that wrote {}", op.line,
                     history.key_name(key));
      store.put(key, std::move(written.held));
    }
    running.erase(found);
  }
  if (!running.empty()) return error(ErrorCode::kInvalid, "not all committed");
  return verify_all_there(history, order);
}

}  // namespace revenant::check
