// Children in a binary heap by their current key. A move costs two comparisons while the same child
// stays in front, which is what sorted runs mostly do, and 2 log n when it does not; scanning n
// children would cost n - 1 always. (A tournament tree would save half of the 2 log n; merges here
// have few children.) Each child's key is kept beside it, so that comparing makes no virtual calls.
// Ties go to the earlier child, which makes the order total.
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

  bool valid() const override { return !heap_.empty(); }
  void seek_to_first() override {
    restart(Direction::kForward, [](size_t, Iterator& child) { child.seek_to_first(); });
  }
  void seek_to_last() override {
    restart(Direction::kBackward, [](size_t, Iterator& child) { child.seek_to_last(); });
  }
  void seek(Bytes internal_key) override {
    restart(Direction::kForward,
            [internal_key](size_t, Iterator& child) { child.seek(internal_key); });
  }
  void next() override {
    CHECK(valid());
    if (direction_ == Direction::kForward) return move_front([](Iterator& child) { child.next(); });
    turn(Direction::kForward);
  }
  void prev() override {
    CHECK(valid());
    if (direction_ == Direction::kBackward) {
      return move_front([](Iterator& child) { child.prev(); });
    }
    turn(Direction::kBackward);
  }
  Bytes key() const override { return heap_.front().key; }
  Bytes value() const override { return children_[heap_.front().child]->value(); }
  Result<void> status() const override { return status_; }

 private:
  enum class Direction { kForward, kBackward };

  struct Front {
    Bytes key;
    size_t child;
  };

  // Whether `a` comes first in the direction of travel.
  bool before(const Front& a, const Front& b) const {
    const int c = compare_internal_keys(a.key, b.key);
    const bool forward = c != 0 ? c < 0 : a.child < b.child;
    return forward == (direction_ == Direction::kForward);
  }

  template <typename Move>
  void move_front(Move move) {
    Iterator& front = *children_[heap_.front().child];
    move(front);
    if (front.valid()) {
      heap_.front().key = front.key();
    } else {
      if (failed(front)) return;
      heap_.front() = heap_.back();
      heap_.pop_back();
    }
    sift_down(0);
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
      if (children_[i]->valid()) heap_.push_back({children_[i]->key(), i});
    }
    for (size_t i = heap_.size() / 2; i-- > 0;) sift_down(i);
  }

  // Puts every child on its first entry beyond the front one in the new direction.
  void turn(Direction direction) {
    const Buffer front_key(key());
    const size_t front_child = heap_.front().child;
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
  Direction direction_ = Direction::kForward;
  Result<void> status_;
};

}  // namespace

std::unique_ptr<Iterator> make_merging_iterator(std::vector<std::unique_ptr<Iterator>> children) {
  if (children.size() == 1) return std::move(children.front());
  return std::make_unique<MergingIterator>(std::move(children));
}

}  // namespace revenant::sstable
