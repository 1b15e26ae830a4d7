#include "sim/net/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace revenant::sim {
namespace {

// A link with a constant delay of 1 ms and nothing else, unless said otherwise.
NetworkOptions plain() {
  NetworkOptions o;
  o.profile = NetworkProfile::kIdeal;
  o.apply_profile();
  o.delay_min = o.delay_mean = milliseconds(1);
  return o;
}

NetworkOptions random_delays() {
  NetworkOptions o = plain();
  o.delay = DelayDistribution::kExponential;
  o.delay_min = {};
  return o;
}

constexpr Probability kAlways{1'000'000'000};
constexpr Probability percent(int64_t n) { return {n * 10'000'000}; }

struct Arrival {
  Instant at;
  uint32_t from, to;
  std::string message;
  friend bool operator==(const Arrival&, const Arrival&) = default;
};
void PrintTo(const Arrival& a, std::ostream* out) {
  *out << to_string(a.at) << " " << a.from << ">" << a.to << " " << a.message.substr(0, 20);
}

// Machines on one network, and everything that arrives.
class World {
 public:
  explicit World(const NetworkOptions& options, uint32_t machines = 4, uint64_t seed = 1)
      : kernel(seed), net(kernel, options) {
    for (uint32_t i = 0; i < machines; ++i) start(i);
  }

  void start(uint32_t node) {
    ports[node] = net.attach({node});
    ports[node]->set_receiver([this, node](NodeId from, Bytes message) {
      arrivals.push_back({kernel.now(), from.value, node, std::string(message)});
    });
  }
  void send(uint32_t from, uint32_t to, std::string message) {
    ports[from]->send({to}, std::move(message), env::MessageKind::kOther);
  }
  // Does something at a time, as a fault would.
  void at(Duration time, std::move_only_function<void()> action) {
    kernel.at(Instant{} + time, {0}, EventKind::kFault, 0, std::move(action));
  }
  void send_at(Duration time, uint32_t from, uint32_t to, std::string message) {
    at(time, [this, from, to, m = std::move(message)] { send(from, to, m); });
  }
  void send_kind_at(Duration time, uint32_t from, uint32_t to, env::MessageKind kind) {
    at(time, [this, from, to, kind] { ports[from]->send({to}, Buffer("?"), kind); });
  }
  void run(Duration until = hours(10)) { kernel.run_until(Instant{} + until); }

  std::vector<std::string> messages_at(uint32_t node) const {
    std::vector<std::string> result;
    for (const Arrival& a : arrivals) {
      if (a.to == node) result.push_back(a.message);
    }
    return result;
  }
  void expect_books_close() const {
    const NetworkCounters& c = net.counters();
    EXPECT_EQ(c.sent + c.duplicated, c.delivered + c.lost + c.cut + c.unheard + net.in_flight());
  }

  Kernel kernel;
  Network net;
  std::map<uint32_t, std::unique_ptr<env::Transport>> ports;
  std::vector<Arrival> arrivals;
};

using Messages = std::vector<std::string>;

TEST(Network, DeliversAMessageAfterItsDelay) {
  World w(plain());
  w.send_at(milliseconds(5), 0, 1, "hello");
  w.run();
  EXPECT_EQ(w.arrivals, (std::vector<Arrival>{{Instant{} + milliseconds(6), 0, 1, "hello"}}));
  EXPECT_EQ(w.net.counters().bytes, 5u);
  w.expect_books_close();
}

TEST(Network, ALegMayHaveADelayOfItsOwn) {
  NetworkOptions o = plain();
  LegOptions write;
  write.leg = Leg::kWriteRequest;
  write.delay_mean = milliseconds(7);
  o.legs = {write};
  World w(o);
  for (size_t kind = 0; kind < env::kMessageKinds; ++kind)
    w.send_kind_at({}, 0, 1, static_cast<env::MessageKind>(kind));
  w.run();
  ASSERT_EQ(w.arrivals.size(), 5u);
  EXPECT_EQ(w.arrivals[3].at, Instant{} + milliseconds(1));
  EXPECT_EQ(w.arrivals[4].at, Instant{} + milliseconds(7));
}

TEST(Network, AMessageToOneselfArrivesAtThisInstantWhateverTheNetworkDoes) {
  NetworkOptions o = plain();
  o.loss = kAlways;
  World w(o);
  w.net.cut({{0}}, {{0}, {1}}, Directions::kBothWays);
  w.net.add_lag({0}, seconds(1));
  w.send_at(milliseconds(5), 0, 0, "self");
  w.run();
  EXPECT_EQ(w.arrivals, (std::vector<Arrival>{{Instant{} + milliseconds(5), 0, 0, "self"}}));
  EXPECT_EQ(w.net.counters().local, 1u);
  EXPECT_EQ(w.net.counters().sent, 0u);
}

TEST(Network, ALocalMessageArrivesAfterTheCallThatSentIt) {
  World w(plain());
  w.at({}, [&] {
    w.send(0, 0, "self");
    EXPECT_TRUE(w.arrivals.empty());
  });
  w.run();
  EXPECT_EQ(w.arrivals.size(), 1u);
}

TEST(Network, DelaysHaveTheMeanOfTheirDistribution) {
  World w(random_delays());
  constexpr int kMessages = 50'000;
  for (int i = 0; i < kMessages; ++i) w.send(0, 1, "m");
  w.run();
  double total = 0;
  for (const Arrival& a : w.arrivals) total += a.at.in_seconds();
  ASSERT_EQ(w.arrivals.size(), kMessages);
  EXPECT_NEAR(total / kMessages, 1e-3, 0.02e-3);
}

TEST(Network, LosesAndDuplicatesAtTheRatesSet) {
  NetworkOptions o = plain();
  o.loss = percent(20);
  o.duplication = percent(5);
  World w(o);
  constexpr int kMessages = 50'000;
  for (int i = 0; i < kMessages; ++i) w.send(0, 1, "m");
  w.run();
  const NetworkCounters& c = w.net.counters();
  EXPECT_NEAR(static_cast<double>(c.lost) / kMessages, 0.20, 0.006);  // 3 standard deviations
  EXPECT_NEAR(static_cast<double>(c.duplicated) / (kMessages - c.lost), 0.05, 0.0035);
  EXPECT_EQ(c.delivered, w.arrivals.size());
  w.expect_books_close();
}

TEST(Network, EachCopyHasADelayOfItsOwn) {
  NetworkOptions o = random_delays();
  o.duplication = kAlways;
  World w(o);
  w.send(0, 1, "m");
  w.run();
  ASSERT_EQ(w.arrivals.size(), 2u);
  EXPECT_EQ(w.arrivals[0].message, w.arrivals[1].message);
  EXPECT_NE(w.arrivals[0].at, w.arrivals[1].at);
}

// --- cuts ---

TEST(Network, ACutLosesBothDirectionsUntilItHeals) {
  World w(plain());
  LinkFaultId cut;
  w.at(milliseconds(10), [&] { cut = w.net.cut({{0}, {1}}, {{2}, {3}}, Directions::kBothWays); });
  w.at(milliseconds(30), [&] { w.net.heal(cut); });
  for (auto [time, tag] : {std::pair{0, "before"}, {20, "during"}, {40, "after"}}) {
    w.send_at(milliseconds(time), 0, 2, tag);
    w.send_at(milliseconds(time), 3, 1, tag);
  }
  w.send_at(milliseconds(20), 0, 1, "same side");
  w.run();
  EXPECT_EQ(w.messages_at(2), (Messages{"before", "after"}));
  EXPECT_EQ(w.messages_at(1), (Messages{"before", "same side", "after"}));
  EXPECT_EQ(w.net.counters().cut, 2u);
  w.expect_books_close();
}

TEST(Network, AOneWayCutLetsAnswersThrough) {
  World w(plain());
  w.net.cut({{0}}, {{1}}, Directions::kOneWay);
  w.send(0, 1, "request");
  w.send(1, 0, "answer");
  w.run();
  EXPECT_EQ(w.messages_at(1), Messages{});
  EXPECT_EQ(w.messages_at(0), Messages{"answer"});
}

TEST(Network, CutsOverlapAndEachHealsAlone) {
  World w(plain());
  const LinkFaultId a = w.net.cut({{0}}, {{1}, {2}}, Directions::kBothWays);
  const LinkFaultId b = w.net.cut({{1}}, {{0}}, Directions::kOneWay);
  w.net.heal(a);
  w.send(0, 1, "x");
  w.send(0, 2, "x");
  w.send(1, 0, "x");
  w.net.heal(b);
  w.send(1, 0, "y");
  w.run();
  EXPECT_EQ(w.messages_at(1), Messages{"x"});
  EXPECT_EQ(w.messages_at(2), Messages{"x"});
  EXPECT_EQ(w.messages_at(0), Messages{"y"});
}

TEST(Network, AMessageInFlightWhenTheCutBeginsIsLost) {
  World w(plain());
  w.send(0, 1, "in flight");
  w.at(microseconds(500), [&] { w.net.cut({{0}}, {{1}}, Directions::kBothWays); });
  w.run();
  EXPECT_TRUE(w.arrivals.empty());
  EXPECT_EQ(w.net.counters().cut, 1u);
  w.expect_books_close();
}

TEST(NetworkDeathTest, ACutHealsOnce) {
  World w(plain());
  const LinkFaultId cut = w.net.cut({{0}}, {{1}}, Directions::kOneWay);
  w.net.heal(cut);
  EXPECT_EXIT(w.net.heal(cut), testing::ExitedWithCode(4), "ended");
}

// --- impairments ---

TEST(Network, AnImpairmentReplacesTheChancesOfItsLinksAndDirectionOnly) {
  World w(plain());
  const LinkFaultId fault = w.net.impair({{0}}, {{1}}, {.loss = kAlways, .duplication = {}});
  w.send(0, 1, "x");
  w.send(1, 0, "x");
  w.send(0, 2, "x");
  w.net.heal(fault);
  w.send(0, 1, "y");
  w.run();
  EXPECT_EQ(w.messages_at(1), Messages{"y"});
  EXPECT_EQ(w.messages_at(0), Messages{"x"});
  EXPECT_EQ(w.messages_at(2), Messages{"x"});
}

TEST(Network, OfOverlappingImpairmentsTheLastBegunCounts) {
  World w(plain());
  w.net.impair({{0}}, {{1}}, {.loss = kAlways, .duplication = {}});
  const LinkFaultId last = w.net.impair({{0}}, {{1}, {2}}, {.loss = {}, .duplication = kAlways});
  w.send(0, 1, "x");
  w.net.heal(last);
  w.send(0, 1, "y");
  w.run();
  EXPECT_EQ(w.messages_at(1), (Messages{"x", "x"}));
}

// --- independence of the random streams ---

std::map<std::pair<uint32_t, uint32_t>, std::vector<Instant>> first_arrivals(World& w) {
  // Messages are numbered per link; of copies the original is told by its delay, so keep all times.
  std::map<std::pair<uint32_t, uint32_t>, std::vector<Instant>> times;
  for (int i = 0; i < 100; ++i) {
    for (uint32_t to : {1u, 2u}) w.send(0, to, std::to_string(i));
  }
  w.run();
  for (const Arrival& a : w.arrivals) times[{a.from, a.to}].push_back(a.at);
  return times;
}

TEST(Network, DuplicationOnOneLinkLeavesDelaysEverywhereAlone) {
  World calm(random_delays()), disturbed(random_delays());
  disturbed.net.impair({{0}}, {{1}}, {.loss = {}, .duplication = percent(50)});
  auto expected = first_arrivals(calm), actual = first_arrivals(disturbed);
  EXPECT_EQ((expected[{0, 2}]), (actual[{0, 2}]));
  // On the link itself the originals keep their delays; copies come in addition.
  EXPECT_GT((actual[{0, 1}].size()), (expected[{0, 1}].size() + 20));
  EXPECT_TRUE(std::ranges::includes(actual[{0, 1}], expected[{0, 1}]));
}

TEST(Network, LossOnALinkLeavesTheDelaysOfTheOthersOnItAlone) {
  World calm(random_delays()), disturbed(random_delays());
  disturbed.net.impair({{0}}, {{1}}, {.loss = percent(50), .duplication = {}});
  auto expected = first_arrivals(calm), actual = first_arrivals(disturbed);
  EXPECT_EQ((expected[{0, 2}]), (actual[{0, 2}]));
  EXPECT_LT((actual[{0, 1}].size()), 80u);
  EXPECT_TRUE(std::ranges::includes(expected[{0, 1}], actual[{0, 1}]));
}

TEST(Network, ACutLeavesTheDelaysOfLaterMessagesAlone) {
  World calm(random_delays()), disturbed(random_delays());
  for (World* w : {&calm, &disturbed}) {
    for (int i = 0; i < 20; ++i) {
      w->send_at(seconds(i), 0, 1, std::to_string(i));
    }
  }
  LinkFaultId cut;
  disturbed.at(milliseconds(4500),
               [&] { cut = disturbed.net.cut({{0}}, {{1}}, Directions::kBothWays); });
  disturbed.at(milliseconds(9500), [&] { disturbed.net.heal(cut); });
  calm.run();
  disturbed.run();
  std::erase_if(calm.arrivals, [](const Arrival& a) {
    return a.at >= Instant{} + milliseconds(4500) && a.at < Instant{} + milliseconds(9500);
  });
  EXPECT_EQ(calm.arrivals, disturbed.arrivals);
}

TEST(Network, ALinkDoesNotDependOnTheTrafficOfOthers) {
  World quiet(random_delays()), busy(random_delays());
  for (int i = 0; i < 50; ++i) busy.send(2, 3, "noise");
  for (World* w : {&quiet, &busy}) {
    for (int i = 0; i < 50; ++i) w->send(0, 1, std::to_string(i));
    w->run();
    std::erase_if(w->arrivals, [](const Arrival& a) { return a.from != 0; });
  }
  EXPECT_EQ(quiet.arrivals, busy.arrivals);
}

TEST(Network, TheSameSeedGivesTheSameRunAndAnotherAnother) {
  NetworkOptions o = random_delays();
  o.loss = percent(10);
  o.duplication = percent(10);
  const auto play = [&](uint64_t seed) {
    World w(o, 4, seed);
    for (uint32_t i = 0; i < 500; ++i) w.send(i % 4, i * 7 % 4, std::to_string(i));
    w.run();
    return std::pair(w.kernel.fingerprint(), w.arrivals);
  };
  EXPECT_EQ(play(1), play(1));
  EXPECT_NE(play(1).first, play(2).first);
}

TEST(Network, TheFingerprintTellsMessagesAndSendersApart) {
  const auto play = [](uint32_t from, const char* message) {
    World w(plain());
    w.send(from, 3, message);
    w.run();
    return w.kernel.fingerprint();
  };
  EXPECT_NE(play(0, "a"), play(0, "b"));
  EXPECT_NE(play(0, "a"), play(1, "a"));
}

// --- bandwidth ---

TEST(Network, MessagesQueueBehindEachOtherOnTheirLink) {
  NetworkOptions o = plain();
  o.bandwidth = {1000};  // 100 bytes take 100 ms
  World w(o);
  const std::string hundred(100, 'x'), fifty(50, 'y');
  w.send(0, 1, hundred);                        // leaves 0…100 ms
  w.send(0, 1, fifty);                          // waits, leaves 100…150 ms
  w.send(0, 2, fifty);                          // another link: 0…50 ms
  w.send(1, 0, fifty);                          // another direction: 0…50 ms
  w.send_at(milliseconds(120), 0, 1, hundred);  // waits, leaves 150…250 ms
  w.send_at(milliseconds(400), 0, 1, hundred);  // idle link: 400…500 ms
  w.run();
  std::vector<std::pair<int64_t, uint32_t>> arrivals;
  for (const Arrival& a : w.arrivals) arrivals.emplace_back(a.at.ns / 1'000'000, a.to);
  EXPECT_EQ(arrivals, (std::vector<std::pair<int64_t, uint32_t>>{
                          {51, 2}, {51, 0}, {101, 1}, {151, 1}, {251, 1}, {501, 1}}));
}

TEST(Network, TransmissionRoundsUpToNanoseconds) {
  NetworkOptions o = plain();
  o.delay_min = o.delay_mean = {};
  o.bandwidth = {3'000'000'000};
  World w(o);
  w.send(0, 1, "12345");  // 5/3 ns
  w.run();
  EXPECT_EQ(w.arrivals[0].at, Instant{2});
}

TEST(Network, ALostMessageOccupiesTheLinkAllTheSame) {
  NetworkOptions o = plain();
  o.bandwidth = {1000};
  World w(o);
  const LinkFaultId fault = w.net.impair({{0}}, {{1}}, {.loss = kAlways, .duplication = {}});
  w.send(0, 1, std::string(100, 'x'));
  w.net.heal(fault);
  w.send(0, 1, std::string(100, 'y'));
  w.run();
  ASSERT_EQ(w.arrivals.size(), 1u);
  EXPECT_EQ(w.arrivals[0].at, Instant{} + milliseconds(201));
}

// --- lag, pause, death ---

TEST(Network, LagDelaysWhatIsSentToANodeMeanwhileAndNothingElse) {
  World w(plain());
  w.send(0, 1, "early");
  w.at(microseconds(500), [&] { w.net.add_lag({1}, milliseconds(50)); });
  w.send_at(milliseconds(10), 0, 1, "late");
  w.send_at(milliseconds(10), 1, 0, "answer");
  w.at(milliseconds(20), [&] { w.net.add_lag({1}, milliseconds(-50)); });
  w.send_at(milliseconds(30), 0, 1, "prompt");
  w.run();
  EXPECT_EQ(w.arrivals, (std::vector<Arrival>{{Instant{} + milliseconds(1), 0, 1, "early"},
                                              {Instant{} + milliseconds(11), 1, 0, "answer"},
                                              {Instant{} + milliseconds(31), 0, 1, "prompt"},
                                              {Instant{} + milliseconds(61), 0, 1, "late"}}));
}

TEST(Network, APausedNodeGetsItsMessagesInOrderWhenItResumes) {
  World w(plain());
  w.at({}, [&] { w.net.pause({1}); });
  for (int i = 0; i < 5; ++i) w.send_at(milliseconds(i), 0, 1, std::to_string(i));
  w.at(milliseconds(2), [&] { w.send(0, 2, "elsewhere"); });
  w.at(seconds(1), [&] {
    EXPECT_EQ(w.net.in_flight(), 5u);
    w.net.resume({1});
  });
  w.send_at(seconds(2), 0, 1, "5");
  w.run();
  EXPECT_EQ(w.messages_at(1), (Messages{"0", "1", "2", "3", "4", "5"}));
  EXPECT_EQ(w.arrivals[1].at, Instant{} + seconds(1));
  EXPECT_EQ(w.messages_at(2), Messages{"elsewhere"});
  w.expect_books_close();
}

TEST(Network, ANodePausedAgainByAReceiverKeepsTheRest) {
  World w(plain(), 1);
  Messages seen;
  w.ports[1] = w.net.attach({1});
  w.ports[1]->set_receiver([&](NodeId, Bytes m) {
    seen.emplace_back(m);
    w.net.pause({1});
  });
  w.net.pause({1});
  for (int i = 0; i < 3; ++i) w.send(0, 1, std::to_string(i));
  w.run(milliseconds(10));
  w.net.resume({1});
  EXPECT_EQ(seen, Messages{"0"});
  w.net.resume({1});
  EXPECT_EQ(seen, (Messages{"0", "1"}));
}

TEST(Network, MessagesToADeadNodeAreDroppedAndToItsNextProcessDelivered) {
  World w(plain());
  w.at(milliseconds(10), [&] { w.ports.erase(1); });
  w.send_at(microseconds(9500), 0, 1, "in flight at the crash");
  w.send_at(milliseconds(11), 0, 1, "while down");
  w.send_at(microseconds(19'500), 0, 1, "in flight at the restart");
  w.at(milliseconds(20), [&] { w.start(1); });
  w.run();
  EXPECT_EQ(w.messages_at(1), Messages{"in flight at the restart"});
  EXPECT_EQ(w.net.counters().unheard, 2u);
  w.expect_books_close();
}

TEST(Network, ADetachedTransportSendsNothing) {
  World w(plain());
  w.net.detach({0});
  w.send(0, 1, "ghost");
  w.send(0, 0, "ghost");
  w.run();
  EXPECT_TRUE(w.arrivals.empty());
  EXPECT_EQ(w.net.counters().sent, 0u);
  w.start(0);  // the old transport goes only now, and must not take the new one with it
  w.send(0, 1, "alive");
  w.run(hours(11));
  EXPECT_EQ(w.messages_at(1), Messages{"alive"});
}

TEST(Network, DeathDropsWhatWaitsAtAPausedNodeAndEndsThePause) {
  World w(plain());
  w.net.pause({1});
  w.send(0, 1, "old");
  w.run(milliseconds(10));
  w.net.detach({1});
  EXPECT_EQ(w.net.counters().unheard, 1u);
  w.start(1);
  w.send(0, 1, "new");
  w.run();
  EXPECT_EQ(w.messages_at(1), Messages{"new"});
  w.expect_books_close();
}

TEST(NetworkDeathTest, OneProcessListensPerMachine) {
  World w(plain());
  EXPECT_EXIT((void)w.net.attach({0}), testing::ExitedWithCode(4), "attached already");
}

TEST(Network, AReceiverMaySendToAMachineNeverSeenBefore) {
  World w(plain(), 1);
  w.ports[1] = w.net.attach({1});
  w.ports[1]->set_receiver([&](NodeId, Bytes message) {
    for (uint32_t to = 2; to < 300; ++to) w.send(1, to, std::string(message));
  });
  w.send(0, 1, "fan out");
  w.run();
  EXPECT_EQ(w.net.counters().unheard, 298u);
  w.expect_books_close();
}

// Random traffic under random faults: the books close at every moment and the run repeats.
TEST(Network, BooksCloseUnderRandomFaults) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto play = [seed] {
      NetworkOptions o = random_delays();
      o.loss = percent(5);
      o.duplication = percent(5);
      o.bandwidth = {100'000};
      World w(o, 5, seed);
      Random random(seed, "test");
      std::vector<LinkFaultId> faults;
      for (int step = 0; step < 400; ++step) {
        const auto node = static_cast<uint32_t>(random.below(5));
        const auto other = static_cast<uint32_t>(random.below(5));
        switch (random.below(12)) {
          case 0:
            faults.push_back(w.net.cut({{node}}, {{other}}, Directions::kBothWays));
            break;
          case 1:
            faults.push_back(w.net.impair({{node}}, {{other}}, {percent(50), percent(50)}));
            break;
          case 2:
            if (faults.empty()) break;
            w.net.heal(faults.back());
            faults.pop_back();
            break;
          case 3:
            w.net.pause({node});
            break;
          case 4:
            w.net.resume({node});
            break;
          case 5:
            w.net.detach({node});
            w.start(node);
            break;
          default:
            w.send(node, other, std::string(random.below(200), 'x'));
        }
        w.run(milliseconds(step));
        w.expect_books_close();
      }
      for (uint32_t node = 0; node < 5; ++node) w.net.resume({node});
      w.run();
      EXPECT_EQ(w.net.in_flight(), 0u);
      EXPECT_GT(w.net.counters().delivered, 30u);
      return w.kernel.fingerprint();
    };
    EXPECT_EQ(play(), play());
  }
}

// --- bandwidth as a queue ---

// Poisson arrivals of 1,000-byte messages at 80 % of 1 MB/s: an M/D/1 queue, in which the mean wait
// is rho * D / (2 * (1 - rho)) = 2 ms, and the mean time to pass 3 ms (Pollaczek, Khinchine).
TEST(NetworkQueue, ALinkUnderPoissonArrivalsWaitsAsMD1) {
  NetworkOptions o = plain();
  o.delay_min = o.delay_mean = {};
  o.bandwidth = {1'000'000};
  World w(o);
  Random random(1, "arrivals");
  std::vector<Instant> sent;
  Duration at;
  for (int i = 0; i < 200'000; ++i) {
    at += random.exponential(microseconds(1250));
    sent.push_back(Instant{} + at);
    w.send_at(at, 0, 1, std::string(1000, 'm'));
  }
  w.run();
  ASSERT_EQ(w.arrivals.size(), sent.size());
  double sum = 0;
  for (size_t i = 0; i < sent.size(); ++i) sum += (w.arrivals[i].at - sent[i]).in_seconds();
  EXPECT_NEAR(sum / static_cast<double>(sent.size()) * 1e3, 3.0, 0.12);
}

TEST(NetworkQueue, AMachinesLinksShareItsPort) {
  NetworkOptions o = plain();
  o.port_bandwidth = {1'000'000};
  World w(o);
  for (uint32_t to : {1u, 2u, 3u}) w.send_at({}, 0, to, std::string(1000, 'm'));
  w.run();
  // Each leaves 1 ms after the one before, travels for 1 ms, and takes 1 ms to enter.
  ASSERT_EQ(w.arrivals.size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(w.arrivals[i].to, i + 1);
    EXPECT_EQ(w.arrivals[i].at, Instant{} + milliseconds(3 + i));
  }
  w.expect_books_close();
}

TEST(NetworkQueue, WhatManySendToOneQueuesAtItsPort) {
  NetworkOptions o = plain();
  o.port_bandwidth = {1'000'000};
  World w(o);
  for (uint32_t from : {1u, 2u, 3u}) w.send_at({}, from, 0, std::string(1000, 'm'));
  w.run();
  ASSERT_EQ(w.arrivals.size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(w.arrivals[i].at, Instant{} + milliseconds(3 + i));
}

TEST(NetworkQueue, AnImpairedLinkMayBeSlower) {
  World w(plain());
  const LinkFaultId slow = w.net.impair({{0}}, {{1}}, {}, Bandwidth{1000});
  w.send_at({}, 0, 1, std::string(100, 'm'));
  w.send_at({}, 0, 2, std::string(100, 'm'));
  w.at(seconds(1), [&] { w.net.heal(slow); });
  w.send_at(seconds(1), 0, 1, std::string(100, 'm'));
  w.run();
  ASSERT_EQ(w.arrivals.size(), 3u);
  EXPECT_EQ(w.arrivals[0].at, Instant{} + milliseconds(1));
  EXPECT_EQ(w.arrivals[1].at, Instant{} + milliseconds(101));
  EXPECT_EQ(w.arrivals[2].at, Instant{} + milliseconds(1001));
}

// --- order ---

int overtakings(const NetworkOptions& o, int messages) {
  World w(o);
  for (int i = 0; i < messages; ++i) {
    w.send_at(microseconds(100) * i, 0, 1,
              std::string(1, static_cast<char>('a' + i % 2)) + std::to_string(i));
  }
  w.run();
  EXPECT_EQ(w.arrivals.size(), static_cast<size_t>(messages));
  int count = 0, greatest = -1;
  for (const Arrival& a : w.arrivals) {
    const int number = std::stoi(a.message.substr(1));
    count += number < greatest ? 1 : 0;
    greatest = std::max(greatest, number);
  }
  return count;
}

TEST(NetworkOrder, IndependentDelaysLetMessagesOvertakeUnlessTheLinkKeepsOrder) {
  NetworkOptions o = random_delays();
  EXPECT_GT(overtakings(o, 1000), 500);
  o.in_order = true;
  EXPECT_EQ(overtakings(o, 1000), 0);
}

TEST(NetworkOrder, AReorderedMessageIsHeldBackByAUniformDraw) {
  NetworkOptions o = plain();
  o.in_order = true;
  o.reordering = percent(10);
  o.reordering_delay = milliseconds(20);
  EXPECT_NEAR(overtakings(o, 10'000), 1000, 120);
  World w(o);
  for (int i = 0; i < 10'000; ++i) w.send_at(seconds(i), 0, 1, "m");
  w.run();
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Duration held =
        w.arrivals[static_cast<size_t>(i)].at - Instant{} - seconds(i) - milliseconds(1);
    EXPECT_LE(held, milliseconds(20));
    sum += held.in_seconds();
  }
  const auto reordered = static_cast<double>(w.net.counters().reordered);
  EXPECT_NEAR(reordered, 1000, 100);
  EXPECT_NEAR(sum / reordered * 1e3, 10, 0.6);
}

// --- loss by size ---

TEST(NetworkLoss, LargeMessagesAreLostMoreOften) {
  NetworkOptions o = plain();
  o.packet_loss = percent(5);
  o.packet_size = {1000};
  World w(o);
  for (int i = 0; i < 10'000; ++i) {
    w.send_at(milliseconds(i), 0, 1, std::string(100, 's'));
    w.send_at(milliseconds(i), 0, 2, std::string(10'000, 'l'));
  }
  w.run();
  // 0.95 and 0.95^10 = 0.5987 of 10,000, within four standard deviations.
  EXPECT_NEAR(static_cast<double>(w.messages_at(1).size()), 9500, 90);
  EXPECT_NEAR(static_cast<double>(w.messages_at(2).size()), 5987, 200);
  w.expect_books_close();
}

// --- places ---

TEST(NetworkPlaces, ALinkIsWhatLiesBetweenItsMachines) {
  NetworkOptions o = plain();
  LinkOptions& zone = o.topology.inter_zone;
  zone.delay = DelayDistribution::kConstant;
  zone.delay_min = zone.delay_mean = milliseconds(9);
  zone.bandwidth = {INT64_MAX};
  World w(o);
  w.net.place({2}, {.region = 0, .zone = 1, .rack = 0});
  w.send_at({}, 0, 1, "near");
  w.send_at({}, 0, 2, "far");
  w.send_at({}, 2, 3, "far");
  w.run();
  ASSERT_EQ(w.arrivals.size(), 3u);
  EXPECT_EQ(w.arrivals[0], (Arrival{Instant{} + milliseconds(1), 0, 1, "near"}));
  EXPECT_EQ(w.arrivals[1], (Arrival{Instant{} + milliseconds(9), 0, 2, "far"}));
  EXPECT_EQ(w.arrivals[2], (Arrival{Instant{} + milliseconds(9), 2, 3, "far"}));
}

}  // namespace
}  // namespace revenant::sim
