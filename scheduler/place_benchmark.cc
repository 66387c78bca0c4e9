// SPDX-License-Identifier: Apache-2.0
// What a decision costs on hosts as they are sold.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/base/check.h"
#include "scheduler/place_exact.h"

namespace berth::placement {
namespace {

struct Shape {
  int nodes = 2;
  int cores = 32;  // Of each node, of two threads.
  int cores_per_cache = 8;
  int64_t memory_mib = 256 << 10;
  int64_t pages = 0;  // Of 2 MiB.
};

// Sibling threads are numbered as Linux does: all first threads, then all second ones.
HostSpec MakeHost(const Shape& shape) {
  HostSpec host;
  const int all_cores = shape.nodes * shape.cores;
  for (int n = 0; n < shape.nodes; ++n) {
    Node node{.id = n, .socket = n * 2 / shape.nodes, .memory_mib = shape.memory_mib};
    for (int c = 0; c < shape.cores; ++c) {
      const int first = n * shape.cores + c;
      if (c % shape.cores_per_cache == 0) node.llcs.emplace_back();
      node.cores.push_back({first, all_cores + first});
      node.llcs.back().push_back(first);
      node.llcs.back().push_back(all_cores + first);
    }
    if (shape.pages > 0) node.pages.push_back({2048, shape.pages, 0});
    for (int to = 0; to < shape.nodes; ++to)
      node.distances.push_back(to == n ? 10 : to * 2 / shape.nodes == node.socket ? 12 : 32);
    host.nodes.push_back(std::move(node));
  }
  host.shared_cpus = CpuSet();
  return host;
}

Request Dedicated(int vcpus, int64_t memory_mib) {
  Request request{.vcpus = vcpus, .memory_mib = memory_mib};
  request.cpu_policy = CpuPolicy::kDedicated;
  request.tenant = "a";
  return request;
}

// Claims of two CPUs each, on every second core.
void FillHalf(HostSpec* host) {
  for (const Node& node : host->nodes)
    for (size_t c = 0; c < node.cores.size(); c += 2)
      host->claims.push_back({.id = fmt::format("c-{}-{}", node.id, c),
                              .tenant = "b",
                              .core_sharing = {},
                              .cells = {{.node = node.id,
                                         .dedicated_cpus = CpuSet(node.cores[c]),
                                         .memory_mib = 1024}},
                              .devices = {}});
}

void Decide(benchmark::State& state, const HostSpec& spec, const Request& request, bool fits) {
  const Host host(spec);
  BERTH_CHECK(Fits(host, request) == fits, "a benchmark of something else");
  for (auto _ : state) benchmark::DoNotOptimize(Place(host, request));
}

void Dedicated16OnEmptyHost(benchmark::State& state) {
  Decide(state, MakeHost({}), Dedicated(16, 32 << 10), true);
}
BENCHMARK(Dedicated16OnEmptyHost);

void Dedicated16OnHalfFullHost(benchmark::State& state) {
  HostSpec host = MakeHost({});
  FillHalf(&host);
  Decide(state, host, Dedicated(16, 32 << 10), true);
}
BENCHMARK(Dedicated16OnHalfFullHost);

void TwoCellsAndTwoGpusOnEightNodes(benchmark::State& state) {
  HostSpec host = MakeHost({.nodes = 8, .cores = 16});
  for (int n = 0; n < 8; ++n)
    host.devices.push_back({.address = fmt::format("0000:{:x}1:00.0", n),
                            .node = n,
                            .kind = "gpu",
                            .model = "h100",
                            .iommu_group = n});
  Request request = Dedicated(32, 128 << 10);
  request.numa = {.kind = Numa::Kind::kEqual, .cells = 2};
  request.devices.push_back(
      {.kind = "gpu", .model = "h100", .count = 2, .affinity = Affinity::kRequired});
  Decide(state, host, request, true);
}
BENCHMARK(TwoCellsAndTwoGpusOnEightNodes);

// Two nodes with CPUs and 32 of a device's memory.
void ThirtyFourNodes(benchmark::State& state) {
  HostSpec host = MakeHost({});
  for (int n = 2; n < 34; ++n)
    host.nodes.push_back({.id = n, .socket = (n - 2) / 16, .memory_mib = 0});
  for (Node& node : host.nodes) {
    node.distances.assign(34, 40);
    node.distances[static_cast<size_t>(node.id)] = 10;
  }
  Request request = Dedicated(16, 32 << 10);
  request.numa = {.kind = Numa::Kind::kEqual, .cells = 2};
  Decide(state, host, request, true);
}
BENCHMARK(ThirtyFourNodes);

// Each cell fits on some node; nine of them only on the eight that have large pages left.
void SixteenCellsOnSixteenNodesThatDoNotFit(benchmark::State& state) {
  HostSpec host = MakeHost({.nodes = 16, .cores = 8, .pages = 1024});
  for (Node& node : host.nodes)
    if (node.id % 2 == 1) node.pages.front().used = 1000;
  Request request = Dedicated(32, 0);
  request.numa.kind = Numa::Kind::kExplicit;
  for (int i = 0; i < 16; ++i) {
    const int64_t memory_mib = i < 9 ? 1024 : 32;
    request.numa.explicit_cells.push_back(
        {{2 * i, 2 * i + 1}, {}, memory_mib, {PageSize::Kind::kLarge}});
    request.memory_mib += memory_mib;
  }
  Decide(state, host, request, false);
}
BENCHMARK(SixteenCellsOnSixteenNodesThatDoNotFit);

// 200 guests of up to 4 dedicated or shared vCPUs leave about a third.
HostSpec BusyHost() {
  HostSpec spec = MakeHost({.cores = 64});
  CpuSet shared;
  for (int core = 0; core < 128; core += 4) {
    shared.Add(core);
    shared.Add(core + 128);
  }
  spec.shared_cpus = shared;
  spec.cpu_overcommit = 4.0;
  Host host(spec);
  for (int i = 0; i < 200; ++i) {
    Request request = Dedicated(i % 4 == 0 ? 2 : 1, 1024);
    if (i % 2 == 1) request.cpu_policy = CpuPolicy::kShared;
    request.tenant = i % 3 == 0 ? "a" : "b";
    const Answer answer = Place(host, request);
    host.Add(ToClaim(std::get<Placement>(answer), request, fmt::format("c-{}", i)));
  }
  return host.spec();
}

void HeadroomOfTwentyTypes(benchmark::State& state) {
  const Host host(BusyHost());
  std::vector<Request> types;
  for (int i = 0; i < 20; ++i) {
    const int vcpus = 1 << (i % 5 + 1);
    Request type = Dedicated(vcpus, vcpus * (i < 10 ? 2048 : 4096));
    if (i % 2 == 1) type.cpu_policy = CpuPolicy::kShared;
    types.push_back(type);
  }
  int64_t fit = 0;
  for (auto _ : state) {
    fit = 0;
    for (const Request& type : types) fit += Headroom(host, type, 1'000);
    benchmark::DoNotOptimize(fit);
  }
  state.counters["fit"] = static_cast<double>(fit);
}
BENCHMARK(HeadroomOfTwentyTypes);

}  // namespace
}  // namespace berth::placement
