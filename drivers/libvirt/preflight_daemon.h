// SPDX-License-Identifier: Apache-2.0
// The checks of the preflight that talk to libvirt's daemons or read their configuration.
#pragma once

#include <string>

#include "core/base/clock.h"
#include "drivers/host/finding.h"

namespace berth::libvirt {

// "libvirtd": reachable within `timeout`, with its versions.
Finding CheckDaemon(const std::string& uri, Duration timeout);
// "virtlogd": writes the guests' consoles; without it no guest starts.
Finding CheckVirtlogd(const std::string& root);
// "libvirt_requests": max_client_requests of libvirtd.conf.
Finding CheckRequestLimit(const std::string& root);
// "libvirt_workers": max_workers, asked of the running daemon over its admin socket.
Finding CheckWorkers();
// maxWorkers of what `virt-admin server-threadpool-info` prints; -1 if it is not there.
int MaxWorkersIn(const std::string& threadpool_info);

}  // namespace berth::libvirt
