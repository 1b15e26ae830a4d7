// A list from oldest to newest whose links lie in its members, so that joining and leaving neither
// allocate nor search. A member type T has a field `Links<T> links` and is in one list at most.
#pragma once

#include <cstddef>

namespace revenant::sim {

template <typename T>
struct Links {
  T* older = nullptr;
  T* newer = nullptr;
};

template <typename T>
class AgeList {
 public:
  AgeList() = default;
  AgeList(const AgeList&) = delete;

  void push_newest(T& item) {
    item.links = {.older = newest_, .newer = nullptr};
    (newest_ != nullptr ? newest_->links.newer : oldest_) = &item;
    newest_ = &item;
    ++size_;
  }
  void remove(T& item) {
    (item.links.older != nullptr ? item.links.older->links.newer : oldest_) = item.links.newer;
    (item.links.newer != nullptr ? item.links.newer->links.older : newest_) = item.links.older;
    item.links = {};
    --size_;
  }
  void make_newest(T& item) {
    if (newest_ == &item) return;
    remove(item);
    push_newest(item);
  }

  T* oldest() const { return oldest_; }
  static T* next_newer(const T& item) { return item.links.newer; }
  size_t size() const { return size_; }

 private:
  T* oldest_ = nullptr;
  T* newest_ = nullptr;
  size_t size_ = 0;
};

}  // namespace revenant::sim
