// SPDX-License-Identifier: Apache-2.0
// What the agent needs of the file system before it can start: its directories, and the right to be
// the only agent there. Free functions; they block.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace berth {

// Reason of the refusal by LockStateDir.
inline constexpr char kStateDirInUse[] = "STATE_DIR_IN_USE";

// The directory and those above it, made with mode 0711 (libvirt's QEMU user passes through, and
// lists nothing) where they are missing. The error names the setting that the path came from.
Status MakeDirectory(const std::string& path, const std::string& setting);

// Takes STATE_DIR/berthd.lock; it is given back when the result goes or the process ends, however
// it ends. FAILED_PRECONDITION (STATE_DIR_IN_USE): another agent has it; the message names its
// process.
StatusOr<UniqueFd> LockStateDir(const std::string& state_dir);

// The node's id as STATE_DIR/node-id keeps it, so that a lost ledger does not make our guests
// somebody else's; "" if it was never kept. FAILED_PRECONDITION: what is there is no id.
StatusOr<std::string> KeptNodeId(const std::string& state_dir);
// A repeat with the same id changes nothing.
Status KeepNodeId(const std::string& state_dir, const std::string& node_id);

// Writes `port` and a newline, so that a reader sees all of it or no file.
Status WritePortFile(const std::string& path, uint16_t port);

// Gives the socket at `path` to the group named `group`. INVALID_ARGUMENT: no such group.
Status GiveToGroup(const std::string& path, const std::string& group);

}  // namespace berth
