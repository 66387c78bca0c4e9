// SPDX-License-Identifier: Apache-2.0
#include "core/base/random.h"

#include <sys/random.h>

#include <random>

#include "core/base/check.h"
#include "core/base/mutex.h"

namespace berth {
namespace {

class SystemRandom final : public Random {
 public:
  uint64_t Next() override {
    uint64_t value = 0;
    // Up to 256 bytes are never short once the pool is up (getrandom(2)).
    const ssize_t got = getrandom(&value, sizeof(value), 0);
    BERTH_CHECK(got == static_cast<ssize_t>(sizeof(value)), "the kernel gave no random bytes");
    return value;
  }
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t Next() override {
    MutexLock lock(mutex_);
    return engine_();
  }

 private:
  Mutex mutex_;
  std::mt19937_64 engine_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Random> MakeSystemRandom() { return std::make_unique<SystemRandom>(); }
std::unique_ptr<Random> MakeSeededRandom(uint64_t seed) {
  return std::make_unique<SeededRandom>(seed);
}

}  // namespace berth
