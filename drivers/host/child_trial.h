// SPDX-License-Identifier: Apache-2.0
// Does something in a child process first, so that a library which cannot bear bad input takes the
// child down and not us.
#pragma once

#include <functional>

#include "core/base/status.h"

namespace berth {

// `work` runs in a child that says nothing on stderr and has 20 seconds of CPU time. OK: it came to
// its end, whatever it found. INVALID_ARGUMENT: it crashed, or took longer. INTERNAL: there could
// be no child. Blocking. `work` must not need another thread: only this one is in the child.
Status TryInChild(const std::function<void()>& work);

}  // namespace berth
