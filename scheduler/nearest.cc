// SPDX-License-Identifier: Apache-2.0
#include "scheduler/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "scheduler/solve.h"

namespace berth::placement {
namespace {

// The host and what changes with each try.
struct Search {
  const Host& host;
  const OverheadOf& overhead;

  bool Holds(Request& request) const {
    if (overhead) request.overhead_mib = overhead(request);
    return Solve(host, request).has_value();
  }
};

// Fewer vCPUs may fit worse (they may not divide, or share a core with nobody), so each number is
// tried, from the top.
int64_t NearestVcpus(const Search& search, Request request) {
  while (--request.vcpus > 0) {
    std::erase_if(request.dedicated_vcpus, [&](int vcpu) { return vcpu >= request.vcpus; });
    if (search.Holds(request)) return request.vcpus;
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

int64_t NearestMemoryMib(const Search& search, Request request) {
  const int64_t asked = request.memory_mib;
  int64_t best = 0;
  for (const int64_t step : StepsMib(search.host, request)) {
    int64_t fits = 0;
    int64_t too_much = (asked + step - 1) / step;
    while (too_much - fits > 1) {
      const int64_t middle = fits + (too_much - fits) / 2;
      request.memory_mib = middle * step;
      (search.Holds(request) ? fits : too_much) = middle;
    }
    best = std::max(best, fits * step);
  }
  return best;
}

int64_t NearestCount(const Search& search, Request request, size_t demand) {
  while (--request.devices[demand].count > 0)
    if (search.Holds(request)) return request.devices[demand].count;
  return 0;
}

}  // namespace

std::map<std::string, int64_t> NearestFit(const Host& host, const Request& request,
                                          const OverheadOf& overhead) {
  const Search search{host, overhead};
  std::map<std::string, int64_t> nearest;
  if (request.numa.kind == Numa::Kind::kExplicit) return nearest;
  const auto note = [&](std::string dimension, int64_t value) {
    if (value > 0) nearest.emplace(std::move(dimension), value);
  };
  note("vcpus", NearestVcpus(search, request));
  note("memory_mib", NearestMemoryMib(search, request));
  for (size_t i = 0; i < request.devices.size(); ++i)
    note(fmt::format("devices[{}].count", i), NearestCount(search, request, i));
  return nearest;
}

}  // namespace berth::placement
