// SPDX-License-Identifier: Apache-2.0
// The latest immutable value of something, for any number of readers: one writer replaces it,
// readers take it whole and keep it as long as they like.
//
// Thread-safe. A lock of a few instructions rather than std::atomic<shared_ptr>, whose gcc 12
// version is not understood by TSan.
#pragma once

#include <memory>
#include <utility>

#include "core/base/mutex.h"

namespace berth {

template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : value_(std::move(first)) {}

  std::shared_ptr<const T> Get() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return value_;
  }
  void Set(std::shared_ptr<const T> next) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      value_.swap(next);
    }
    // `next` is the old value now; if it was the last reference it dies outside the lock.
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ GUARDED_BY(mutex_);
};

}  // namespace berth
