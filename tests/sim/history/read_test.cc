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
    out += fmt::format("{}: {} {} [{} {}] {}\n", op.line,
                       op.session == kNoSession ? "-" : fmt::format("{}", op.session),
                       to_string(op.outcome), op.invoked,
                       op.completed == kNever ? -1 : op.completed, history.print(op));
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

TEST(ReadHistoryTest, AReadThatAsksForAKeyAndNilSaysThatValuesArePairs) {
  EXPECT_EQ(print(read("{:process 0, :type :invoke, :f :write, :value [7 1]}\n"
                       "{:process 0, :type :ok, :f :write, :value [7 1]}\n"
                       "{:process 1, :type :invoke, :f :read, :value [7 nil]}\n"
                       "{:process 1, :type :ok, :f :read, :value [7 1]}\n")),
            "1: 0 ok [1 2] put(7, 1)\n"
            "3: 1 ok [3 4] get(7) = 1\n");
}

TEST(ReadHistoryTest, AddsAreToACounterOrToASet) {
  EXPECT_EQ(print(read("{:process 0, :type :invoke, :f :add, :value 3}\n"
                       "{:process 0, :type :ok, :f :add, :value 3}\n"
                       "{:process 1, :type :invoke, :f :read}\n"
                       "{:process 1, :type :ok, :f :read, :value 3}\n")),
            "1: 0 ok [1 2] add(register, 3)\n"
            "3: 1 ok [3 4] get(register) = 3\n");
  // Read as they are: these are no pairs of key and value, for the read asks for no key.
  EXPECT_EQ(print(read("{:process 0, :type :invoke, :f :add, :value [0 1]}\n"
                       "{:process 0, :type :ok, :f :add, :value [0 1]}\n"
                       "{:process 1, :type :invoke, :f :read, :value nil}\n"
                       "{:process 1, :type :ok, :f :read, :value [[0 1]]}\n")),
            "1: 0 ok [1 2] add(register, [0 1])\n"
            "3: 1 ok [3 4] get(register) = [[0 1]]\n");
}

TEST(ReadHistoryTest, WhereReadsReturnListsAWriteOfOneIsAnAdd) {
  EXPECT_EQ(print(read("{:type :invoke, :f :read, :value nil}\n"
                       "{:type :invoke, :f :write, :value 4}\n"
                       "{:type :invoke, :f :write, :value 5}\n"
                       "{:type :ok, :f :write, :value 5}\n"
                       "{:type :ok, :f :read, :value #{4 5}}\n")),
            "3: 2 ok [3 4] add(register, 5)\n"
            "1: 0 ok [1 5] get(register) = [4 5]\n"
            "2: 1 unknown [2 -1] add(register, 4)\n");
}

TEST(ReadHistoryTest, ATransferIsAnAddToEachOfTwoAccounts) {
  EXPECT_EQ(
      print(read("{:type :invoke, :f :transfer, :process 0, :value {:from 1, :to 2, :amount 5}}\n"
                 "{:type :fail, :f :transfer, :process 0, :value [:negative 1 -5]}\n"
                 "{:type :invoke, :f :read, :process 0}\n"
                 "{:type :ok, :f :read, :process 0, :value {1 10, 2 -3}}\n")),
      "1: 0 fail [1 2] transaction { add(1, -5); add(2, 5) }\n"
      "3: 0 ok [3 4] transaction { get(1) = 10; get(2) = -3 }\n");
}

TEST(ReadHistoryTest, ALockIsComparedAndSet) {
  EXPECT_EQ(print(read(R"([{"type":"invoke","f":"acquire","process":1},
                           {"type":"ok","f":"acquire","process":1},
                           {"type":"info","f":"start","process":"nemesis"},
                           {"type":"invoke","f":"acquire","process":2},
                           {"type":"fail","f":"acquire","process":2,"error":"already-held"},
                           {"type":"invoke","f":"release","process":1}])")),
            "1: 0 ok [1 2] compare_and_set(register, nil, \"held\")\n"
            "6: 0 unknown [6 -1] compare_and_set(register, \"held\", nil)\n");
}

TEST(ReadHistoryTest, StepsNeedNeitherAnFNorAProcessNorAnInvocation) {
  EXPECT_EQ(print(read("{:index 2 :type :invoke, :value [[:append 255 8] [:r 253 nil]]}\n"
                       "{:index 4 :type :invoke, :value [[:append 256 4] [:r 253 nil]]}\n"
                       "{:index 5 :type :ok,     :value [[:append 256 4] [:r 253 [1]]]}\n")),
            "2: 1 ok [2 3] transaction { append(256, 4); get(253) = [1] }\n"
            "1: 0 unknown [1 -1] transaction { append(255, 8) }\n");
  EXPECT_EQ(print(read("{:type :ok, :f :read, :value [[:r 0 1] [:r 1 nil]]}\n"
                       "{:type :ok, :f :txn, :value [[:write 0 1]]}\n")),
            "1: 0 ok [1 1] transaction { get(0) = 1; get(1) = nil }\n"
            "2: 1 ok [2 2] transaction { put(0, 1) }\n");
}

