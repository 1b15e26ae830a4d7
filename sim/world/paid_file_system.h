// A node's files as a process with a processor meets them: each read, append and sync takes a core's
// time besides the disk's, and so does every byte that a flush or a compaction moves, for what is
// done to it between reading and writing.
//
//   read    disk, then core: what was read is decoded
//   append  core, then disk: what is written was encoded
//
// Names and sizes are free.
#pragma once

#include <memory>

#include "engine/env/file_system.h"
#include "sim/world/cpu.h"

namespace revenant::sim {

// `cpu` outlives it and its files.
std::unique_ptr<env::FileSystem> make_paid_file_system(std::unique_ptr<env::FileSystem> files,
                                                       Cpu& cpu, const CpuOptions& options);

}  // namespace revenant::sim
