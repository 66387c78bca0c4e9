// SPDX-License-Identifier: Apache-2.0
#include "scheduler/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::scheduler {
namespace {

struct Shortage {
  std::string resource;  // As the API spells it.
  std::string noun;
  std::string unit;  // With the space before it.
  int64_t wanted = 0;
  int64_t free = 0;     // What one more guest could have; never below 0.
  int64_t lacking = 0;  // How much has to be released before it fits.
  std::string because;  // More for the reader; "" = the numbers say it all.
};

Placement ChargeOf(const Demand& demand) {
  Placement placement;
  placement.overhead_mib = OverheadMib(demand.shape, demand.traits);
  placement.run.vcpus = demand.shape.vcpus;
  placement.run.memory_mib = demand.shape.memory_mib + placement.overhead_mib;
  if (demand.with_disk) placement.disk.disk_mib = DiskMib(demand.traits.root_disk_mib);
  return placement;
}

// One guest's vCPUs need as many CPUs, however many guests may share these.
int64_t CpusOf(const model::Capacity& capacity) {
  return std::max<int64_t>(0, capacity.total.vcpus - capacity.reserved.vcpus);
}

Shortage ShortOf(std::string resource, std::string noun, std::string unit, int64_t wanted,
                 int64_t left) {
  Shortage shortage{std::move(resource),
                    std::move(noun),
                    std::move(unit),
                    wanted,
                    std::max<int64_t>(0, left),
                    wanted - left,
                    ""};
  if (left < 0) shortage.because = fmt::format(" (over-committed by {})", -left);
  return shortage;
}

std::vector<Shortage> ShortagesOf(const Host& host, const model::Resources& wanted) {
  const model::Resources left = host.capacity.Allocatable() - host.allocated;
  std::vector<Shortage> shortages;
  const int64_t cpus = CpusOf(host.capacity);
  if (wanted.vcpus > std::min(left.vcpus, cpus)) {
    shortages.push_back(ShortOf("vcpus", "vCPUs", "", wanted.vcpus, std::min(left.vcpus, cpus)));
    if (wanted.vcpus > cpus)
      shortages.back().because =
          fmt::format("; one guest cannot be wider than the {} CPUs there are to give", cpus);
  }
  if (wanted.memory_mib > 0 && wanted.memory_mib > left.memory_mib)
    shortages.push_back(
        ShortOf("memory_mib", "memory", " MiB", wanted.memory_mib, left.memory_mib));
  if (wanted.disk_mib > 0 && wanted.disk_mib > left.disk_mib)
    shortages.push_back(ShortOf("disk_mib", "disk", " MiB", wanted.disk_mib, left.disk_mib));
  return shortages;
}

bool Fits(const Host& host, const Demand& demand) {
  const Placement charge = ChargeOf(demand);
  return ShortagesOf(host, charge.run + charge.disk).empty();
}

// The largest guest memory with which the rest would fit; 0 if there is none. The overhead grows
// with the memory, so it is searched for, and fitting is monotonous.
int64_t NearestMemoryMib(const Host& host, Demand demand) {
  int64_t fits = 0;
  int64_t too_much = demand.shape.memory_mib;
  while (too_much - fits > 1) {
    demand.shape.memory_mib = fits + (too_much - fits) / 2;
    (Fits(host, demand) ? fits : too_much) = demand.shape.memory_mib;
  }
  return fits;
}

int64_t NearestVcpus(const Host& host, Demand demand) {
  while (--demand.shape.vcpus > 0)
    if (Fits(host, demand)) return demand.shape.vcpus;
  return 0;
}

Status Refusal(const Host& host, const Demand& demand, const std::vector<Shortage>& shortages) {
  ErrorDetails details{.reason = reasons::kInsufficientCapacity};
  std::string message;
  for (const Shortage& s : shortages) {
    details.metadata[s.resource + "_wanted"] = std::to_string(s.wanted);
    details.metadata[s.resource + "_free"] = std::to_string(s.free);
    details.metadata[s.resource + "_short"] = std::to_string(s.lacking);
    message +=
        fmt::format("{}short of {} by {}{}: {} wanted, {} free{}", message.empty() ? "" : "; ",
                    s.noun, s.lacking, s.unit, s.wanted, s.free, s.because);
  }
  if (const int64_t vcpus = NearestVcpus(host, demand); vcpus > 0)
    details.metadata["nearest_vcpus"] = std::to_string(vcpus);
  if (const int64_t memory = NearestMemoryMib(host, demand); memory > 0)
    details.metadata["nearest_memory_mib"] = std::to_string(memory);
  return MakeError(StatusCode::kResourceExhausted, message, std::move(details));
}

}  // namespace

StatusOr<Placement> Place(const Host& host, const Demand& demand) {
  Placement charge = ChargeOf(demand);
  const auto shortages = ShortagesOf(host, charge.run + charge.disk);
  if (!shortages.empty()) return Refusal(host, demand, shortages);
  return charge;
}

}  // namespace berth::scheduler
