// SPDX-License-Identifier: Apache-2.0
// What libvirt's errors mean to the agent. libvirt keeps one last error per thread, overwritten by
// the next call, so LastLibvirtError is called at once after a failed call, on the thread that made
// it.
//
// Thread-safe: functions over values and over this thread's own error.
#pragma once

#include <string_view>

#include "core/base/status.h"

namespace berth::libvirt {

// The code for a libvirt error number (virErrorNumber). Numbers not known here are INTERNAL.
StatusCode CodeFor(int error_number);

// An error as libvirt gives it: number, the part of libvirt it came from (virErrorDomain), words.
struct RawError {
  int number = 0;
  int domain = 0;
  std::string_view message;
};

// `doing`: the action that failed, as "defining i-…". Refines CodeFor by what number alone cannot
// tell:
//  - anything that the connection itself reports is UNAVAILABLE (HYPERVISOR_UNAVAILABLE): the
//  daemon
//    went away and nothing is known about the guest;
//  - a system error that the daemon met in its own work (a file it cannot open) is INTERNAL: trying
//    again would meet it again;
//  - QEMU words on missing memory or pages are RESOURCE_EXHAUSTED (INSUFFICIENT_CAPACITY).
Status StatusOf(const RawError& error, std::string_view doing);

// This thread's last libvirt error as a Status; never OK.
Status LastLibvirtError(std::string_view doing);

// The number of this thread's last error; 0 if there is none. For calls where one failure is an
// answer.
int LastErrorNumber();

// Stops libvirt from printing each error to stderr: all of them come back as values. For the
// process.
void SilenceLibvirt();

}  // namespace berth::libvirt
