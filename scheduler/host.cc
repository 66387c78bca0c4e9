// SPDX-License-Identifier: Apache-2.0
#include "scheduler/host.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace berth::placement {
namespace {

// floor(amount * ratio), where the product of two exact decimals may lie a hair below its integer.
int64_t Scale(int64_t amount, double ratio) {
  constexpr double kHair = 1e-9;
  constexpr double kMost = static_cast<double>(std::numeric_limits<int64_t>::max()) / 4;
  const double scaled = std::floor(static_cast<double>(amount) * ratio + kHair);
  return static_cast<int64_t>(std::min(scaled, kMost));
}

int LlcOf(const Node& node, int cpu) {
  for (size_t i = 0; i < node.llcs.size(); ++i)
    if (std::find(node.llcs[i].begin(), node.llcs[i].end(), cpu) != node.llcs[i].end())
      return static_cast<int>(i);
  return 0;
}

int64_t PagesFor(int64_t memory_mib, int64_t size_kib) {
  return (memory_mib * 1024 + size_kib - 1) / size_kib;
}

// The amounts of a cell, which are taken or given back alike.
void AddAmounts(const ClaimCell& cell, int64_t sign, NodeBook* book) {
  book->shared_vcpus_used += sign * cell.shared_vcpus;
  if (cell.shared_vcpus > 0) {
    int& cells = book->widths[cell.shared_vcpus];
    cells += static_cast<int>(sign);
    if (cells == 0) book->widths.erase(cell.shared_vcpus);
  }
  if (cell.page_size_kib == kBasePageKib) book->small_used_mib += sign * cell.memory_mib;
  for (PoolBook& pool : book->pools)
    if (pool.size_kib == cell.page_size_kib)
      pool.free -= sign * PagesFor(cell.memory_mib, pool.size_kib);
}

}  // namespace

Host::Host(HostSpec spec) {
  std::vector<Claim> claims = std::exchange(spec.claims, {});
  spec_ = std::make_shared<const HostSpec>(std::move(spec));
  for (const Node& node : spec_->nodes)
    for (const auto& core : node.cores) has_smt_ = has_smt_ || core.size() > 1;
  int cpu_ids = 0;
  for (const Node& node : spec_->nodes) {
    books_.push_back(EmptyBook(node));
    for (const auto& core : node.cores)
      for (const int cpu : core) cpu_ids = std::max(cpu_ids, cpu + 1);
  }
  claims_on_cpu_.assign(static_cast<size_t>(cpu_ids), 0);
  claims_on_device_.assign(spec_->devices.size(), 0);
  devices_held_.assign(spec_->devices.size(), false);
  for (Claim& claim : claims) Add(std::move(claim));
}

int64_t Host::SharedLimit(int64_t cpus) const { return Scale(cpus, spec_->cpu_overcommit); }

int Host::NodeIndex(int id) const {
  for (size_t i = 0; i < spec_->nodes.size(); ++i)
    if (spec_->nodes[i].id == id) return static_cast<int>(i);
  return -1;
}

bool Host::MayBeDedicated(int cpu) const {
  if (spec_->reserved_cpus.Has(cpu)) return false;
  if (spec_->dedicated_cpus) return spec_->dedicated_cpus->Has(cpu);
  return !spec_->shared_cpus || !spec_->shared_cpus->Has(cpu);
}

bool Host::MayBeShared(int cpu) const {
  if (spec_->reserved_cpus.Has(cpu)) return false;
  if (spec_->shared_cpus) return spec_->shared_cpus->Has(cpu);
  return !spec_->dedicated_cpus || !spec_->dedicated_cpus->Has(cpu);
}

CpuSet Host::SharedCpusOf(size_t index) const {
  CpuSet cpus;
  const Node& node = spec_->nodes[index];
  for (size_t c = 0; c < node.cores.size(); ++c) {
    for (size_t t = 0; t < node.cores[c].size(); ++t) {
      if (!MayBeShared(node.cores[c][t])) continue;
      const bool taken = (books_[index].cores[c].free >> t & 1) == 0;
      if (!sets_coincide() || !taken) cpus.Add(node.cores[c][t]);
    }
  }
  return cpus;
}

