// SPDX-License-Identifier: Apache-2.0
// Tells of instances whose root disk or directory goes, by inotify: within milliseconds, whoever
// removes it.
//
// What it cannot watch, as where the kernel gives no more watches (fs.inotify.max_user_watches), or
// what goes before it has come to watch it, it does not tell of.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/status.h"

namespace berth {

class DeletionWatch {
 public:
  // "": perhaps of any instance.
  using Gone = std::function<void(const std::string& instance_id)>;

  // Of the directories in `instances_dir`, now and later. Calls `gone` from a thread of its own
  // until it is destroyed, which waits for a call that is under way: not from within one.
  static StatusOr<std::unique_ptr<DeletionWatch>> Start(const std::string& instances_dir,
                                                        Gone gone);
  ~DeletionWatch();
  DeletionWatch(const DeletionWatch&) = delete;
  DeletionWatch& operator=(const DeletionWatch&) = delete;

 private:
  class Watcher;
  explicit DeletionWatch(std::unique_ptr<Watcher> watcher);
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace berth
