// SPDX-License-Identifier: Apache-2.0
// For tests: a disk for SQLite, in memory, that can lose power. What was written and not synced is
// then lost in the worst ways a disk may choose: each such write is kept, dropped, or cut off at a
// sector, independently of the others. What was synced is kept; anything else would be unfair.
//
// Thread-safe. Must outlive every connection that uses it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/random.h"

namespace berth {

class LossyVfs {
 public:
  // Registers itself with SQLite under `name`, which no other VFS has.
  explicit LossyVfs(std::string name);
  ~LossyVfs();
  LossyVfs(const LossyVfs&) = delete;
  LossyVfs& operator=(const LossyVfs&) = delete;

  const std::string& name() const { return name_; }

  // From now on files open now answer errors; files opened later see what survived.
  void LosePower(Random& random);
  // As the end of the process alone: what was written is kept, synced or not.
  void KillProcess();
  // Files may not grow beyond `bytes` together: writes that would are SQLITE_FULL.
  void SetRoom(int64_t bytes);
  // Each sync fails until told otherwise. The bytes it was to make safe can still be read, and are
  // lost with the power, whatever is synced later.
  void FailSyncs(bool fail);

  // Syncs that were asked for so far.
  int64_t sync_count() const;
  // Bytes in all files together.
  int64_t used_bytes() const;
  // Bytes in the file of that name; 0 if there is none.
  int64_t file_bytes(const std::string& file) const;

  struct Disk;  // lossy_vfs.cc.

 private:
  struct Registration;
  const std::string name_;
  const std::unique_ptr<Disk> disk_;
  const std::unique_ptr<Registration> registration_;
};

}  // namespace berth
