// SPDX-License-Identifier: Apache-2.0
// Ends what is left of terminated instances, a few at a time, so that a hundred leftovers do not
// take the hypervisor from those who wait for it. What fails is not tried again here: it is still
// there, so the next comparison finds it.
//
// Thread-safe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "core/base/mutex.h"
#include "drivers/hypervisor.h"
#include "drivers/storage/storage.h"

namespace berth::recovery {

class Cleanup : public std::enable_shared_from_this<Cleanup> {
 public:
  struct Job {
    bool guest = false;  // Destroy and undefine it.
    bool files = false;  // Delete them, after the guest.
  };

  // At most `at_once` instances are worked on at a time. Both references outlive this.
  Cleanup(Hypervisor& hypervisor, Storage& storage, size_t at_once);

  // An instance that is queued already stays where it is. The caller has the evidence.
  void Add(const std::string& instance_id, Job job) EXCLUDES(mutex_);
  // Queued or being worked on.
  size_t pending() const EXCLUDES(mutex_);

 private:
  void StartNext() EXCLUDES(mutex_);
  void EndGuest(const std::string& instance_id, Job job);
  void DeleteFiles(const std::string& instance_id, Job job);
  void Ended(const std::string& instance_id) EXCLUDES(mutex_);

  Hypervisor& hypervisor_;
  Storage& storage_;
  const size_t at_once_;
  mutable Mutex mutex_;
  std::map<std::string, Job> jobs_ GUARDED_BY(mutex_);  // All pending ones.
  std::deque<std::string> queue_ GUARDED_BY(mutex_);    // Those not begun.
};

}  // namespace berth::recovery
