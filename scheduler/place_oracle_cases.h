// SPDX-License-Identifier: Apache-2.0
// Small hosts and requests to hold Place against the oracle with: up to 3 nodes of 4 cores of 2
// threads and 2 devices.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "scheduler/host_spec.h"
#include "scheduler/request.h"

namespace berth::placement {

struct Case {
  HostSpec host;
  Request request;
};

// A case with anything in it, chosen by its number: unlike cores, caches, CPU sets, ratios, page
// pools, claims of two tenants, IOMMU groups, every policy.
Case DrawCase(uint64_t number);

// Every host by its cores, their threads and how many of these are held, each once whatever the
// order of its nodes and cores; with every small request of each policy, and with no, one or two
// devices. Visits one case in `step`, and says how many.
int64_t EachSmallCase(int64_t step, const std::function<void(const Case&)>& visit);

// For a failure: all of it, in a few lines.
std::string Describe(const Case& tried);

}  // namespace berth::placement
