// Extensible data notation, as Jepsen and Knossos write it: maps, vectors, keywords, strings, numbers, nil.
// Lists, vectors and sets are all items; tags are left out; ratios, characters, symbols and integers of more than
// 64 bits are texts.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace revenant::history {

struct Edn {
  enum class Kind { kNil, kBoolean, kInteger, kReal, kText, kKeyword, kItems, kMap };

  Kind kind = Kind::kNil;
  int64_t integer = 0;  // a boolean: 0 or 1
  double real = 0;
  std::string_view text = {};  // a keyword without its colon; of what was read, or kept (EdnReader)
  std::vector<Edn> items = {};  // of a map: key, value, key, value …
  uint32_t line = 0;

  bool is_nil() const { return kind == Kind::kNil; }
  // The value of this key (a keyword or a text); null if there is none, or this is no map.
  const Edn* get(std::string_view key) const;
  // A keyword's or a text's; empty if it is neither.
  std::string_view name() const;
};

// On one line: {:process 0, :value [1 2]}; sets and lists as vectors.
std::string to_string(const Edn& edn);

// Texts that do not stand in what was read as they are. What refers to them stays valid, moved or not.
using KeptTexts = std::list<std::string>;

// Reads one form after the other. Lines count from `line`.
class EdnReader {
 public:
  explicit EdnReader(std::string_view text, uint32_t line = 1) : text_(text), line_(line) {}

  // Nothing at the end. kInvalid: "LINE: what was expected".
  Result<std::optional<Edn>> next(KeptTexts& kept);
  // Likewise, but of a list or a vector of maps, of other lists or vectors, or of what is tagged, each item by
  // itself: so that it need not be in memory as a whole.
  Result<std::optional<Edn>> next_item(KeptTexts& kept);

 private:
  Result<Edn> form();
  Result<Edn> items_until(char end, Edn::Kind kind);
  Result<Edn> text();
  Result<Edn> atom();
  void skip_space();
  bool at_end() const { return at_ == text_.size(); }

  std::string_view text_;
  KeptTexts* kept_ = nullptr;  // during a call
  size_t at_ = 0;
  uint32_t line_;
  int depth_ = 0;
  struct Opened {
    char end;
    uint32_t line;
  };
  std::optional<Opened> opened_;  // the list whose items come one by one
};

}  // namespace revenant::history
