// A machine's disk: what stays when processes on it come and go.
//
//        process life 1        process life 2
//        mount() ── X ──────── mount() ────────>   env::FileSystem (sim_file_system.h)
//           │  kill_process()     │
//   ────────┴──── or lose_power() ┴───────────>   SimDisk
//                                                   page cache     page_cache.h
//                                                   device         device.h
//                                                   durable image  durable_image.h, stored_file.h
//                                                   ledger         ledger.h
//
// The machine makes the disk dead first and unwinds the process's tasks after: calls on the file
// system of a life that has ended fail with kIo at once, without suspending.
#pragma once

#include <memory>

#include "engine/base/ids.h"
#include "engine/base/random.h"
#include "engine/env/file_system.h"
#include "sim/disk/device.h"
#include "sim/disk/durable_image.h"
#include "sim/disk/ledger.h"
#include "sim/disk/options.h"
#include "sim/disk/page_cache.h"
#include "sim/kernel/kernel.h"

namespace revenant::sim {

class SimDisk {
 public:
  // An empty disk. The kernel outlives it; when it is destroyed every task that used it has ended
  // and every handle is closed.
  SimDisk(Kernel& kernel, NodeId node, const DiskOptions& options);
  // A disk that holds these files, all of them durable.
  SimDisk(Kernel& kernel, NodeId node, const DiskOptions& options, const DiskContents& contents);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;

  // The file system for one life of the node's process. The life before it must have ended.
  std::unique_ptr<env::FileSystem> mount();

  // Ends the process's life; the page cache lives on, so nothing is lost. No effect without one.
  void kill_process();
  // Ends the process's life and the page cache's. What was synced survives, for the rest fates are
  // drawn from the stream "disk/<node>/crash".
  CrashReport lose_power();
  // What a power loss at this instant would leave if `fates` decided; nothing is lost by asking.
  DiskContents after_power_loss(CrashFates& fates);

  // Room for so many bytes from now on, as DiskOptions::capacity. Files that have more keep it.
  void set_capacity(ByteSize capacity) { capacity_ = static_cast<uint64_t>(capacity.bytes); }
  // Added to the latency of each operation from now on.
  void set_lag(Duration lag);

  // Lengths of all files that have a name, as the process sees them.
  uint64_t used_bytes() const { return image_.named_bytes(); }
  const Ledger& ledger() const { return ledger_; }
  const DeviceTotals& device_totals() const { return device_.totals(); }
  // An error that says what the ledger does not account for, if there is such a thing.
  Result<void> verify() const;

 private:
  friend class SimFileSystem;
  friend class SimAppendFile;
  friend class SimReadFile;
  // One life of the process, shared by its handles.
  struct Mount {
    SimDisk& disk;
    bool alive = true;
  };
  using MountRef = std::shared_ptr<Mount>;

  FileRef make_file();
  Result<void> append(const FileRef& file, Bytes data, env::Cause cause);
  void end_life();
  void commit_old_changes();
  Result<void> sync_directory(const std::string& directory, env::Cause cause);
  void forget_if_unreachable(StoredFile& file);

  Kernel& kernel_;
  const Duration write_back_after_;
  uint64_t capacity_;
  Random crash_random_;
  Ledger ledger_;
  Device device_;
  PageCache cache_;
  DurableImage image_;
  MountRef life_;
  uint64_t last_file_id_ = 0;
};

}  // namespace revenant::sim
