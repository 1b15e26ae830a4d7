// Reads histories that others have recorded, and Revenant's own.
//
//   revenant   history.jsonl of `revenant run --out DIR --history`
//   jepsen     maps of process, type, f, value, in EDN or JSON: one after the other or in a vector; also lines
//              "INFO  jepsen.util - PROCESS\tTYPE\tF\tVALUE" (read_jepsen.cc: which f there are)
//   plume      r(key,value,session,transaction) and w(…), a line each; PolySI's text is the same
//   dbcop      history.bincode, or its JSON, or its text: [x:=1 y==2] …
//
// Operations of a JSON array or of bincode are called by their place in it, all others by their line. In the order
// of its lines an event comes after another; times that a Jepsen history gives are not looked at.
// An operation whose completion is missing, or is :info, is of unknown outcome.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "sim/history/history.h"

namespace revenant::history {

enum class Format { kRevenant, kJepsen, kPlume, kDbcop };

// What a source leaves open. Each unset one is as the format has it:
//
//                      revenant   jepsen log   maps with read, write   with get, put   plume, dbcop
//   nil_is_unknown     no         no           yes                     no              no
//   failed_cas_is_read yes        yes          no                      yes             -
//   initial            absent     absent       absent                  ""              0 (untimed.h)
struct ReadOptions {
  std::optional<Format> format = {};
  std::optional<std::string> initial = {};  // of every key: nil, a number, or a text
  std::optional<bool> nil_is_unknown = {};  // a read that returned nil says nothing
  // Of another value than the expected one; otherwise it says nothing.
  std::optional<bool> failed_cas_is_read = {};
  // A read of what nobody wrote says nothing: others write too, or did before.
  bool unwritten_is_unknown = false;
};

// kInvalid: "PATH:LINE: what is wrong, and what was expected".
Result<History> read_history(std::string_view text, const std::string& path,
                             const ReadOptions& options = {});

}  // namespace revenant::history
