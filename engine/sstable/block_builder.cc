#include "engine/sstable/block_builder.h"

#include "engine/base/check.h"
#include "engine/base/coding.h"
#include "engine/sstable/internal_key.h"

namespace revenant::sstable {

BlockBuilder::BlockBuilder(int64_t restart_interval) : restart_interval_(restart_interval) {
  CHECK(restart_interval >= 1, "restart_interval={}", restart_interval);
}

void BlockBuilder::add(Buffer& out, Bytes key, Bytes value) {
  if (empty()) start_ = out.size();
  size_t shared = 0;
  if (empty() || since_restart_ == restart_interval_) {
    CHECK(out.size() - start_ <= UINT32_MAX, "block of {} bytes", out.size() - start_);
    restarts_.push_back(static_cast<uint32_t>(out.size() - start_));
    since_restart_ = 0;
  } else {
    shared = common_prefix(last_key_, key);
  }
  ++since_restart_;
  put_varint(out, shared);
  put_varint(out, key.size() - shared);
  put_varint(out, value.size());
  out.append(key.substr(shared));
  out.append(value);
  last_key_.resize(shared);
  last_key_.append(key.substr(shared));
}

void BlockBuilder::finish(Buffer& out) {
  CHECK(!empty());
  for (uint32_t restart : restarts_) put_fixed(out, restart);
  put_fixed(out, static_cast<uint32_t>(restarts_.size()));
  restarts_.clear();
  since_restart_ = 0;
}

size_t BlockBuilder::size(const Buffer& out) const {
  return empty() ? 0 : out.size() - start_ + (restarts_.size() + 1) * sizeof(uint32_t);
}

}  // namespace revenant::sstable
