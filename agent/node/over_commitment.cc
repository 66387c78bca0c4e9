// SPDX-License-Identifier: Apache-2.0
#include "agent/node/over_commitment.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::node {
namespace {

using placement::Host;

void OfAmounts(const Host& host, std::vector<std::string>* out) {
  for (size_t n = 0; n < host.books().size(); ++n) {
    const placement::NodeBook& book = host.books()[n];
    const int node = host.spec().nodes[n].id;
    if (const int64_t limit = host.SharedLimit(book.shared_cpus); book.shared_vcpus_used > limit)
      out->push_back(fmt::format("node {}: {} shared vCPUs are held of {}", node,
                                 book.shared_vcpus_used, limit));
    if (book.small_used_mib > book.small_limit_mib)
      out->push_back(fmt::format("node {}: {} MiB of memory are held of {}", node,
                                 book.small_used_mib, book.small_limit_mib));
    for (const placement::PoolBook& pool : book.pools)
      if (pool.free < 0)
        out->push_back(fmt::format("node {}: {} pages of {} KiB are held of {}", node,
                                   pool.total - pool.free, pool.size_kib, pool.total));
  }
}

CpuSet CpusThatMayBeHeld(const Host& host) {
  CpuSet cpus;
  for (const placement::Node& node : host.spec().nodes)
    for (const auto& core : node.cores)
      for (const int cpu : core)
        if (!host.spec().dedicated_cpus || host.spec().dedicated_cpus->Has(cpu)) cpus.Add(cpu);
  return cpus - host.spec().reserved_cpus;
}

// CPUs that are gone, are not for dedicated vCPUs any more, or are held twice.
void OfCpus(const Host& host, std::vector<std::string>* out) {
  const CpuSet there = CpusThatMayBeHeld(host);
  CpuSet held, gone, twice;
  for (const auto& [id, claim] : host.claims())
    for (const placement::ClaimCell& cell : claim.cells) {
      twice |= held & cell.dedicated_cpus;
      gone |= cell.dedicated_cpus - there;
      held |= cell.dedicated_cpus;
    }
  if (!gone.empty())
    out->push_back(fmt::format("CPUs {} are held and cannot be had any more", ToCpuList(gone)));
  if (!twice.empty()) out->push_back(fmt::format("CPUs {} are held twice", ToCpuList(twice)));
}

void OfDevices(const Host& host, std::vector<std::string>* out) {
  const auto& devices = host.spec().devices;
  for (const auto& [id, claim] : host.claims())
    for (const std::string& address : claim.devices)
      if (std::none_of(devices.begin(), devices.end(),
                       [&](const placement::Device& d) { return d.address == address; }))
        out->push_back(fmt::format("device {} is held and not there", address));
}

}  // namespace

std::vector<std::string> OverCommitments(const Host& host) {
  std::vector<std::string> out;
  OfAmounts(host, &out);
  OfCpus(host, &out);
  OfDevices(host, &out);
  return out;
}

}  // namespace berth::node