TEST(ReadHistoryTest, WhatAReadAsksForNeedNotBeThere) {
  EXPECT_EQ(print(read("{:process 1, :index 1, :type :invoke, :value [[:r x] [:append y 1]]}\n"
                       "{:process 1, :index 2, :type :ok, :value [[:r x []] [:append y 1]]}\n")),
            "1: 0 ok [1 2] transaction { get(x) = []; append(y, 1) }\n");
}

TEST(ReadHistoryTest, AnEventMayBeAVectorOfItsFieldsOrATaggedMap) {
  EXPECT_EQ(print(read("[70 :invoke :write 3]\n"
                       "[:nemesis :info :start \"cut off\"]\n"
                       "[70 :info :write 3 :timed-out]\n"
                       "#jepsen.history.Op{:process 71, :type :invoke, :f :read, :value nil}\n"
                       "#jepsen.history.Op{:process 71, :type :ok, :f :read, :value 3}\n")),
            "1: 0 unknown [1 3] put(register, 3)\n"
            "4: 1 ok [4 5] get(register) = 3\n");
}

TEST(ReadHistoryTest, IntegersOfAnySizeStayApart) {
  const History history = read(
      "{:process 0, :type :invoke, :f :write, :value 123456789012345678901234567890}\n"
      "{:process 0, :type :ok, :f :write, :value 123456789012345678901234567890}\n"
      "{:process 0, :type :invoke, :f :write, :value -123456789012345678901234567891N}\n");
  EXPECT_NE(history.operations()[0].argument, history.operations()[1].argument);
}

TEST(ReadHistoryTest, ReadsPlumesText) {
  const History history =
      read("w(1,7,0,0)\nr(1,0,1,1)\nr(13296660918851520211,5,0,0)\nw(1,8,1,-1)\n");
  EXPECT_EQ(print(history),
            "1: 0 ok [0 -1] transaction { put(1, 7); get(13296660918851520211) = 5 }\n"
            "2: 1 ok [0 -1] transaction { get(1) = 0 }\n"
            "4: 1 fail [1 -1] transaction { put(1, 8) }\n");
  EXPECT_EQ(history.print(history.initial()), "0");
}

TEST(ReadHistoryTest, ASourceThatWritesZeroMeansItByZero) {
  EXPECT_EQ(print(read("w(1,0,0,0)\nr(1,0,1,1)\nr(2,0,1,1)\n")),
            "1: 0 ok [0 -1] transaction { put(1, 0) }\n"
            "2: 1 ok [0 -1] transaction { get(1) = 0; get(2) = nil }\n");
}

