// SPDX-License-Identifier: Apache-2.0
#include "scheduler/refuse.h"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/device_choice.h"
#include "scheduler/matching.h"
#include "scheduler/nearest.h"
#include "scheduler/solve.h"

namespace berth::placement {
namespace {

Reason MemoryReason(const NodeOffer& offer, const CellNeed& need, const Request& request) {
  const PageSize& page = need.page_size;
  Reason reason{.resource = "memory_mib", .wanted = need.memory_mib};
  if (page.kind == PageSize::Kind::kExact && page.kib != kBasePageKib) {
    reason.resource = fmt::format("pages_{}", page.kib);
    reason.wanted = need.memory_mib * 1024 / page.kib;
    reason.free = offer.FreePagesMib(page.kib) * 1024 / page.kib;
  } else if (page.kind == PageSize::Kind::kLarge) {
    // Of the pool that comes nearest.
    reason.resource = "large_pages_mib";
    for (const int64_t size : offer.PoolSizes())
      if (need.memory_mib * 1024 % size == 0)
        reason.free = std::max(reason.free, offer.FreePagesMib(size));
  } else {
    if (need.first) reason.wanted += request.overhead_mib;
    reason.free = offer.FreeSmallMib();
    reason.over = offer.SmallMibOver();
  }
  return reason;
}

Reason ReasonFor(const Host& host, const NodeOffer& offer, const CellNeed& need, Lack lack,
                 const Request& request) {
  Reason reason;
  switch (lack) {
    case Lack::kNothing:
      break;
    case Lack::kPageSize:
      reason = {.resource = "page_size", .wanted = need.page_size.kib};
      break;
    case Lack::kMemory:
      reason = MemoryReason(offer, need, request);
      break;
    case Lack::kOverhead:
      reason = {.resource = "memory_mib",
                .wanted = request.overhead_mib,
                .free = offer.FreeSmallMib(),
                .over = offer.SmallMibOver()};
      break;
    case Lack::kDedicated:
      if (request.smt_policy == SmtPolicy::kRequire && !host.has_smt())
        reason = {.resource = "smt", .wanted = 2, .free = 1};
      else
        reason = {.resource = "dedicated_cpus",
                  .wanted = need.dedicated,
                  .free = offer.MostDedicated(/*emulator=*/false)};
      break;
    case Lack::kEmulator:
      reason = {.resource = "emulator_cpus", .wanted = 1};
      break;
    case Lack::kShared:
      reason = {.resource = "shared_vcpus",
                .wanted = need.shared,
                .free = offer.MostShared(),
                .over = offer.SharedVcpusOver()};
      break;
  }
  reason.node = host.spec().nodes[offer.node()].id;
  return reason;
}

void Add(Reason reason, std::vector<Reason>* reasons) {
  if (std::find(reasons->begin(), reasons->end(), reason) == reasons->end())
    reasons->push_back(std::move(reason));
}

// Of each cell that fits nowhere, what each node lacks for it.
void ExplainCells(const Host& host, const Request& request, const std::vector<NodeOffer>& offers,
                  const std::vector<CellNeed>& needs, std::vector<Reason>* reasons) {
  Edges edges;
  for (const CellNeed& need : needs) {
    edges.emplace_back();
    std::vector<Reason> lacking;
    for (size_t j = 0; j < offers.size(); ++j) {
      const std::vector<Lack> lacks = offers[j].Lacks(need);
      if (lacks.empty()) edges.back().push_back(j);
      for (const Lack lack : lacks)
        lacking.push_back(ReasonFor(host, offers[j], need, lack, request));
    }
    if (edges.back().empty())
      for (Reason& reason : lacking) Add(std::move(reason), reasons);
  }
  if (offers.size() < needs.size() || reasons->empty()) {
    const auto together = static_cast<int64_t>(LargestMatching(edges, offers.size()));
    if (together < static_cast<int64_t>(needs.size()))
      Add({.resource = "numa_nodes",
           .wanted = static_cast<int64_t>(needs.size()),
           .free = together},
          reasons);
  }
}

void ExplainDevices(const Host& host, const Request& request, std::vector<Reason>* reasons) {
  const DeviceChooser devices(host, request);
  if (!devices.needed()) return;
  for (size_t i = 0; i < request.devices.size(); ++i)
    if (devices.FreeFor(i) < request.devices[i].count)
      Add({.resource = "devices", .wanted = request.devices[i].count, .free = devices.FreeFor(i)},
          reasons);
  // Enough of them, but not near enough, or not without others that nobody asked for.
  if (!reasons->empty()) return;
  for (const DeviceDemand& demand : request.devices)
    Add({.resource = "devices", .wanted = demand.count, .free = 0}, reasons);
}

}  // namespace

Refusal Refuse(const Host& host, const Request& request, const OverheadOf& overhead) {
  Refusal refusal;
  const std::vector<GuestCell> cells = CellsOf(request);
  const std::vector<NodeOffer> offers = OffersFor(host, request);
  if (cells.empty())
    refusal.reasons.push_back({.resource = "numa_cells", .wanted = request.numa.cells, .free = 0});
  std::vector<CellNeed> needs;
  for (size_t i = 0; i < cells.size(); ++i) needs.push_back(NeedOf(cells[i], i == 0));
  ExplainCells(host, request, offers, needs, &refusal.reasons);
  if (!cells.empty()) ExplainDevices(host, request, &refusal.reasons);
  refusal.nearest = NearestFit(host, request, overhead);
  return refusal;
}

}  // namespace berth::placement
