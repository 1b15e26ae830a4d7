// Whatever stands in a history, each property comes to a verdict, and every certificate is accepted: one that is not
// ends the program.
#include <gtest/gtest.h>

#include <map>

#include "engine/base/random.h"
#include "sim/check/properties/properties.h"
#include "sim/history/read.h"

namespace revenant::check {
namespace {

// Few values, written and read at random, so that most of it is impossible.
class AnyHistory {
 public:
  explicit AnyHistory(uint64_t seed) : random_(seed, "any_history") {}

  std::string make() {
    with_lists_ = random_.below(2) == 0;
    std::string out;
    std::map<uint64_t, std::pair<std::string, std::string>> open;  // by process: f and value
    for (uint64_t events = 2 + random_.below(24); events > 0; --events) {
      const uint64_t process = random_.below(3);
      if (const auto found = open.find(process); found != open.end()) {
        constexpr std::string_view kTypes[] = {"ok", "ok", "ok", "info", "fail"};
        out += event(process, kTypes[random_.below(5)], found->second.first, found->second.second);
        open.erase(found);
      } else {
        auto [f, asked, answered] = operation();
        out += event(process, "invoke", f, asked);
        open.emplace(process, std::pair(f, answered));
      }
    }
    return out;
  }

 private:
  static std::string event(uint64_t process, std::string_view type, std::string_view f,
                           std::string_view value) {
    return fmt::format("{{:process {} :type :{} :f :{} :value {}}}\n", process, type, f, value);
  }
  std::string written() {
    if (random_.below(8) == 0) return random_.below(2) == 0 ? "0" : "\"a\"";
    return std::to_string(++next_);
  }
  std::string found() {
    if (random_.below(4) == 0) return "nil";
    std::string list = "[";
    for (uint64_t items = random_.below(4); items > 0; --items)
      list += fmt::format("{} ", random_.below(next_ + 2));
    return with_lists_ ? list + "]" : std::to_string(random_.below(next_ + 2));
  }
  // f, what is asked for, and what is answered.
  std::array<std::string, 3> operation() {
    const std::string value = written();
    switch (random_.below(8)) {
      case 0:
        return {"read", "nil", found()};
      case 1:
        return {random_.below(2) == 0 ? "add" : "write", value, value};
      default:
        break;
    }
    std::string asked, answered;
    for (uint64_t steps = 1 + random_.below(3); steps > 0; --steps) {
      const char key = random_.below(2) == 0 ? 'x' : 'y';
      const bool reads = random_.below(2) == 0;
      const std::string_view f = reads ? "r" : with_lists_ ? "append" : "w";
      const std::string write = written();
      asked += fmt::format("[:{} {} {}]", f, key, reads ? "nil" : write);
      answered += fmt::format("[:{} {} {}]", f, key, reads ? found() : write);
    }
    return {"txn", "[" + asked + "]", "[" + answered + "]"};
  }

  Random random_;
  bool with_lists_ = false;
  uint64_t next_ = 0;
};

TEST(AnyHistoryTest, EachPropertyComesToAVerdictThatIsAccepted) {
  uint64_t violated = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    const auto history = history::read_history(AnyHistory(seed).make(), "h");
    ASSERT_TRUE(history.has_value()) << history.error().message;
    for (const Property& property : properties())
      violated += property.check(*history, {}).outcome == Outcome::kViolated ? 1 : 0;
  }
  EXPECT_GT(violated, 1000u);
}

}  // namespace
}  // namespace revenant::check
