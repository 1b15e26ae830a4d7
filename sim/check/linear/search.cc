#include "sim/check/linear/search.h"

#include <algorithm>
#include <bit>

#include "engine/base/check.h"
#include "sim/check/linear/configurations.h"
#include "sim/check/linear/content.h"

namespace revenant::check {

namespace {

constexpr size_t kBeamFactor = 8;
constexpr size_t kBeamMost = 1 << 14;  // a wider one is not cut
constexpr size_t kWordsMax = 16;       // of 64 operations under way each
constexpr uint32_t kNoPlace = ~uint32_t{0};
constexpr size_t kCompactFirst = 250'000;

// Calls visit(place) for each place of the set.
template <typename Set, typename Visit>
void each_place(const Set& set, Visit visit) {
  for (size_t w = 0; w < set.size(); ++w)
    for (uint64_t word = set[w]; word != 0; word &= word - 1)
      visit(static_cast<uint32_t>(64 * w + std::countr_zero(word)));
}
// Likewise of both sets.
template <typename Set, typename Visit>
void each_place(const Set& a, const std::vector<uint64_t>& b, Visit visit) {
  for (size_t w = 0; w < a.size(); ++w)
    for (uint64_t word = a[w] & b[w]; word != 0; word &= word - 1)
      visit(static_cast<uint32_t>(64 * w + std::countr_zero(word)));
}
template <typename Set>
bool has(const Set& set, uint32_t place) {
  return set[place / 64] >> (place % 64) & 1;
}
template <typename Set>
void set_place(Set&& set, uint32_t place, bool on) {
  const uint64_t bit = uint64_t{1} << (place % 64);
  set[place / 64] = on ? set[place / 64] | bit : set[place / 64] & ~bit;
}

bool fits(const Move& observation, State state) {
  return (observation.kind == MoveKind::kRead) == (observation.argument == state);
}

// Who is under way, and where.
struct Places {
  size_t words = 1;
  std::vector<uint32_t> moves = std::vector<uint32_t>(64);  // by place
  // Sets of places.
  std::vector<uint64_t> used = {0}, observations = {0}, writes = {0}, appends = {0}, cas = {0};
  uint32_t changes = 0;                // how many are not observations
  uint32_t last_change_under_way = 0;  // the last event before which there was one

  std::vector<uint64_t>& of(MoveKind kind) {
    switch (kind) {
      case MoveKind::kRead:
      case MoveKind::kReadNot:
        return observations;
      case MoveKind::kWrite:
        return writes;
      case MoveKind::kAppend:
        return appends;
      case MoveKind::kCas:
        return cas;
    }
    CHECK(false);
  }
};

class Search {
 public:
  Search(const Problem& problem, const SearchLimits& limits)
      : problem_(problem), limits_(limits), place_of_(problem.moves.size()), beam_(limits.beam) {
    has_read_not_ = std::ranges::any_of(
        problem.moves, [](const Move& move) { return move.kind == MoveKind::kReadNot; });
    row_.assign(4, 0);
    row_[0] = problem.initial;
    row_[3] = Configurations::kNoChange;
    settle(row_, 0);
    frontier_.add(row_);
  }

  SearchResult run() {
    for (event_ = 0; event_ < problem_.events.size(); ++event_) {
      const Event& event = problem_.events[event_];
      if (places_.changes > 0) places_.last_change_under_way = event_;
      const Step step = event.ends ? end(event.move) : begin(event.move);
      if (step == Step::kFine) continue;
      if (step == Step::kStuck && cut_) {
        widen();
        continue;
      }
      result_.verdict = step == Step::kStuck ? SearchResult::Verdict::kViolated
                                             : SearchResult::Verdict::kUndecided;
      result_.event = event_;
      return std::move(result_);
    }
    for (size_t i = 0; i < frontier_.size(); ++i) {
      if (!frontier_.alive(i)) continue;
      trace(frontier_.change(i));
      break;
    }
    return std::move(result_);
  }

 private:
  enum class Step { kFine, kStuck, kLimit };
  struct Change {
    uint32_t before;  // the change before it; kNoChange: none
    uint32_t move;
    uint32_t event;
  };
  using Row = std::vector<uint64_t>;

  std::span<uint64_t> must(Row& row) const { return {&row[1], places_.words}; }
  std::span<uint64_t> may(Row& row) const { return {&row[1 + places_.words], places_.words}; }

