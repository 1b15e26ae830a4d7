// Each format as others write it, and what is said of a damaged one.
#include "sim/history/read.h"

#include <gtest/gtest.h>

namespace revenant::history {
namespace {

History read(std::string_view text, const ReadOptions& options = {}) {
  auto history = read_history(text, "h", options);
  EXPECT_TRUE(history.has_value()) << history.error().message;
  return history ? std::move(*history) : History();
}
std::string error_of(std::string_view text, const ReadOptions& options = {}) {
  const auto history = read_history(text, "h", options);
  if (history) return "no error";
  // That the format was guessed is said at the end.
  const std::string& message = history.error().message;
  EXPECT_EQ(message.find(" (taken for format ") != std::string::npos, !options.format);
  return message.substr(0, message.find(" (taken for format "));
}
// An operation a line: how it came out, when, and what it was.
std::string print(const History& history) {
  std::string out;
  for (const Operation& op : history.operations()) {
    out += fmt::format("{}: {} {} [{} {}] {}\n", op.line, op.session, to_string(op.outcome),
                       op.invoked, op.completed == kNever ? -1 : op.completed, history.print(op));
  }
  return out;
}

TEST(ReadHistoryTest, ReadsALogOfJepsensEtcdTests) {
  const History history = read(
      "INFO  jepsen.util - 4\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 4\t:ok\t:read\tnil\n"
      "INFO  jepsen.util - 1\t:invoke\t:write\t1\n"
      "INFO  jepsen.util - 2\t:invoke\t:cas\t[2 4]\n"
      "INFO  jepsen.util - 2\t:fail\t:cas\t[2 4]\n"
      "INFO  jepsen.util - 1\t:info\t:write\t:timed-out\n"
      "INFO  jepsen.util - 4\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 4\t:fail\t:read\t:timed-out\n");
  EXPECT_EQ(print(history),
            "1: 0 ok [1 2] get(register) = nil\n"
            "4: 2 fail [4 5] compare_and_set(register, 2, 4)\n"
            "3: 1 unknown [3 6] put(register, 1)\n"
            "7: 0 fail [7 8] get(register)\n");
}

TEST(ReadHistoryTest, InKnossosHistoriesNilAndAFailedCompareAndSetSayNothing) {
  constexpr std::string_view kText =
      "; a comment\n"
      "{:process 0, :type :invoke, :f :read, :value nil}\n"
      "{:process :nemesis, :type :info, :f :start, :value nil}\n"
      "{:process 1, :type :invoke, :f :cas, :value [0 3]}\n"
      "{:process 0, :type :ok, :f :read, :value nil}\n"
      "{:process 1, :type :fail, :f :cas, :value [0 3]}\n"
      "{:process 2, :type :invoke, :f :write, :value 3}\n";
  EXPECT_EQ(print(read(kText)), "7: 2 unknown [6 -1] put(register, 3)\n");
  const ReadOptions literal = {.nil_is_unknown = false, .failed_cas_is_read = true};
  EXPECT_EQ(read(kText, literal).operations().size(), 3u);
}

TEST(ReadHistoryTest, ReadsKeyValueLogsWhoseInitialValueIsEmpty) {
  const History history = read(
      "{:process 0, :type :invoke, :f :append, :key \"3\", :value \"x 0 1 y\"}\n"
      "{:process 1, :type :invoke, :f :get, :key \"3\", :value nil}\n"
      "{:process 1, :type :ok, :f :get, :key \"3\", :value \"x 0 1 y\"}\n"
      "{:process 0, :type :ok, :f :append, :key \"3\", :value \"x 0 1 y\"}\n");
  EXPECT_EQ(print(history),
            "2: 1 ok [2 3] get(3) = \"x 0 1 y\"\n"
            "1: 0 ok [1 4] append(3, \"x 0 1 y\")\n");
  EXPECT_EQ(history.print(history.initial()), "\"\"");
}

TEST(ReadHistoryTest, ReadsTransactionsInEdnAndInJson) {
  constexpr std::string_view kPrinted =
      "1: 0 ok [1 2] transaction { append(x, 1); get(y) = [1 2] }\n";
  const History edn = read(
      "[{:type :invoke, :f :txn, :value [[:append :x 1] [:r :y nil]], :process 0, :index 0}\n"
      " {:type :ok, :f :txn, :value [[:append :x 1] [:r :y [1 2]]], :process 0, :index 1}]");
  EXPECT_EQ(print(edn), kPrinted);
  const History json = read(
      R"([{"type":"invoke","f":"txn","value":[["append","x",1],["r","y",null]],"process":0},
          {"type":"ok","f":"txn","value":[["append","x",1],["r","y",[1,2]]],"process":0}])");
  EXPECT_EQ(print(json), kPrinted);
}

TEST(ReadHistoryTest, ValuesOfKeyAndValueAreOfThatKey) {
  const History history = read(
      "{:process 0, :type :invoke, :f :write, :value [7 1]}\n"
      "{:process 0, :type :ok, :f :write, :value [7 1]}\n"
      "{:process 0, :type :invoke, :f :cas, :value [8 [1 2]]}\n"
      "{:process 0, :type :ok, :f :cas, :value [8 [1 2]]}\n"
      "{:process 0, :type :invoke, :f :read, :value [7 nil]}\n"
      "{:process 0, :type :ok, :f :read, :value [7 1]}\n");
  EXPECT_EQ(print(history),
            "1: 0 ok [1 2] put(7, 1)\n"
            "3: 0 ok [3 4] compare_and_set(8, 1, 2)\n"
            "5: 0 ok [5 6] get(7) = 1\n");
}

TEST(ReadHistoryTest, ReadsPlumesText) {
  const History history = read("w(1,7,0,0)\nr(1,0,1,1)\nr(2,5,0,0)\n");
  EXPECT_EQ(print(history),
            "1: 0 ok [0 -1] transaction { put(1, 7); get(2) = 5 }\n"
            "2: 1 ok [0 -1] transaction { get(1) = 0 }\n");
}

TEST(ReadHistoryTest, ReadsRevenantsOwn) {
  const History history = read(
      R"({"kind":"preload","key":"a","write":1,"version":1})"
      "\n"
      R"({"workload":"w","session":3,"kind":"update","key":"a","invoked_ns":5,"completed_ns":9,"outcome":"ok","version":70,"write":2,"ttl_ns":100})"
      "\n"
      R"({"workload":"w","session":4,"kind":"read","key":"a","invoked_ns":6,"completed_ns":8,"outcome":"ok","found":false,"version":0})"
      "\n"
      R"({"kind":"truncate","invoked_ns":20,"completed_ns":30,"version":90})"
      "\n");
  EXPECT_EQ(print(history),
            "1: 0 ok [-1 -1] put(a, 1)\n"
            "2: 0 ok [5 9] put(a, 2)\n"
            "2: 0 unknown [5 -1] compare_and_set(a, 2, nil)\n"
            "3: 1 ok [6 8] get(a) = nil\n"
            "4: 0 unknown [20 30] delete(a)\n");
}

TEST(ReadHistoryTest, SaysWhereAHistoryIsDamagedAndWhatWasExpected) {
  EXPECT_EQ(error_of("{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok"),
            "h:2: '}' is missing for what began in line 2");
  EXPECT_EQ(error_of("{:process 0, :type :ok, :f :read, :value 1}"),
            "h:1: process 0 ends an operation that it did not invoke");
  EXPECT_EQ(error_of("{:process 0, :type :invoke, :f :push, :value 1}"),
            "h:1: f is 'push'; expected read, write, cas, get, put, append, delete or txn");
  EXPECT_EQ(error_of("{:process 0, :type :begin, :f :read, :value 1}"),
            "h:1: type is 'begin'; expected invoke, ok, fail or info");
  EXPECT_EQ(error_of("w(1,2,3,4)\nw(1,2,3\n"),
            "h:2: expected r(key,value,session,transaction) or w(…)");
  EXPECT_EQ(error_of("INFO  jepsen.util - 4\t:invoke\n"),
            "h:1: expected process, type, operation and value with tabs between them");
  EXPECT_EQ(error_of("{\"kind\":\"read\"}\n{\"kind\":\n").substr(0, 40),
            "h:1: [json.exception.out_of_range.403] k");
  EXPECT_EQ(error_of("hello"), "h:1: expected a map, such as {:process 0, :type :invoke, …}");
}

TEST(ReadHistoryTest, NothingThatIsCutShortOrFlippedEndsTheProgram) {
  const std::string text =
      "{:process 0, :type :invoke, :f :cas, :value [\"a\" [1 #{2}]]}\n"
      "{:process 0, :type :ok, :f :cas, :value [\"a\" [1 2N]]}\n";
  for (size_t length = 0; length <= text.size(); ++length) {
    (void)read_history(std::string_view(text).substr(0, length), "h");
    for (const char c : {'{', ']', '"', ':', '\\', '\n', '#'}) {
      std::string flipped = text;
      if (length < text.size()) flipped[length] = c;
      (void)read_history(flipped, "h");
    }
  }
}

}  // namespace
}  // namespace revenant::history
