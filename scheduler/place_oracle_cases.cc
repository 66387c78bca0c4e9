// SPDX-License-Identifier: Apache-2.0
#include "scheduler/place_oracle_cases.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "core/base/random.h"

namespace berth::placement {
namespace {

// Draws the properties of one case.
class Draw {
 public:
  explicit Draw(uint64_t number) : random_(MakeSeededRandom(number)) {}
  // 0 to below `n`.
  int Below(int n) { return static_cast<int>(random_->Next() % static_cast<uint64_t>(n)); }
  bool Once(int in) { return Below(in) == 0; }
  template <typename T>
  T Of(std::initializer_list<T> values) {
    return values.begin()[Below(static_cast<int>(values.size()))];
  }

 private:
  std::unique_ptr<Random> random_;
};

void AddNode(Draw& draw, int* cpu, HostSpec* host) {
  const int id = static_cast<int>(host->nodes.size());
  Node node{.id = id, .socket = draw.Below(id + 1), .memory_mib = draw.Of({8, 16, 24, 32})};
  const int cores = draw.Below(5);
  const bool unlike = draw.Once(4);  // Some cores have one thread and some two.
  const int threads = 1 + draw.Below(2);
  for (int c = 0; c < cores; ++c) {
    node.cores.emplace_back();
    for (int t = 0; t < (unlike ? 1 + draw.Below(2) : threads); ++t)
      node.cores.back().push_back((*cpu)++);
  }
  for (const auto& core : node.cores) {
    if (node.llcs.empty() || draw.Once(4)) node.llcs.emplace_back();
    node.llcs.back().insert(node.llcs.back().end(), core.begin(), core.end());
  }
  if (draw.Once(2)) node.pages.push_back({2048, draw.Below(5), 0});
  if (draw.Once(8)) node.reserved_memory_mib = draw.Below(10);
  host->nodes.push_back(std::move(node));
}

CpuSet SomeOf(Draw& draw, int cpus, int of) {
  CpuSet set;
  for (int cpu = 0; cpu < cpus; ++cpu)
    if (draw.Once(of)) set.Add(cpu);
  return set;
}

void AddSets(Draw& draw, int cpus, HostSpec* host) {
  if (draw.Once(4)) host->reserved_cpus = SomeOf(draw, cpus, 6);
  const int kind = draw.Below(4);
  if (kind == 0) return;
  CpuSet dedicated = SomeOf(draw, cpus, 2);
  CpuSet shared;
  for (int cpu = 0; cpu < cpus; ++cpu)
    if (!dedicated.Has(cpu)) shared.Add(cpu);
  if (kind != 2) host->dedicated_cpus = dedicated;
  if (kind != 1) host->shared_cpus = shared;
}

void AddClaims(Draw& draw, HostSpec* host) {
  CpuSet held;
  for (int i = draw.Below(4); i > 0; --i) {
    const Node& node =
        host->nodes[static_cast<size_t>(draw.Below(static_cast<int>(host->nodes.size())))];
    ClaimCell cell{.node = node.id, .dedicated_cpus = {}};
    for (const auto& core : node.cores)
      for (const int cpu : core)
        if (!held.Has(cpu) && draw.Once(4)) cell.dedicated_cpus.Add(cpu);
    held |= cell.dedicated_cpus;
    cell.shared_vcpus = draw.Once(2) ? 0 : draw.Below(4);
    cell.page_size_kib = draw.Once(3) ? 2048 : kBasePageKib;
    cell.memory_mib = 2 * draw.Below(4);
    Claim claim{.id = "c" + std::to_string(i),
                .tenant = draw.Of<const char*>({"a", "b"}),
                .core_sharing = {},
                .cells = {cell},
                .devices = {}};
    if (draw.Once(2))
      claim.core_sharing =
          draw.Of({CoreSharing::kSameTenant, CoreSharing::kNone, CoreSharing::kAny});
    host->claims.push_back(std::move(claim));
  }
}

void AddDevices(Draw& draw, HostSpec* host) {
  const int group = draw.Below(2) - 1;
  for (int i = draw.Below(3); i > 0; --i)
    host->devices.push_back({.address = "0000:0" + std::to_string(i) + ":00.0",
                             .node = draw.Below(static_cast<int>(host->nodes.size()) + 1) - 1,
                             .kind = draw.Once(4) ? "nic" : "gpu",
                             .model = "",
                             .iommu_group = group < 0 ? (draw.Once(2) ? -1 : i) : group});
  if (!host->devices.empty() && !host->claims.empty() && draw.Once(3))
    host->claims.front().devices.push_back(host->devices.front().address);
}

HostSpec DrawHost(Draw& draw) {
  HostSpec host;
  int cpus = 0;
  for (int n = 1 + draw.Below(3); n > 0; --n) AddNode(draw, &cpus, &host);
  for (size_t i = 0; i < host.nodes.size(); ++i)
    for (size_t to = 0; to < host.nodes.size(); ++to)
      host.nodes[i].distances.push_back(i == to ? 10 : draw.Of({20, 20, 30}));
  AddSets(draw, cpus, &host);
  AddClaims(draw, &host);
  AddDevices(draw, &host);
  host.cpu_overcommit = draw.Of({1.0, 1.0, 1.5, 3.0});
  host.memory_overcommit = draw.Of({1.0, 1.0, 1.5});
  return host;
}

PageSize DrawPage(Draw& draw) {
  using Kind = PageSize::Kind;
  return draw.Of<PageSize>({{Kind::kSmall},
                            {Kind::kSmall},
                            {Kind::kLarge},
                            {Kind::kAny},
                            {Kind::kExact, 2048},
                            {Kind::kExact, kBasePageKib}});
}

// vCPUs and memory dealt to cells, unlike ones.
void DrawCells(Draw& draw, Request* request) {
  request->numa.kind = Numa::Kind::kExplicit;
  const int cells = 1 + draw.Below(std::min(3, request->vcpus));
  request->numa.explicit_cells.resize(static_cast<size_t>(cells));
  request->memory_mib = 0;
  for (GuestCell& cell : request->numa.explicit_cells) {
    cell.memory_mib = draw.Below(8);
    cell.page_size = DrawPage(draw);
    request->memory_mib += cell.memory_mib;
  }
  for (int v = 0; v < request->vcpus; ++v) {
    GuestCell& cell =
        request->numa.explicit_cells[static_cast<size_t>(v < cells ? v : draw.Below(cells))];
    const bool dedicated = request->cpu_policy == CpuPolicy::kDedicated ||
                           (request->cpu_policy == CpuPolicy::kMixed && draw.Once(2));
    (dedicated ? cell.dedicated_vcpus : cell.shared_vcpus).push_back(v);
  }
}

Request DrawRequest(Draw& draw, int nodes) {
  Request request{.vcpus = draw.Of({1, 1, 2, 2, 3, 4, 6}), .memory_mib = 1 + draw.Below(12)};
  request.cpu_policy = draw.Of(
      {CpuPolicy::kShared, CpuPolicy::kDedicated, CpuPolicy::kDedicated, CpuPolicy::kMixed});
  request.smt_policy = draw.Of({SmtPolicy::kPrefer, SmtPolicy::kRequire, SmtPolicy::kIsolate});
  request.core_sharing = draw.Of({CoreSharing::kSameTenant, CoreSharing::kNone, CoreSharing::kAny});
  request.emulator_policy =
      draw.Of({EmulatorPolicy::kShared, EmulatorPolicy::kShared, EmulatorPolicy::kIsolate});
  request.tenant = "a";
  request.page_size = DrawPage(draw);
  request.overhead_mib = draw.Once(4) ? draw.Below(4) : 0;
  const int numa = draw.Below(4);
  if (numa == 0) DrawCells(draw, &request);
  if (numa == 1) request.numa = {.kind = Numa::Kind::kEqual, .cells = 1 + draw.Below(3)};
  if (request.cpu_policy == CpuPolicy::kMixed && numa != 0)
    for (int v = 0; v < request.vcpus; ++v)
      if (draw.Once(2)) request.dedicated_vcpus.push_back(v);
  if (draw.Once(3))
    request.devices.push_back(
        {.kind = "gpu",
         .model = "",
         .count = 1 + draw.Below(2),
         .affinity = draw.Of({Affinity::kPreferred, Affinity::kRequired, Affinity::kNone})});
  if (draw.Once(5)) request.node_set = std::vector<int>{draw.Below(nodes)};
  return request;
}

}  // namespace

Case DrawCase(uint64_t number) {
  Draw draw(number);
  Case drawn;
  drawn.host = DrawHost(draw);
  drawn.request = DrawRequest(draw, static_cast<int>(drawn.host.nodes.size()));
  return drawn;
}

namespace {

// A node by how many threads its cores have, and how many of each core are held; the most first.
struct Shape {
  int threads = 1;
  std::vector<int> held;
};

void AddShapes(int threads, std::vector<int> held, std::vector<Shape>* shapes) {
  if (threads == 1 || !held.empty()) shapes->push_back({threads, held});
  if (held.size() == 4) return;
  for (int next = held.empty() ? threads : held.back(); next >= 0; --next) {
    held.push_back(next);
    AddShapes(threads, held, shapes);
    held.pop_back();
  }
}

HostSpec HostOf(const std::vector<Shape>& shapes, const std::vector<size_t>& chosen) {
  HostSpec host;
  int cpu = 0;
  Claim claim{.id = "c", .tenant = "b", .core_sharing = CoreSharing::kAny, .cells = {}};
  for (size_t n = 0; n < chosen.size(); ++n) {
    Node node{.id = static_cast<int>(n), .socket = static_cast<int>(n / 2)};
    // Not the same for all, so that cells fit here and not there.
    node.memory_mib = 4 + 3 * static_cast<int64_t>(chosen[n] % 4);
    ClaimCell cell{.node = node.id, .dedicated_cpus = {}};
    for (const int held : shapes[chosen[n]].held) {
      node.cores.emplace_back();
      for (int t = 0; t < shapes[chosen[n]].threads; ++t) {
        if (t < held) cell.dedicated_cpus.Add(cpu);
        node.cores.back().push_back(cpu++);
      }
    }
    for (size_t to = 0; to < chosen.size(); ++to) node.distances.push_back(n == to ? 10 : 20);
    host.nodes.push_back(std::move(node));
    claim.cells.push_back(std::move(cell));
  }
  host.claims.push_back(std::move(claim));
  return host;
}

// Of one node, then of two, then of three.
void EachHost(const std::vector<Shape>& shapes, const std::function<void(const HostSpec&)>& visit) {
  for (size_t a = 0; a < shapes.size(); ++a) visit(HostOf(shapes, {a}));
  for (size_t a = 0; a < shapes.size(); ++a)
    for (size_t b = a; b < shapes.size(); ++b) visit(HostOf(shapes, {a, b}));
  for (size_t a = 0; a < shapes.size(); ++a)
    for (size_t b = a; b < shapes.size(); ++b)
      for (size_t c = b; c < shapes.size(); ++c) visit(HostOf(shapes, {a, b, c}));
}

// Cells with so many vCPUs, with 1 MiB for each.
Request CellsRequest(const std::vector<int>& sizes, CpuPolicy policy) {
  Request request;
  request.numa.kind = Numa::Kind::kExplicit;
  for (const int size : sizes) {
    GuestCell cell{{}, {}, size, {}};
    for (int i = 0; i < size; ++i)
      (policy == CpuPolicy::kShared ? cell.shared_vcpus : cell.dedicated_vcpus)
          .push_back(request.vcpus++);
    request.memory_mib += size;
    request.numa.explicit_cells.push_back(std::move(cell));
  }
  return request;
}

std::vector<Request> SmallRequests() {
  std::vector<Request> requests;
  const auto add = [&](Request request, CpuPolicy policy, SmtPolicy smt) {
    request.cpu_policy = policy;
    request.smt_policy = smt;
    request.core_sharing = CoreSharing::kAny;
    request.tenant = "a";
    requests.push_back(std::move(request));
  };
  const auto add_all = [&](CpuPolicy policy, SmtPolicy smt) {
    for (int vcpus = 1; vcpus <= 6; ++vcpus)
      for (int cells = 1; cells <= 3; ++cells) {
        Request request{.vcpus = vcpus, .memory_mib = vcpus};
        if (cells > 1) request.numa = {.kind = Numa::Kind::kEqual, .cells = cells};
        if (vcpus % cells == 0) add(request, policy, smt);
      }
    for (const auto& sizes : std::vector<std::vector<int>>{
             {1, 2}, {2, 1}, {1, 3}, {2, 3}, {1, 1, 2}, {2, 1, 1}, {1, 2, 3}})
      add(CellsRequest(sizes, policy), policy, smt);
  };
  for (const SmtPolicy smt : {SmtPolicy::kPrefer, SmtPolicy::kRequire, SmtPolicy::kIsolate})
    add_all(CpuPolicy::kDedicated, smt);
  add_all(CpuPolicy::kShared, SmtPolicy::kPrefer);
  return requests;
}

// The first device on the last node, the second on the first; a guest that wants them wants them
// near.
void AddDevices(int count, Case* small) {
  for (int i = 0; i < count; ++i)
    small->host.devices.push_back({.address = fmt::format("0000:0{}:00.0", i),
                                   .node = i == 0 ? small->host.nodes.back().id : 0,
                                   .kind = "gpu",
                                   .model = "",
                                   .iommu_group = -1});
  if (count > 0)
    small->request.devices.push_back(
        {.kind = "gpu", .model = "", .count = count, .affinity = Affinity::kRequired});
}

}  // namespace

int64_t EachSmallCase(int64_t step, const std::function<void(const Case&)>& visit) {
  std::vector<Shape> shapes;
  for (const int threads : {1, 2}) AddShapes(threads, {}, &shapes);
  const std::vector<Request> requests = SmallRequests();
  int64_t number = 0, visited = 0;
  EachHost(shapes, [&](const HostSpec& host) {
    for (const Request& request : requests)
      for (int devices = 0; devices <= 2; ++devices) {
        if (number++ % step != 0) continue;
        Case small{host, request};
        AddDevices(devices, &small);
        visit(small);
        ++visited;
      }
  });
  return visited;
}

std::string Describe(const Case& tried) {
  const auto& [host, request] = tried;
  std::string text;
  const auto add = [&](std::string line) { text += std::move(line) + "\n"; };
  const auto set = [](const std::optional<CpuSet>& cpus) {
    return cpus ? '"' + ToCpuList(*cpus) + '"' : "-";
  };
  for (const Node& node : host.nodes) {
    add(fmt::format("node {}: socket {}, {} MiB, reserve {}, cores {}, caches {}, distances {}",
                    node.id, node.socket, node.memory_mib, node.reserved_memory_mib, node.cores,
                    node.llcs, node.distances));
    for (const PagePool& pool : node.pages)
      add(fmt::format("  {} pages of {} KiB, {} used", pool.total, pool.size_kib, pool.used));
  }
  add(fmt::format("reserved {}, shared {}, dedicated {}, overcommit {} and {}",
                  set(host.reserved_cpus), set(host.shared_cpus), set(host.dedicated_cpus),
                  host.cpu_overcommit, host.memory_overcommit));
  for (const Device& device : host.devices)
    add(fmt::format("device {} {} on node {}, group {}", device.kind, device.address, device.node,
                    device.iommu_group));
  for (const Claim& claim : host.claims) {
    add(fmt::format("claim {} of {}, sharing {}, devices {}", claim.id, claim.tenant,
                    claim.core_sharing ? static_cast<int>(*claim.core_sharing) : -1,
                    claim.devices));
    for (const ClaimCell& cell : claim.cells)
      add(fmt::format("  node {}: dedicated {}, shared {}, {} MiB of {} KiB", cell.node,
                      set(cell.dedicated_cpus), cell.shared_vcpus, cell.memory_mib,
                      cell.page_size_kib));
  }
  add(fmt::format(
      "request: {} vCPUs, {} MiB (+{}), cpu {}, smt {}, sharing {}, emulator {}, page "
      "{}/{}, numa {}/{}, dedicated {}, nodes {}",
      request.vcpus, request.memory_mib, request.overhead_mib, static_cast<int>(request.cpu_policy),
      static_cast<int>(request.smt_policy), static_cast<int>(request.core_sharing),
      static_cast<int>(request.emulator_policy), static_cast<int>(request.page_size.kind),
      request.page_size.kib, static_cast<int>(request.numa.kind), request.numa.cells,
      request.dedicated_vcpus, request.node_set.value_or(std::vector<int>{})));
  for (const GuestCell& cell : request.numa.explicit_cells)
    add(fmt::format("  cell: dedicated {}, shared {}, {} MiB, page {}/{}", cell.dedicated_vcpus,
                    cell.shared_vcpus, cell.memory_mib, static_cast<int>(cell.page_size.kind),
                    cell.page_size.kib));
  for (const DeviceDemand& demand : request.devices)
    add(fmt::format("  {} x {}, affinity {}", demand.count, demand.kind,
                    static_cast<int>(demand.affinity)));
  return text;
}

}  // namespace berth::placement
