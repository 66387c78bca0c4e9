// SPDX-License-Identifier: Apache-2.0
// Starting a program under limits that hold from its first instruction.
//
// Thread-safe. vfork, since forking a large multi-threaded agent copies its page tables; the rules
// that this puts on the code between vfork and exec are kept in launch.cc.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/base/status.h"
#include "drivers/storage/process.h"

namespace berth {

// Starts `arguments` as the leader of a process group of its own, with the two descriptors as its
// output and errors, every signal at its default, and no other descriptor. The caller waits for the
// pid that comes back. NOT_FOUND: no such program; INTERNAL: it could not be started.
StatusOr<pid_t> Launch(const std::vector<std::string>& arguments, const ProcessLimits& limits,
                       int output, int errors);

}  // namespace berth
