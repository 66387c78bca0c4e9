// SPDX-License-Identifier: Apache-2.0
// The planner's host: read from JSON, from hwloc's XML, or from a synthetic description. Pure but
// for the file that --host names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/model/topology.h"
#include "scheduler/host_spec.h"

namespace berth::cli {

// Reads the format of docs/placement.md, strictly: every fault is added with its JSON path. With a
// fault the result is of no use.
placement::HostSpec HostFromJson(std::string_view text, std::vector<FieldViolation>& faults);

// An empty host of that hardware: no reserve, no claims, all CPUs for all.
placement::HostSpec HostFromTopology(const model::Topology& topology);

// What is wrong with a host whose fields are each well formed by themselves (host_spec.h), by JSON
// path.
void CheckHost(const placement::HostSpec& host, std::vector<FieldViolation>& faults);

}  // namespace berth::cli
