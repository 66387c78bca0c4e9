// SPDX-License-Identifier: Apache-2.0
// Whether a shutdown or reboot of this host has begun. Guests go off then by no wish of their
// owners.
//
// Blocking (a local D-Bus call, given up after a second), thread-safe.
#pragma once

#include "drivers/host/host_paths.h"

namespace berth {

// With systemd: its SystemState is "stopping" (org.freedesktop.systemd1(5)). Without:
// /run/nologin is there, which shutdown(8) leaves (nologin(5)); systemd leaves it at boot, too, and
// is therefore not judged by it. False where nobody answers.
bool HostGoingDown(const HostPaths& paths);

}  // namespace berth
