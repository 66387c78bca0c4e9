// SPDX-License-Identifier: Apache-2.0
#include "scheduler/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "scheduler/solve.h"

namespace berth::placement {
namespace {

bool Holds(const Host& host, const Request& request) { return Solve(host, request).has_value(); }

// Fewer vCPUs may fit worse (they may not divide, or share a core with nobody), so each number is
// tried, from the top.
int64_t NearestVcpus(const Host& host, Request request) {
  while (--request.vcpus > 0) {
    std::erase_if(request.dedicated_vcpus, [&](int vcpu) { return vcpu >= request.vcpus; });
    if (Holds(host, request)) return request.vcpus;
  }
  return 0;
}

// The page sizes that cells could come to have, and every common multiple of some of them: among
// the multiples of one of these, less memory always fits where more does.
std::set<int64_t> StepsMib(const Host& host, const Request& request) {
  std::set<int64_t> steps = {1};
  for (const Node& node : host.spec().nodes) {
    for (const PagePool& pool : node.pages) {
      const int64_t size_mib = std::max<int64_t>(1, pool.size_kib / 1024);
      for (const int64_t step : std::set<int64_t>(steps)) steps.insert(std::lcm(step, size_mib));
    }
  }
  const int cells = request.numa.kind == Numa::Kind::kEqual ? request.numa.cells : 1;
  std::set<int64_t> scaled;
  for (const int64_t step : steps) scaled.insert(step * cells);
  return scaled;
}

int64_t NearestMemoryMib(const Host& host, Request request) {
  const int64_t asked = request.memory_mib;
  int64_t best = 0;
  for (const int64_t step : StepsMib(host, request)) {
    int64_t fits = 0;
    int64_t too_much = (asked + step - 1) / step;
    while (too_much - fits > 1) {
      const int64_t middle = fits + (too_much - fits) / 2;
      request.memory_mib = middle * step;
      (Holds(host, request) ? fits : too_much) = middle;
    }
    best = std::max(best, fits * step);
  }
  return best;
}

int64_t NearestCount(const Host& host, Request request, size_t demand) {
  while (--request.devices[demand].count > 0)
    if (Holds(host, request)) return request.devices[demand].count;
  return 0;
}

}  // namespace

std::map<std::string, int64_t> NearestFit(const Host& host, const Request& request) {
  std::map<std::string, int64_t> nearest;
  if (request.numa.kind == Numa::Kind::kExplicit) return nearest;
  const auto note = [&](std::string dimension, int64_t value) {
    if (value > 0) nearest.emplace(std::move(dimension), value);
  };
  note("vcpus", NearestVcpus(host, request));
  note("memory_mib", NearestMemoryMib(host, request));
  for (size_t i = 0; i < request.devices.size(); ++i)
    note(fmt::format("devices[{}].count", i), NearestCount(host, request, i));
  return nearest;
}

}  // namespace berth::placement
