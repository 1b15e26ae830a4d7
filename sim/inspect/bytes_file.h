// Bytes in memory as a file that the engine's readers read.
#pragma once

#include "engine/env/file_system.h"

namespace revenant::sim {

class BytesFile final : public env::ReadFile {
 public:
  // `bytes` outlive it.
  explicit BytesFile(Bytes bytes) : bytes_(bytes) {}
  Result<void> read(uint64_t offset, uint64_t size, Buffer& out, env::Cause) override {
    out = offset < bytes_.size() ? bytes_.substr(offset, size) : Bytes();
    return {};
  }
  uint64_t size() const override { return bytes_.size(); }

 private:
  const Bytes bytes_;
};

}  // namespace revenant::sim
