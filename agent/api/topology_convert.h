// SPDX-License-Identifier: Apache-2.0
// The host's hardware as the wire shows it. Pure functions, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "berth/v1/topology.pb.h"
#include "core/model/topology.h"
#include "scheduler/host.h"

namespace berth::api {

// `host` is the same hardware as policy gives it out, with what is claimed.
v1::Topology FromTopology(const model::Topology& topology, const placement::Host& host);

// As Linux writes it: {0, 1, 2, 8} is "0-2,8". In any order, each once.
std::string CpuListText(std::vector<int> cpus);

}  // namespace berth::api