  Step limit(const char* name) {
    result_.limit = name;
    return Step::kLimit;
  }

  // --- events ---

  Step begin(uint32_t index) {
    const Move& move = problem_.moves[index];
    place_of_[index] = kNoPlace;
    if (cannot_matter(move)) return Step::kFine;
    const uint32_t place = free_place();
    if (place == kNoPlace) return limit("operations under way");
    place_of_[index] = place;
    places_.moves[place] = index;
    set_place(places_.used, place, true);
    set_place(places_.of(move.kind), place, true);
    places_.changes += observes(move.kind) ? 0 : 1;
    for (size_t i = 0; i < frontier_.size(); ++i) {
      if (!frontier_.alive(i)) continue;
      const std::span<uint64_t> row = frontier_.edit(i);
      const bool done = observes(move.kind) ? fits(move, row[0])
                                            : move.kind == MoveKind::kAppend && row[0] == kDead;
      if (move.required && !done) set_place(row.subspan(1), place, true);
      if (!observes(move.kind)) set_place(row.subspan(1 + places_.words), place, true);
    }
    return Step::kFine;
  }

  Step end(uint32_t index) {
    const uint32_t place = place_of_[index];
    if (place == kNoPlace) return Step::kFine;
    bool touched = false;
    for (size_t i = 0; i < frontier_.size() && !touched; ++i)
      touched =
          frontier_.alive(i) && (has(frontier_.must(i), place) || has(frontier_.may(i), place));
    if (touched) {
      next_.clear();
      work_.clear();
      for (size_t i = 0; i < frontier_.size(); ++i) {
        if (!frontier_.alive(i)) continue;
        row_.assign(frontier_.row(i).begin(), frontier_.row(i).end());
        settle(row_, event_);
        if (has(must(row_), place) || has(may(row_), place)) work_.add(row_);
        if (!has(must(row_), place)) add_next(row_, place);
      }
      for (size_t i = 0; i < work_.size(); ++i) {
        if (work_.alive(i)) expand(i, place);
        if (result_.configurations > limits_.configurations) return limit("configurations");
        if (bytes() > limits_.bytes) return limit("bytes");
      }
      if (next_.live() == 0) return Step::kStuck;
      if (next_.live() > beam_) cut();
      std::swap(frontier_, next_);
      if (changes_.size() > compact_at_) compact();
    }
    const Move& move = problem_.moves[index];
    set_place(places_.used, place, false);
    set_place(places_.of(move.kind), place, false);
    places_.changes -= observes(move.kind) ? 0 : 1;
    if (cut_ && knows_all_again(move)) {
      cut_ = false;
      beam_ = limits_.beam;
    }
    return Step::kFine;
  }

  // A write that may never have happened, of a value that nobody observes: whatever stood before it would do.
  bool cannot_matter(const Move& move) const {
    return !move.required && move.kind == MoveKind::kWrite && !has_read_not_ &&
           !problem_.observed_until.empty() && canonical(move.argument, event_) == kDead;
  }

  uint32_t free_place() {
    for (size_t w = 0; w < places_.words; ++w)
      if (~places_.used[w] != 0)
        return static_cast<uint32_t>(64 * w + std::countr_one(places_.used[w]));
    if (places_.words == kWordsMax) return kNoPlace;
    grow();
    return free_place();
  }

  // Room for 64 more.
  void grow() {
    const size_t words = places_.words;
    Configurations wider(words + 1);
    for (size_t i = 0; i < frontier_.size(); ++i) {
      if (!frontier_.alive(i)) continue;
      row_.assign(frontier_.row(i).begin(), frontier_.row(i).end());
      row_.insert(row_.begin() + static_cast<ptrdiff_t>(1 + words), 0);
      row_.insert(row_.begin() + static_cast<ptrdiff_t>(2 + 2 * words), 0);
      wider.add(row_);
    }
    frontier_ = std::move(wider);
    next_ = work_ = Configurations(words + 1);
    places_.words = words + 1;
    places_.moves.resize(64 * places_.words);
    for (auto* set :
         {&places_.used, &places_.observations, &places_.writes, &places_.appends, &places_.cas})
      set->push_back(0);
  }

  // --- one configuration ---

  State canonical(State state, uint32_t event) const {
    if (problem_.observed_until.empty()) return state;
    const auto observed = problem_.observed_until.find(state);
    return observed == problem_.observed_until.end() || observed->second < event ? kDead : state;
  }

