#include "sim/check/serial/append_history.h"

#include <fmt/format.h>

#include "engine/base/random.h"

namespace revenant::check::serial {

using history::Kind;
using history::Value;

// Transaction i takes effect at 10 * i, and around that its session waits for it: as long as others can do nothing
// of the same session, whose turn comes round.
history::History make_append_history(const AppendShape& shape, uint64_t seed) {
  struct Key {
    uint32_t id;
    std::vector<Value> items;
  };
  history::History history;
  Random random(seed, "append_history");
  std::vector<Key> keys;
  uint32_t named = 0;
  const auto fresh = [&] { return Key{history.key(fmt::format("k{}", named++)), {}}; };
  while (keys.size() < shape.keys) keys.push_back(fresh());
  const int64_t half_turn = 5 * static_cast<int64_t>(shape.sessions);
  for (uint32_t i = 0; i < shape.transactions; ++i) {
    history::Operation op = {};
    op.kind = Kind::kTransaction;
    op.session = i % shape.sessions;
    op.line = i + 1;
    op.invoked =
        10 * int64_t{i} - static_cast<int64_t>(random.below(static_cast<uint64_t>(half_turn)));
    op.completed =
        10 * int64_t{i} + static_cast<int64_t>(random.below(static_cast<uint64_t>(half_turn)));
    op.steps_begin = history.step_count();
    for (uint64_t steps = 1 + random.below(shape.steps_max); steps > 0; --steps) {
      Key& key = keys[random.below(keys.size())];
      if (random.below(2) == 0) {
        history.add_step({Kind::kGet, key.id, history.list(key.items)});
        continue;
      }
      if (key.items.size() == shape.appends_max) key = fresh();
      key.items.push_back(Value::number(static_cast<int64_t>(key.items.size()) + 1));
      history.add_step({Kind::kAppend, key.id, key.items.back()});
    }
    op.steps_end = history.step_count();
    history.add(op);
  }
  return history;
}

}  // namespace revenant::check::serial
