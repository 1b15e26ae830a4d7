#include "sim/check/certificate/invariants.h"

#include <algorithm>
#include <optional>

namespace revenant::check {

using history::History;
using history::Kind;
using history::Operation;
using history::Outcome;
using history::Step;
using history::Value;

namespace {

const Operation& at(const History& history, uint32_t operation) {
  return history.operations()[operation];
}

bool contains(const History& history, Value list, Value element) {
  return history.is_list(list) &&
         std::ranges::find(history.items(list), element) != history.items(list).end();
}

bool is_read(const Operation& op, uint32_t key) {
  return op.kind == Kind::kGet && op.outcome == Outcome::kOk && op.key == key;
}

// What the transaction read of the key first.
std::optional<Value> read_of(const History& history, const Operation& op, uint32_t key) {
  for (const Step& step : history.steps(op))
    if (step.kind == Kind::kGet && step.key == key) return step.value;
  return std::nullopt;
}

}  // namespace

Result<void> verify_wrong_sum(const History& history, uint32_t operation, int64_t total) {
  int64_t sum = 0;
  for (const Step& step : history.steps(at(history, operation))) {
    if (step.kind != Kind::kGet || !step.value.is_number())
      return error(ErrorCode::kInvalid, "a step reads no number");
    sum += step.value.number();
  }
  if (sum == total) return error(ErrorCode::kInvalid, "the sum is right");
  return {};
}

Result<void> verify_negative(const History& history, uint32_t operation) {
  for (const Step& step : history.steps(at(history, operation)))
    if (step.kind == Kind::kGet && step.value.is_number() && step.value.number() < 0) return {};
  return error(ErrorCode::kInvalid, "nothing is negative");
}

Result<void> verify_impossible_count(const History& history, uint32_t operation) {
  const Operation& read = at(history, operation);
  if (!is_read(read, read.key) || !read.result.is_number())
    return error(ErrorCode::kInvalid, "it read no number");
  int64_t least = history.initial().is_number() ? history.initial().number() : 0, most = least;
  for (const Operation& op : history.operations()) {
    if (op.kind != Kind::kAdd || op.key != read.key || op.outcome == Outcome::kFail ||
        op.invoked > read.completed)
      continue;
    if (!op.argument.is_number()) return error(ErrorCode::kInvalid, "something else was added");
    const int64_t amount = op.argument.number();
    const bool surely = op.outcome == Outcome::kOk && op.completed < read.invoked;
    if (surely || amount < 0) least += amount;
    if (surely || amount > 0) most += amount;
  }
  if (least <= read.result.number() && read.result.number() <= most)
    return error(ErrorCode::kInvalid, "it may have been");
  return {};
}

Result<void> verify_lost(const History& history, Value element, uint32_t known_by, uint32_t read) {
  const Operation& known = at(history, known_by);
  const Operation& lacking = at(history, read);
  const bool was_there = known.outcome == Outcome::kOk && known.key == lacking.key &&
                         (known.kind == Kind::kAdd ? known.argument == element
                                                   : contains(history, known.result, element));
  if (!was_there || known.completed >= lacking.invoked)
    return error(ErrorCode::kInvalid, "it was not known");
  if (!is_read(lacking, lacking.key) || !history.is_list(lacking.result))
    return error(ErrorCode::kInvalid, "it read no list");
  for (const Operation& op : history.operations())
    if (is_read(op, lacking.key) && op.invoked >= lacking.invoked &&
        contains(history, op.result, element))
      return error(ErrorCode::kInvalid, "it is there");
  return {};
}

Result<void> verify_unexpected(const History& history, Value element, uint32_t read) {
  const Operation& found = at(history, read);
  if (!is_read(found, found.key) || !contains(history, found.result, element))
    return error(ErrorCode::kInvalid, "it was not read");
  for (const Operation& op : history.operations())
    if (op.kind == Kind::kAdd && op.key == found.key && op.outcome != Outcome::kFail &&
        op.argument == element && op.invoked <= found.completed)
      return error(ErrorCode::kInvalid, "it may have been added");
  return {};
}

Result<void> verify_out_of_order(const History& history, uint32_t earlier, uint32_t later,
                                 uint32_t read) {
  const Operation &first = at(history, earlier), &second = at(history, later);
  const Operation& op = at(history, read);
  const bool added = first.kind == Kind::kAdd && first.outcome == Outcome::kOk &&
                     second.kind == Kind::kAdd && first.completed < second.invoked;
  if (!added || first.key != op.key || second.key != op.key)
    return error(ErrorCode::kInvalid, "they were not added in this order");
  if (!is_read(op, op.key) || contains(history, op.result, first.argument) ||
      !contains(history, op.result, second.argument))
    return error(ErrorCode::kInvalid, "it was not read so");
  for (const Operation& other : history.operations())
    if (other.kind == Kind::kAdd && other.key == op.key && other.argument == second.argument &&
        other.outcome != Outcome::kFail && other.invoked < second.invoked)
      return error(ErrorCode::kInvalid, "it was added before");
  return {};
}

Result<void> verify_fork(const History& history, uint32_t one, uint32_t other, uint32_t first_key,
                         uint32_t second_key) {
  const auto has = [&](uint32_t operation, uint32_t key) {
    const auto value = read_of(history, at(history, operation), key);
    return value && *value != history.initial();
  };
  const auto lacks = [&](uint32_t operation, uint32_t key) {
    return read_of(history, at(history, operation), key) == history.initial();
  };
  if (!has(one, first_key) || !lacks(one, second_key) || !lacks(other, first_key) ||
      !has(other, second_key))
    return error(ErrorCode::kInvalid, "they do not differ so");
  for (const uint32_t key : {first_key, second_key}) {
    uint32_t writes = 0;
    for (const Operation& op : history.operations()) {
      if (op.kind != Kind::kTransaction && is_write(op.kind) && op.key == key) ++writes;
      for (const Step& step : history.steps(op))
        if (step.key == key && is_write(step.kind)) ++writes;
    }
    if (writes > 1) return error(ErrorCode::kInvalid, "a key was written twice");
  }
  return {};
}

}  // namespace revenant::check