NodeBook Host::EmptyBook(const Node& node) const {
  NodeBook book;
  int64_t pooled_kib = 0;
  for (const PagePool& pool : node.pages) {
    book.pools.push_back({pool.size_kib, pool.total, pool.total - pool.used});
    pooled_kib += pool.size_kib * pool.total;
  }
  std::sort(book.pools.begin(), book.pools.end(),
            [](const PoolBook& a, const PoolBook& b) { return a.size_kib < b.size_kib; });
  book.small_mib =
      std::max<int64_t>(0, node.memory_mib - (pooled_kib + 1023) / 1024 - node.reserved_memory_mib);
  book.small_limit_mib = Scale(book.small_mib, spec_->memory_overcommit);
  for (const auto& threads : node.cores) {
    CoreBook core;
    core.llc = LlcOf(node, threads.front());
    for (size_t t = 0; t < threads.size(); ++t) {
      core.all |= ThreadMask{1} << t;
      if (MayBeDedicated(threads[t])) core.free |= ThreadMask{1} << t;
      if (MayBeShared(threads[t])) ++book.shared_cpus;
    }
    book.cores.push_back(std::move(core));
  }
  return book;
}

void Host::Charge(const Claim& claim) {
  for (const ClaimCell& cell : claim.cells) {
    const int index = NodeIndex(cell.node);
    if (index < 0) continue;  // The node is gone, and what was held of it.
    ChargeCpus(claim, cell, static_cast<size_t>(index));
    AddAmounts(cell, 1, &books_[static_cast<size_t>(index)]);
  }
  for (const std::string& address : claim.devices)
    for (size_t i = 0; i < spec_->devices.size(); ++i)
      if (spec_->devices[i].address == address) devices_held_[i] = ++claims_on_device_[i] > 0;
}

void Host::Discharge(const Claim& claim) {
  for (const ClaimCell& cell : claim.cells) {
    const int index = NodeIndex(cell.node);
    if (index < 0) continue;
    DischargeCpus(claim, cell, static_cast<size_t>(index));
    AddAmounts(cell, -1, &books_[static_cast<size_t>(index)]);
  }
  for (const std::string& address : claim.devices)
    for (size_t i = 0; i < spec_->devices.size(); ++i)
      if (spec_->devices[i].address == address) devices_held_[i] = --claims_on_device_[i] > 0;
}

void Host::ChargeCpus(const Claim& claim, const ClaimCell& cell, size_t index) {
  if (cell.dedicated_cpus.empty()) return;
  const Node& node = spec_->nodes[index];
  for (size_t c = 0; c < node.cores.size(); ++c) {
    ThreadMask taken = 0;
    for (size_t t = 0; t < node.cores[c].size(); ++t) {
      if (!cell.dedicated_cpus.Has(node.cores[c][t])) continue;
      taken |= ThreadMask{1} << t;
      ++claims_on_cpu_[static_cast<size_t>(node.cores[c][t])];
    }
    if (taken == 0) continue;
    CoreBook& core = books_[index].cores[c];
    if (sets_coincide()) books_[index].shared_cpus -= std::popcount(taken & core.free);
    core.free &= ~taken;
    const CoreHolder holder{claim.tenant, claim.core_sharing};
    core.holders.insert(std::upper_bound(core.holders.begin(), core.holders.end(), holder), holder);
  }
}

void Host::DischargeCpus(const Claim& claim, const ClaimCell& cell, size_t index) {
  if (cell.dedicated_cpus.empty()) return;
  const Node& node = spec_->nodes[index];
  for (size_t c = 0; c < node.cores.size(); ++c) {
    CoreBook& core = books_[index].cores[c];
    bool held = false;
    for (size_t t = 0; t < node.cores[c].size(); ++t) {
      const int cpu = node.cores[c][t];
      if (!cell.dedicated_cpus.Has(cpu)) continue;
      held = true;
      if (--claims_on_cpu_[static_cast<size_t>(cpu)] > 0 || !MayBeDedicated(cpu)) continue;
      core.free |= ThreadMask{1} << t;
      if (sets_coincide()) ++books_[index].shared_cpus;
    }
    if (!held) continue;
    const CoreHolder holder{claim.tenant, claim.core_sharing};
    core.holders.erase(std::lower_bound(core.holders.begin(), core.holders.end(), holder));
  }
}

void Host::Add(Claim claim) {
  Charge(claim);
  std::string id = claim.id;
  claims_.emplace(std::move(id), std::move(claim));
}

void Host::Remove(const std::string& id) {
  const auto it = claims_.find(id);
  if (it == claims_.end()) return;
  Discharge(it->second);
  claims_.erase(it);
}

bool Host::operator==(const Host& other) const {
  return (spec_ == other.spec_ || *spec_ == *other.spec_) && claims_ == other.claims_ &&
         books_ == other.books_ && devices_held_ == other.devices_held_;
}

}  // namespace berth::placement
