// SPDX-License-Identifier: Apache-2.0
// What keeps a program that reads untrusted bytes from reaching anything but its own files, also if
// they take it over: the kernel refuses it all other files (Landlock, landlock(7)) and all but the
// system calls that a program needs that computes and reads and writes files (seccomp(2)): no
// sockets, no other processes, no mounts, no debugging, and none that were not thought of.
//
// Thread-safe: immutable once made. Enter runs between vfork and exec and is async-signal-safe.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace berth {

// Files, which exist, that a program may open beside the system's own (programs and libraries, and
// what tells of its memory and CPUs).
struct FileAccess {
  std::vector<std::string> read;
  std::vector<std::string> write;  // And read.
};

class Confinement {
 public:
  // For `program`, which it may run. INTERNAL: one of the files cannot be opened, or the kernel or
  // libseccomp would not make it. A kernel without Landlock (before 5.13, or switched off) is gone
  // without it.
  static StatusOr<Confinement> Make(const std::string& program, const FileAccess& files);
  // Whether this kernel can keep a program to its files.
  static bool GuardsFiles();

  // The two halves, in this order, by the one who is to be confined. From the second on only what a
  // confined program may do can be done. False, with errno: it did not succeed.
  bool EnterFiles() const;
  bool EnterCalls() const;

 private:
  Confinement() = default;

  UniqueFd ruleset_;  // None where there is no Landlock.
  std::vector<sock_filter> filter_;
};

}  // namespace berth
