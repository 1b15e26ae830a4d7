// A machine's disk: what stays when processes on it come and go.
//
//        process life 1        process life 2
//        mount() ── X ──────── mount() ────────>   env::FileSystem (sim_file_system.h)
//           │  kill_process()     │
//   ────────┴──── or lose_power() ┴───────────>   SimDisk
//                                                   page cache     page_cache.h
//                                                   device         device.h
//                                                   drive's cache  drive_cache.h
//                                                   durable image  durable_image.h, stored_file.h
//                                                   faults         fault_options.h, file_faults.h
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
#include "sim/disk/drive_cache.h"
#include "sim/disk/durable_image.h"
#include "sim/disk/fault_options.h"
#include "sim/disk/file_faults.h"
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

  // All files as processes see them now, as after fsfreeze.
  DiskContents snapshot();
  // A disk without a life and without power gets other content, all of it durable.
  void replace_contents(const DiskContents& contents);

  // Room for so many bytes from now on, as DiskOptions::capacity. Files that have more keep it.
  void set_capacity(ByteSize capacity) { capacity_ = static_cast<uint64_t>(capacity.bytes); }
  // Added to the latency of each operation from now on.
  void set_lag(Duration lag);

  // A fault holds from begin to end, whatever becomes of the process or the power meanwhile. What it
  // spoiled on the platter stays spoiled; a stall and rotting bits end by themselves. Returns its
  // handle.
  uint64_t begin_fault(const DiskFault& fault);
  void end_fault(uint64_t handle);
  DiskFaultCounts fault_counts() const;
  // Whether what was synced is there: no fault has befallen it yet, and it does not lie.
  bool keeps_promises() const { return last_fault_ == 0 && durability_ != Durability::kLyingFsync; }

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

  FileRef make_file(std::string_view path);
  void rot(const BitRot& fault);
  uint64_t room() const;
  Result<void> append(const FileRef& file, Bytes data, env::Cause cause);
  void end_life();
  void commit_old_changes();
  Result<void> sync_directory(const std::string& directory, env::Cause cause);
  void forget_if_unreachable(StoredFile& file);

  Kernel& kernel_;
  const Durability durability_;
  const Duration commit_after_;  // names older than this are durable
  uint64_t capacity_;
  // What something else leaves to all files together, from `since` on.
  struct Squeeze {
    uint64_t handle;
    Instant since;
    uint64_t capacity;
    uint64_t shrinks;  // bytes a second
  };
  std::vector<Squeeze> squeezes_;
  Random crash_random_, rot_random_;
  uint64_t last_fault_ = 0, bits_flipped_ = 0, appends_refused_ = 0;
  Ledger ledger_;
  Device device_;
  DriveCache drive_;
  FileFaults faults_;
  DurableImage image_;
  PageCache cache_;
  MountRef life_;
  uint64_t last_file_id_ = 0;
};

}  // namespace revenant::sim
