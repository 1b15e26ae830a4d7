#include "sim/experiment/black_box.h"

#include <sys/mman.h>

#include <iterator>
#include <type_traits>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

constexpr size_t kBytes = size_t{1} << 30;  // of addresses, not of memory
static_assert(std::is_trivially_copyable_v<BlackBox::Entry>);

}  // namespace

struct BlackBox::Content {
  uint64_t recorded;  // may be more than fit
  Entry entries[(kBytes - sizeof(uint64_t)) / sizeof(Entry)];
};

BlackBox::BlackBox() {
  void* const memory = ::mmap(nullptr, sizeof(Content), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(memory != MAP_FAILED);
  content_ = static_cast<Content*>(memory);  // zeros
}

BlackBox::~BlackBox() { ::munmap(content_, sizeof(Content)); }

void BlackBox::record(size_t workload, const ScriptedOperation& operation) {
  if (content_->recorded < std::size(content_->entries))
    content_->entries[content_->recorded] = {workload, operation};
  ++content_->recorded;
}

size_t BlackBox::size() const {
  return content_->recorded > std::size(content_->entries) ? 0 : content_->recorded;
}

const BlackBox::Entry& BlackBox::operator[](size_t index) const {
  CHECK(index < size());
  return content_->entries[index];
}

}  // namespace revenant::sim
