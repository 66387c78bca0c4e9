// SPDX-License-Identifier: Apache-2.0
// The hardware as hwloc sees it, as plain data: of this host, or of any machine that somebody has
// saved as hwloc XML or described as a synthetic string.
//
// Blocking (tens of milliseconds on this host), thread-safe: free functions. Only CPUs that are
// online and that the agent's cgroup may use are in the result.
#pragma once

#include <string>

#include "core/base/status.h"
#include "core/model/topology.h"
#include "drivers/host/host_paths.h"

namespace berth {

// This host. `paths.root` serves the page pools, whose use changes (see RefreshPagePools); CPUs,
// caches and memory are always those of the running kernel. INTERNAL: hwloc could not read it.
StatusOr<model::Topology> ReadTopology(const HostPaths& paths);

// INVALID_ARGUMENT, saying why: not hwloc's XML, damaged, or a machine without a CPU. Forks, since
// hwloc may crash on what is damaged: for programs of one thread.
StatusOr<model::Topology> TopologyFromXml(const std::string& xml);
// "node:2 l3:1 core:8 pu:2", as hwloc defines it. INVALID_ARGUMENT likewise.
StatusOr<model::Topology> TopologyFromSynthetic(const std::string& description);

// Reads each node's huge page pools from sysfs anew; a node without that directory keeps what it
// has.
Status RefreshPagePools(const HostPaths& paths, model::Topology* topology);

}  // namespace berth
