// SPDX-License-Identifier: Apache-2.0
// How a call of a fake store goes: later, badly, or done and not said to be. Deterministic on a
// SimExecutor.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "core/base/executor.h"
#include "core/base/mutex.h"
#include "core/base/status.h"

namespace berth {

// What goes wrong with one call.
struct StorageFault {
  Status error;               // What the call answers; OK: it only takes longer.
  bool takes_effect = false;  // It was done all the same: the answer lies.
  Duration delay{0};          // On top of the usual delay.
};

// After fault.delay runs `effect`, which answers a T, under the lock of `world`, and then `done`.
// Both outlive nothing but themselves; `executor` outlives the call.
template <typename T, typename World, typename Effect, typename Done>
void RunFaulty(Executor& executor, std::shared_ptr<World> world, const StorageFault& fault,
               Effect effect, Done done) {
  executor.PostAfter(fault.delay, [&executor, world = std::move(world), fault,
                                   effect = std::move(effect), done = std::move(done)] {
    std::optional<T> result;
    if (fault.error.ok() || fault.takes_effect) {
      MutexLock lock(world->mutex);
      result = effect(*world);
    }
    if (!fault.error.ok()) result = fault.error;
    // A task of its own: a crash may fall between the effect and the answer.
    executor.Post([done, result = *std::move(result)] { done(result); });
  });
}

}  // namespace berth