  void settle(Row& row, uint32_t event) const {
    row[0] = canonical(row[0], event);
    if (row[0] == kDead) waive(row, places_.appends);
  }
  void waive(Row& row, const std::vector<uint64_t>& places) const {
    for (size_t w = 0; w < places_.words; ++w) row[1 + w] &= ~places[w];
  }

  // Without the operation that ends.
  void add_next(Row row, uint32_t place) {
    set_place(may(row), place, false);
    next_.add(row);
  }

  // What may take effect next, so that the operation at `target` does, or need not any more.
  void expand(size_t i, uint32_t target) {
    base_.assign(work_.row(i).begin(), work_.row(i).end());
    look_for_notice();
    if (has(places_.writes, target) && has(may(base_), target)) write(target, target);
    if (noticing_any_) {
      each_place(may(base_), places_.writes, [&](uint32_t place) {
        if (place != target && noticed(canonical(move_at(place).argument, event_)))
          write(place, target);
      });
    }
    if (base_[0] == kDead) return;
    each_place(may(base_), places_.appends, [&](uint32_t place) {
      const Move& move = move_at(place);
      const State after = content::append(base_[0], move.argument, move.expected);
      if (!has_better_twin(place)) take_effect(place, canonical(after, event_), target);
    });
    each_place(may(base_), places_.cas, [&](uint32_t place) {
      const Move& move = move_at(place);
      if (move.expected == base_[0] && !has_better_twin(place))
        take_effect(place, canonical(move.argument, event_), target);
    });
  }

  const Move& move_at(uint32_t place) const { return problem_.moves[places_.moves[place]]; }

  void write(uint32_t place, uint32_t target) {
    if (!has_better_twin(place))
      take_effect(place, canonical(move_at(place).argument, event_), target);
  }

  // Who of base_, under way, could notice a write: to which states, and whether to any, or to any but one.
  void look_for_notice() {
    states_noticed_.clear();
    states_unlike_noticed_.clear();
    each_place(must(base_), places_.observations, [&](uint32_t place) {
      const Move& move = move_at(place);
      (move.kind == MoveKind::kRead ? states_noticed_ : states_unlike_noticed_)
          .push_back(move.argument);
    });
    each_place(may(base_), places_.cas,
               [&](uint32_t place) { states_noticed_.push_back(move_at(place).expected); });
    all_noticed_ = false;
    each_place(may(base_), places_.appends, [&](uint32_t) { all_noticed_ = true; });
    noticing_any_ = all_noticed_ || !states_noticed_.empty() || !states_unlike_noticed_.empty();
  }
  bool noticed(State state) const {
    return (all_noticed_ && state != kDead) ||
           std::ranges::find(states_noticed_, state) != states_noticed_.end() ||
           std::ranges::any_of(states_unlike_noticed_,
                               [&](State not_this) { return state != not_this; });
  }

  // Whether another one does the same, is as free to, and ends sooner.
  bool has_better_twin(uint32_t place) {
    const Move& move = move_at(place);
    bool better = false;
    each_place(may(base_), places_.of(move.kind), [&](uint32_t other) {
      const Move& twin = move_at(other);
      better |= other != place && alike(move, twin) &&
                has(must(base_), place) == has(must(base_), other) &&
                (twin.end != move.end ? twin.end < move.end : other < place);
    });
    return better;
  }

  void take_effect(uint32_t place, State after, uint32_t target) {
    ++result_.configurations;
    row_ = base_;
    row_[0] = after;
    if (has(places_.writes, place)) {
      waive(row_, places_.writes);
      waive(row_, places_.appends);
    }
    if (after == kDead) waive(row_, places_.appends);
    set_place(must(row_), place, false);
    set_place(may(row_), place, false);
    for (size_t w = 0; w < places_.words; ++w) {
      for (uint64_t rest = row_[1 + w] & places_.observations[w]; rest != 0; rest &= rest - 1) {
        const auto observation = static_cast<uint32_t>(64 * w + std::countr_zero(rest));
        if (fits(move_at(observation), after)) set_place(must(row_), observation, false);
      }
    }
    const uint32_t before = static_cast<uint32_t>(base_.back());
    row_.back() = changes_.size();
    bool kept = false;
    if (has(must(row_), target) || has(may(row_), target)) kept |= work_.add(row_);
    if (!has(must(row_), target)) {
      set_place(may(row_), target, false);
      kept |= next_.add(row_);
    }
    if (kept) changes_.push_back({before, places_.moves[place], event_});
  }

