// Children in a binary heap by their current key. A move costs one comparison while the same child
// stays in front, which is what sorted runs mostly do: with the better of its two heirs, which is
// remembered. It costs 2 log n more when it does not. (A tournament tree would save half of these;
// merges here have few children.) Each child's key is kept beside it. Ties go to the earlier child,
// which makes the order total.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/sstable/internal_key.h"
#include "engine/sstable/iterator.h"

namespace revenant::sstable {
namespace {

class MergingIterator final : public Iterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<Iterator>> children)
      : children_(std::move(children)) {
    heap_.reserve(children_.size());
  }

  void seek_to_first() override {
    restart(Direction::kForward, [](size_t, Iterator& child) { child.seek_to_first(); });
  }
  void seek_to_last() override {
    restart(Direction::kBackward, [](size_t, Iterator& child) { child.seek_to_last(); });
  }
  void seek(Bytes internal_key) override {
    for (const auto& child : children_) child->prefetch(internal_key);
    restart(Direction::kForward,
            [internal_key](size_t, Iterator& child) { child.seek(internal_key); });
  }
  void next() override {
    CHECK(valid());
    if (direction_ == Direction::kForward) {
      move_front([](Iterator& child) { child.next(); });
    } else {
      turn(Direction::kForward);
    }
  }
  void prev() override {
    CHECK(valid());
    if (direction_ == Direction::kBackward) {
      move_front([](Iterator& child) { child.prev(); });
    } else {
      turn(Direction::kBackward);
    }
  }
  Result<void> status() const override { return status_; }

 private:
  enum class Direction { kForward, kBackward };

  struct Front {
    Bytes key;
    Iterator* child;
    size_t number;  // of the child
  };

  // Whether `a` comes first in the direction of travel.
  bool before(const Front& a, const Front& b) const {
    const int c = compare_internal_keys(a.key, b.key);
    const bool forward = c != 0 ? c < 0 : a.number < b.number;
    return forward == (direction_ == Direction::kForward);
  }

  template <typename Move>
  void move_front(Move move) {
    Front& front = heap_.front();
    move(*front.child);
    if (front.child->valid()) [[likely]] {
      front.key = front.child->key();
      if (heap_.size() > 1) {
        if (heir_ == 0) heir_ = heap_.size() > 2 && before(heap_[2], heap_[1]) ? 2 : 1;
        if (before(heap_[heir_], front)) {
          std::swap(front, heap_[heir_]);
          sift_down(heir_);
          heir_ = 0;
        }
      }
    } else {
      if (failed(*front.child)) return;
      front = heap_.back();
      heap_.pop_back();
      sift_down(0);
      heir_ = 0;
    }
    stand_on_front();
  }

  void stand_on_front() {
    if (heap_.empty()) return stand_nowhere();
    stand_as(*heap_.front().child);
  }

  template <typename Move>
  void restart(Direction direction, Move move) {
    if (!status_) return;
    direction_ = direction;
    heap_.clear();
    for (size_t i = 0; i < children_.size(); ++i) {
      move(i, *children_[i]);
      if (!children_[i]->valid() && failed(*children_[i])) return;
    }
    for (size_t i = 0; i < children_.size(); ++i) {
      if (children_[i]->valid()) heap_.push_back({children_[i]->key(), children_[i].get(), i});
    }
    for (size_t i = heap_.size() / 2; i-- > 0;) sift_down(i);
    heir_ = 0;
    stand_on_front();
  }

  // Puts every child on its first entry beyond the front one in the new direction.
  void turn(Direction direction) {
    const Buffer front_key(key());
    const size_t front_child = heap_.front().number;
    restart(direction, [&](size_t i, Iterator& child) {
      // Of copies of the front entry, those of later children come after it.
      const bool copies_after = i > front_child;
      child.seek(front_key);
      if (direction == Direction::kBackward) {
        if (copies_after || !child.valid() || child.key() != front_key) {
          step_back(child);
        } else if (i == front_child) {
          child.prev();
        }
      } else if (!copies_after && child.valid() && child.key() == front_key) {
        child.next();
      }
    });
  }
  // From where a seek led to the entry before it.
  static void step_back(Iterator& child) {
    if (child.valid()) {
      child.prev();
    } else if (child.status()) {
      child.seek_to_last();
    }
  }

  // Ends the merge if the child ended by an error.
  bool failed(const Iterator& child) {
    status_ = child.status();
    if (status_) return false;
    heap_.clear();
    stand_nowhere();
    return true;
  }

  void sift_down(size_t at) {
    for (;;) {
      size_t least = 2 * at + 1;
      if (least >= heap_.size()) return;
      if (least + 1 < heap_.size() && before(heap_[least + 1], heap_[least])) ++least;
      if (before(heap_[at], heap_[least])) return;
      std::swap(heap_[at], heap_[least]);
      at = least;
    }
  }

  const std::vector<std::unique_ptr<Iterator>> children_;
  std::vector<Front> heap_;
  size_t heir_ = 0;  // 1 or 2: which of the two below the front comes first; 0: not known
  Direction direction_ = Direction::kForward;
  Result<void> status_;
};

}  // namespace

std::unique_ptr<Iterator> make_merging_iterator(std::vector<std::unique_ptr<Iterator>> children) {
  if (children.size() == 1) return std::move(children.front());
  return std::make_unique<MergingIterator>(std::move(children));
}

}  // namespace revenant::sstable
