// A history in memory: operations in the order in which they stand in their source, and the keys, texts and
// lists that they speak of, each once.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/history/operation.h"

namespace revenant::history {

// What times are.
enum class Clock {
  kNanoseconds,
  kPlaces,  // of events in the source, which has no times, or whose times nobody looked at
};

// What the source tells beside operations, such as a fault that a harness made.
struct Event {
  int64_t at;        // as the times of operations
  uint32_t line;     // in the source
  std::string what;  // "start-partition"
  std::string detail;
};

class History {
 public:
  // --- what a reader adds ---
  void set_clock(Clock clock) { clock_ = clock; }
  void set_initial(Value value) { initial_ = value; }
  void add(const Operation& operation) {
    if (operation.kind == Kind::kAdd) set_added_to(operation.key);
    operations_.push_back(operation);
  }
  // After the put of a value that expires: some time later, if it is still there, it is not any more. Whether that
  // comes in its time is another question.
  void add_end_of(const Operation& put);
  // A truncation deletes every key, each at a time of its own.
  void add_deletes_of_all(const Operation& truncation);
  uint32_t key(std::string_view name);
  Value number(int64_t number);
  Value text(std::string_view text);
  Value list(std::span<const Value> items);
  // Their place: Operation::steps_begin and steps_end.
  uint32_t add_step(const Step& step) {
    if (step.kind == Kind::kAdd) set_added_to(step.key);
    steps_.push_back(step);
    return static_cast<uint32_t>(steps_.size());
  }
  // As any key is that an add names.
  void set_added_to(uint32_t key) { added_to_[key] = true; }
  uint32_t step_count() const { return static_cast<uint32_t>(steps_.size()); }
  // As the source calls it.
  void name_session(uint32_t session, std::string name) {
    session_names_.try_emplace(session, std::move(name));
  }
  void add_event(Event event) { events_.push_back(std::move(event)); }

  // Those for which says_nothing(operation).
  template <typename Predicate>
  void leave_out(Predicate says_nothing) {
    std::erase_if(operations_, says_nothing);
  }

  // What gets returned becomes change(key, value), an optional; where that is nothing, the get is left out.
  template <typename Change>
  void change_reads(Change change) {
    const auto is_read = [](Kind kind, const Operation& op) {
      return kind == Kind::kGet && op.outcome == Outcome::kOk;
    };
    std::vector<Operation> operations;
    std::vector<Step> all_steps;
    for (Operation op : operations_) {
      if (is_read(op.kind, op)) {
        const std::optional<Value> changed = change(op.key, op.result);
        if (!changed) continue;
        op.result = *changed;
      }
      const auto begin = static_cast<uint32_t>(all_steps.size());
      for (Step step : steps(op)) {
        const std::optional<Value> changed =
            is_read(step.kind, op) ? change(step.key, step.value) : step.value;
        if (!changed) continue;
        step.value = *changed;
        all_steps.push_back(step);
      }
      op.steps_begin = begin;
      op.steps_end = static_cast<uint32_t>(all_steps.size());
      operations.push_back(op);
    }
    operations_ = std::move(operations);
    steps_ = std::move(all_steps);
  }

  // --- what a checker reads ---
  Clock clock() const { return clock_; }
  Value initial() const { return initial_; }  // of every key, before any operation
  const std::vector<Operation>& operations() const { return operations_; }
  std::span<const Step> steps(const Operation& operation) const {
    return std::span(steps_).subspan(operation.steps_begin,
                                     operation.steps_end - operation.steps_begin);
  }
  // Its number, if its source gave it no name.
  std::string session_name(uint32_t session) const;
  const std::vector<Event>& events() const { return events_; }  // in the order of their times
  uint32_t key_count() const { return static_cast<uint32_t>(keys_.size()); }
  std::string_view key_name(uint32_t key) const { return keys_[key]; }
  // It holds a sum or a set: no single write tells what is read of it (sim/check/properties: constant_sum, counter, set).
  bool is_added_to(uint32_t key) const { return added_to_[key]; }
  bool is_list(Value value) const;
  std::span<const Value> items(Value list) const;
  std::string_view text(Value text) const;  // of a text
  // As people write it: nil, 7, "seven", [1 2].
  std::string print(Value value) const;
  // get("k") = 3, compare_and_set("k", 1, 2) … Of a scan, if `key` is given, what it returned of that key.
  std::string print(const Operation& operation, std::optional<uint32_t> key = std::nullopt) const;

 private:
  struct Symbol {
    bool is_list;
    uint32_t begin, end;  // of a list: in items_; of a text: begin is its place in texts_
  };
  Value symbol(Symbol symbol);

  Clock clock_ = Clock::kNanoseconds;
  Value initial_;
  std::vector<Operation> operations_;
  std::vector<Step> steps_;
  std::map<uint32_t, std::string> session_names_;
  std::vector<Event> events_;
  std::deque<std::string> keys_, texts_;  // deques: the maps' views of them stay valid
  std::vector<bool> added_to_;            // by key
  std::vector<Value> items_;
  std::vector<Symbol> symbols_;
  std::unordered_map<std::string_view, uint32_t> key_of_, text_of_;
  std::unordered_map<std::string, uint32_t> list_of_;  // by the bits of its items
};

}  // namespace revenant::history