  // --- beam ---

  void cut() {
    if (!cut_) {
      checkpoint_ = {frontier_, places_, event_, changes_.size()};
      cut_ = true;
    }
    next_.keep_best(beam_);
  }

  void widen() {
    beam_ = beam_ * kBeamFactor > kBeamMost ? SIZE_MAX : beam_ * kBeamFactor;
    frontier_ = checkpoint_.frontier;
    places_ = checkpoint_.places;
    next_ = work_ = Configurations(places_.words);
    changes_.resize(checkpoint_.changes);
    for (uint32_t place = 0; place < 64 * places_.words; ++place)
      if (has(places_.used, place)) place_of_[places_.moves[place]] = place;
    event_ = checkpoint_.event - 1;  // the loop goes on with the one that was cut
    cut_ = false;
  }

  // The read that ended began when no change was under way: so the state is what it read, and a configuration
  // that must nothing stands for whatever was cut.
  bool knows_all_again(const Move& ended) const {
    if (ended.kind != MoveKind::kRead || places_.changes > 0) return false;
    if (ended.begin <= places_.last_change_under_way) return false;
    for (size_t i = 0; i < frontier_.size(); ++i)
      if (frontier_.alive(i) &&
          std::ranges::all_of(frontier_.must(i), [](uint64_t word) { return word == 0; }))
        return true;
    return false;
  }

  // --- what led here ---

  uint64_t bytes() const {
    return changes_.size() * sizeof(Change) + frontier_.bytes() + next_.bytes() + work_.bytes();
  }

  // Forgets changes that led to nothing that is still there.
  void compact() {
    std::vector<uint32_t> place(changes_.size(), 0);
    const auto mark = [&](const Configurations& set) {
      for (size_t i = 0; i < set.size(); ++i)
        for (uint32_t at = set.change(i); at != Configurations::kNoChange && place[at] == 0;
             at = changes_[at].before)
          place[at] = 1;
    };
    mark(frontier_);
    if (cut_) mark(checkpoint_.frontier);
    uint32_t kept = 0, kept_before_cut = 0;
    for (uint32_t at = 0; at < changes_.size(); ++at) {
      if (place[at] == 0) continue;
      kept_before_cut += at < checkpoint_.changes ? 1 : 0;
      Change change = changes_[at];
      if (change.before != Configurations::kNoChange) change.before = place[change.before];
      changes_[kept] = change;
      place[at] = kept++;
    }
    changes_.resize(kept);
    const auto follow = [&](Configurations& set) {
      for (size_t i = 0; i < set.size(); ++i) {
        uint64_t& change = set.edit(i).back();
        if (change != Configurations::kNoChange) change = place[change];
      }
    };
    follow(frontier_);
    if (cut_) {
      follow(checkpoint_.frontier);
      checkpoint_.changes = kept_before_cut;
    }
    compact_at_ = std::max<size_t>(kCompactFirst, 2 * size_t{kept});
  }

  void trace(uint32_t change) {
    for (; change != Configurations::kNoChange; change = changes_[change].before)
      result_.effects.push_back({changes_[change].move, changes_[change].event});
    std::ranges::reverse(result_.effects);
  }

  const Problem& problem_;
  const SearchLimits& limits_;
  bool has_read_not_ = false;
  uint32_t event_ = 0;
  Places places_;
  std::vector<uint32_t> place_of_;  // by move, while it is under way; kNoPlace: left out
  Configurations frontier_{1}, next_{1}, work_{1};
  Row row_, base_;
  // Of base_.
  std::vector<State> states_noticed_, states_unlike_noticed_;
  bool all_noticed_ = false, noticing_any_ = false;
  std::vector<Change> changes_;
  size_t compact_at_ = kCompactFirst;
  size_t beam_;
  bool cut_ = false;  // since checkpoint_
  struct Checkpoint {
    Configurations frontier{1};
    Places places;
    uint32_t event = 0;  // the one that had not been gone through
    size_t changes = 0;
  } checkpoint_;
  SearchResult result_;
};

}  // namespace

SearchResult search(const Problem& problem, const SearchLimits& limits) {
  return Search(problem, limits).run();
}

}  // namespace revenant::check
