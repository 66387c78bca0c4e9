// SPDX-License-Identifier: Apache-2.0
#include "scheduler/solve.h"

#include <algorithm>

#include "scheduler/assign.h"
#include "scheduler/split.h"

namespace berth::placement {
namespace {

bool IsDedicated(const Request& request, int vcpu) {
  if (request.cpu_policy != CpuPolicy::kMixed) return request.cpu_policy == CpuPolicy::kDedicated;
  return std::binary_search(request.dedicated_vcpus.begin(), request.dedicated_vcpus.end(), vcpu);
}

GuestCell CellOf(const Request& request, int first_vcpu, int vcpus, int64_t memory_mib) {
  GuestCell cell{{}, {}, memory_mib, request.page_size};
  for (int vcpu = first_vcpu; vcpu < first_vcpu + vcpus; ++vcpu)
    (IsDedicated(request, vcpu) ? cell.dedicated_vcpus : cell.shared_vcpus).push_back(vcpu);
  return cell;
}

// The next vCPUs of each kind for each cell, in their order.
std::vector<GuestCell> CellsOfSplit(const Request& request, const Split& split) {
  const GuestCell all = CellOf(request, 0, request.vcpus, 0);
  auto dedicated = all.dedicated_vcpus.begin();
  auto shared = all.shared_vcpus.begin();
  std::vector<GuestCell> cells;
  for (const CellNeed& need : split.needs) {
    cells.push_back({{dedicated, dedicated + need.dedicated},
                     {shared, shared + need.shared},
                     need.memory_mib,
                     need.page_size});
    dedicated += need.dedicated;
    shared += need.shared;
  }
  return cells;
}

PlacedCell PlaceCell(const Host& host, const NodeOffer& offer, const GuestCell& cell,
                     const CellNeed& need, bool lone_emulator, int* emulator) {
  PlacedCell placed{.node = host.spec().nodes[offer.node()].id,
                    .vcpu_pins = {},
                    .shared_vcpus = cell.shared_vcpus,
                    .charged_cpus = {},
                    .memory_mib = need.memory_mib,
                    .page_size_kib = offer.PageFor(need).value_or(kBasePageKib)};
  ThreadPick pick = offer.PickBeside(need.shared, {need.dedicated, lone_emulator});
  for (size_t i = 0; i < pick.pins.size(); ++i)
    placed.vcpu_pins.emplace_back(cell.dedicated_vcpus[i], pick.pins[i]);
  placed.charged_cpus = std::move(pick.charged);
  if (lone_emulator) *emulator = pick.emulator;
  return placed;
}

// The shared CPUs of the guest's nodes; where these have none the whole shared set; where there is
// none the guest's own pins.
CpuSet SharedEmulatorCpus(const Host& host, const Placement& placement) {
  const CpuSet charged = placement.ChargedCpus();
  CpuSet near;
  for (const PlacedCell& cell : placement.cells)
    near |= host.SharedCpusOf(static_cast<size_t>(host.NodeIndex(cell.node)));
  near -= charged;
  if (!near.empty()) return near;
  for (size_t i = 0; i < host.spec().nodes.size(); ++i) near |= host.SharedCpusOf(i);
  near -= charged;
  if (!near.empty()) return near;
  for (const PlacedCell& cell : placement.cells)
    for (const auto& [vcpu, cpu] : cell.vcpu_pins) near.Add(cpu);
  return near;
}

Placement Write(const Host& host, const Request& request, const std::vector<NodeOffer>& offers,
                const std::vector<size_t>& chosen, const std::vector<GuestCell>& cells,
                const DeviceChoice& devices, bool optimal) {
  Placement placement;
  placement.optimal = optimal;
  int emulator = -1;
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool lone = i == 0 && request.emulator_policy == EmulatorPolicy::kIsolate;
    placement.cells.push_back(
        PlaceCell(host, offers[chosen[i]], cells[i], NeedOf(cells[i], i == 0), lone, &emulator));
  }
  for (const int device : devices.devices)
    placement.devices.push_back(host.spec().devices[static_cast<size_t>(device)].address);
  placement.emulator_cpus = emulator >= 0 ? CpuSet{emulator} : SharedEmulatorCpus(host, placement);
  return placement;
}

}  // namespace

std::vector<NodeOffer> OffersFor(const Host& host, const Request& request) {
  std::vector<NodeOffer> offers;
  offers.reserve(host.spec().nodes.size());
  for (size_t i = 0; i < host.spec().nodes.size(); ++i) {
    const int id = host.spec().nodes[i].id;
    if (!request.node_set || std::find(request.node_set->begin(), request.node_set->end(), id) !=
                                 request.node_set->end())
      offers.emplace_back(host, i, request);
  }
  return offers;
}

std::vector<GuestCell> CellsOf(const Request& request) {
  if (request.numa.kind == Numa::Kind::kExplicit) return request.numa.explicit_cells;
  const int count = request.numa.kind == Numa::Kind::kAuto ? 1 : request.numa.cells;
  if (request.vcpus % count != 0 || request.memory_mib % count != 0) return {};
  std::vector<GuestCell> cells;
  const int vcpus = request.vcpus / count;
  for (int i = 0; i < count; ++i)
    cells.push_back(CellOf(request, i * vcpus, vcpus, request.memory_mib / count));
  return cells;
}

CellNeed NeedOf(const GuestCell& cell, bool first) {
  return {.dedicated = static_cast<int>(cell.dedicated_vcpus.size()),
          .shared = static_cast<int>(cell.shared_vcpus.size()),
          .memory_mib = cell.memory_mib,
          .page_size = cell.page_size,
          .first = first};
}

std::optional<Placement> Solve(const Host& host, const Request& request) {
  const std::vector<GuestCell> cells = CellsOf(request);
  if (cells.empty()) return std::nullopt;
  const std::vector<NodeOffer> offers = OffersFor(host, request);
  const DeviceChooser devices(host, request);
  std::vector<CellNeed> needs;
  for (size_t i = 0; i < cells.size(); ++i) needs.push_back(NeedOf(cells[i], i == 0));
  if (const auto found = AssignCells(host, offers, needs, devices))
    return Write(host, request, offers, found->offers, cells, found->devices, found->optimal);
  if (request.numa.kind != Numa::Kind::kAuto) return std::nullopt;
  const VcpuCounts vcpus{needs[0].dedicated, needs[0].shared};
  const auto split = SplitCells(host, offers, request, vcpus, devices);
  if (!split) return std::nullopt;
  return Write(host, request, offers, split->offers, CellsOfSplit(request, *split), split->devices,
               split->optimal);
}

}  // namespace berth::placement