// dbcop's bincode.
class Bincode {
 public:
  Bincode& integer(uint64_t value) {
    for (int i = 0; i < 8; ++i) bytes_ += static_cast<char>(value >> 8 * i);
    return *this;
  }
  Bincode& boolean(bool value) {
    bytes_ += static_cast<char>(value ? 1 : 0);
    return *this;
  }
  Bincode& event(bool is_write, uint64_t key, uint64_t value, bool success) {
    return boolean(is_write).integer(key).integer(value).boolean(success);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::string bincode_of_two_sessions() {
  Bincode out;
  out.integer(1).integer(2).integer(2).integer(2).integer(2);  // id and sizes
  out.integer(0).integer(0).integer(0);                        // info, start, end
  out.integer(2);
  out.integer(2);
  out.integer(2).event(true, 5, 1, true).event(false, 6, 0, true).boolean(true);
  out.integer(1).event(true, 5, 9, true).boolean(false);
  out.integer(1);
  out.integer(2).event(false, 5, 1, true).event(true, 6, 2, false).boolean(true);
  return out.bytes();
}

TEST(ReadHistoryTest, ReadsDbcopsBincode) {
  EXPECT_EQ(print(read(bincode_of_two_sessions())),
            "1: 0 ok [0 -1] transaction { put(5, 1); get(6) = 0 }\n"
            "2: 0 fail [1 -1] transaction { put(5, 9) }\n"
            "3: 1 ok [0 -1] transaction { get(5) = 1 }\n");
}

TEST(ReadHistoryTest, SaysAtWhichByteBincodeIsDamaged) {
  const std::string bytes = bincode_of_two_sessions();
  EXPECT_EQ(error_of(bytes.substr(0, 20)),
            "h:byte 16: expected variables, 8 bytes, but 4 are left");
  EXPECT_EQ(error_of(bytes + "x"),
            fmt::format("h:byte {}: expected the end, but 1 bytes follow", bytes.size()));
  std::string flipped = bytes;
  flipped[88] = 7;  // of the first event: is it a write?
  EXPECT_EQ(error_of(flipped), "h:byte 88: expected whether an event is a write, 0 or 1, not 7");
  EXPECT_EQ(error_of(std::string("\x7f"
                                 "ELF\0\0\0\0",
                                 8) +
                     std::string(64, '\x11'))
                .substr(0, 43),
            "h:byte 40: expected the number of bytes of ");
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(read_history(bytes.substr(0, length), "h", {.format = Format::kDbcop}) &&
                 length > 0)
        << length;
}

TEST(ReadHistoryTest, WhereOthersWriteTooAReadOfWhatNobodyWroteSaysNothing) {
  constexpr std::string_view kText =
      "{:process 0, :type :invoke, :f :txn, :value [[:w x 1] [:append y 1]]}\n"
      "{:process 0, :type :ok, :f :txn, :value [[:w x 1] [:append y 1]]}\n"
      "{:process 1, :type :invoke, :f :txn, :value [[:r x nil] [:r y nil]]}\n"
      "{:process 1, :type :ok, :f :txn, :value [[:r x 3] [:r x 1] [:r y [7 1 8]]]}\n";
  EXPECT_EQ(print(read(kText, {.unwritten_is_unknown = true})),
            "1: 0 ok [1 2] transaction { put(x, 1); append(y, 1) }\n"
            "3: 1 ok [3 4] transaction { get(x) = 1; get(y) = [1] }\n");
  EXPECT_EQ(read("[1 :ok :read 5]", {.unwritten_is_unknown = true}).operations().size(), 0u);
}

TEST(ReadHistoryTest, ReadsDbcopsJsonAndText) {
  constexpr std::string_view kPrinted =
      "1: 0 ok [0 -1] transaction { put(x, 1); get(y) = 0 }\n"
      "2: 0 fail [1 -1] transaction { put(x, 2) }\n"
      "3: 1 ok [0 -1] transaction { get(x) = 1 }\n";
  EXPECT_EQ(print(read(R"({"params":{"id":0},"info":"","start":"","end":"","data":[
      [{"events":[{"Write":{"variable":"x","version":1}},{"Read":{"variable":"y","version":null}}],
        "committed":true},
       {"events":[["w","x",2]],"committed":false}],
      [{"events":[{"write":false,"variable":"x","value":1,"success":true},
                  {"write":true,"variable":"x","value":5,"success":false}],"success":true}]]})")),
            kPrinted);
  EXPECT_EQ(print(read("// one\n[x:=1 y==?]\n[x:=2]!\n---\n[x==1]\n")),
            "2: 0 ok [0 -1] transaction { put(x, 1); get(y) = 0 }\n"
            "3: 0 fail [1 -1] transaction { put(x, 2) }\n"
            "5: 1 ok [0 -1] transaction { get(x) = 1 }\n");
  EXPECT_EQ(error_of("[x:=1]\n[y:1]\n"), "h:2: expected transactions such as [x:=1 y==2 z==?]");
  EXPECT_EQ(error_of("[[{\"events\":[[\"w\",1]],\"committed\":true}]]").substr(0, 16),
            "h:transaction 1:");
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
      "\n"
      R"({"workload":"w","session":3,"kind":"scan","key":"a","invoked_ns":31,"completed_ns":33,"outcome":"ok","cells":[{"key":"a","version":70,"write":2}]})"
      "\n");
  EXPECT_EQ(print(history),
            "1: - ok [-1 -1] put(a, 1)\n"
            "2: 0 ok [5 9] put(a, 2)\n"
            "2: - unknown [5 -1] compare_and_set(a, 2, nil)\n"
            "3: 1 ok [6 8] get(a) = nil\n"
            "5: 0 ok [31 33] scan { get(a) = 2 }\n"
            "4: - unknown [20 30] delete(a)\n");
  EXPECT_EQ(history.steps(history.operations()[4])[0].version, 70);
}

TEST(ReadHistoryTest, SaysWhereAHistoryIsDamagedAndWhatWasExpected) {
  EXPECT_EQ(error_of("{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok"),
            "h:2: '}' is missing for what began in line 2");
  EXPECT_EQ(error_of("{:process 1, :type :invoke, :f :read}\n"
                     "{:process 0, :type :ok, :f :read, :value 1}"),
            "h:2: process 0 ends an operation that it did not invoke");
  EXPECT_EQ(error_of("{:process 0, :type :invoke, :f :read}\n"
                     "{:process 0, :type :invoke, :f :read}"),
            "h:2: process 0 invokes an operation, but the one of line 1 has not ended");
  EXPECT_EQ(error_of("{:process 0, :type :invoke, :f :transfer, :value [1 2]}"),
            "h:1: expected the value of transfer to be {:from …, :to …, :amount …}");
  EXPECT_EQ(error_of("{:process 0, :type :invoke, :f :push, :value 1}"),
            "h:1: f is 'push'; expected read, write, cas, get, put, append, delete, txn, "
            "add, transfer, acquire or release");
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
