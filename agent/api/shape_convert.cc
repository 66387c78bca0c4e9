// SPDX-License-Identifier: Apache-2.0
#include "agent/api/shape_convert.h"

#include <fmt/format.h>

#include "core/base/cpu_set.h"

namespace berth::api {
namespace {

// vCPU numbers as a CPU list.
std::vector<int> ToIds(const std::string& list, const std::string& path, RequestFaults& faults) {
  const auto ids = ParseCpuList(list);
  if (!ids) faults.Invalid(path, "give numbers as a CPU list, such as \"0-3,8\"");
  return ids.value_or(CpuSet()).ToVector();
}

std::string FromIds(const std::vector<int>& ids) { return ToCpuList(CpuSet(ids)); }

model::CpuPolicy ToCpuPolicy(v1::CpuPolicy policy) {
  if (policy == v1::CPU_POLICY_DEDICATED) return model::CpuPolicy::kDedicated;
  if (policy == v1::CPU_POLICY_MIXED) return model::CpuPolicy::kMixed;
  return model::CpuPolicy::kShared;
}

model::SmtPolicy ToSmtPolicy(v1::SmtPolicy policy) {
  if (policy == v1::SMT_POLICY_REQUIRE) return model::SmtPolicy::kRequire;
  if (policy == v1::SMT_POLICY_ISOLATE) return model::SmtPolicy::kIsolate;
  return model::SmtPolicy::kPrefer;
}

model::CoreSharing ToCoreSharing(v1::CoreSharing sharing) {
  if (sharing == v1::CORE_SHARING_NONE) return model::CoreSharing::kNone;
  if (sharing == v1::CORE_SHARING_ANY) return model::CoreSharing::kAny;
  return model::CoreSharing::kSameTenant;
}

model::PageSize ToPageSize(const v1::PageSize& size, const std::string& path,
                           RequestFaults& faults) {
  using Kind = model::PageSize::Kind;
  if (size.size_case() == v1::PageSize::kSizeKib) {
    if (size.size_kib() < model::kBasePageKib || size.size_kib() > int64_t{1} << 40)
      faults.Invalid(path + ".size_kib", "give a page size in KiB, 4 (the base page) or more");
    return {Kind::kExact, size.size_kib()};
  }
  if (size.kind() == v1::PAGE_SIZE_KIND_LARGE) return {Kind::kLarge, 0};
  if (size.kind() == v1::PAGE_SIZE_KIND_ANY) return {Kind::kAny, 0};
  return {Kind::kSmall, 0};
}

model::GuestCell ToCell(const v1::NumaCell& cell, const model::PageSize& otherwise,
                        const std::string& path, RequestFaults& faults) {
  return {
      ToIds(cell.dedicated_vcpus(), path + ".dedicated_vcpus", faults),
      ToIds(cell.shared_vcpus(), path + ".shared_vcpus", faults), cell.memory_mib(),
      cell.has_page_size() ? ToPageSize(cell.page_size(), path + ".page_size", faults) : otherwise};
}

model::Numa ToNuma(const v1::NumaPolicy& numa, const model::PageSize& page_size,
                   const std::string& path, RequestFaults& faults) {
  model::Numa out;
  if (numa.layout_case() == v1::NumaPolicy::kEqualCellCount) {
    out.kind = model::Numa::Kind::kEqual;
    out.cells = numa.equal_cell_count();
  }
  if (numa.layout_case() != v1::NumaPolicy::kCells) return out;
  out.kind = model::Numa::Kind::kExplicit;
  for (int i = 0; i < numa.cells().cells_size(); ++i)
    out.explicit_cells.push_back(ToCell(numa.cells().cells(i), page_size,
                                        fmt::format("{}.cells.cells[{}]", path, i), faults));
  return out;
}

v1::CpuPolicy FromCpuPolicy(model::CpuPolicy policy) {
  switch (policy) {
    case model::CpuPolicy::kShared:
      return v1::CPU_POLICY_SHARED;
    case model::CpuPolicy::kDedicated:
      return v1::CPU_POLICY_DEDICATED;
    case model::CpuPolicy::kMixed:
      return v1::CPU_POLICY_MIXED;
  }
  return v1::CPU_POLICY_UNSPECIFIED;
}

v1::SmtPolicy FromSmtPolicy(model::SmtPolicy policy) {
  switch (policy) {
    case model::SmtPolicy::kPrefer:
      return v1::SMT_POLICY_PREFER;
    case model::SmtPolicy::kRequire:
      return v1::SMT_POLICY_REQUIRE;
    case model::SmtPolicy::kIsolate:
      return v1::SMT_POLICY_ISOLATE;
  }
  return v1::SMT_POLICY_UNSPECIFIED;
}

v1::CoreSharing FromCoreSharing(model::CoreSharing sharing) {
  switch (sharing) {
    case model::CoreSharing::kSameTenant:
      return v1::CORE_SHARING_SAME_TENANT;
    case model::CoreSharing::kNone:
      return v1::CORE_SHARING_NONE;
    case model::CoreSharing::kAny:
      return v1::CORE_SHARING_ANY;
  }
  return v1::CORE_SHARING_UNSPECIFIED;
}

void FromPageSize(const model::PageSize& size, v1::PageSize& out) {
  switch (size.kind) {
    case model::PageSize::Kind::kSmall:
      return out.set_kind(v1::PAGE_SIZE_KIND_SMALL);
    case model::PageSize::Kind::kLarge:
      return out.set_kind(v1::PAGE_SIZE_KIND_LARGE);
    case model::PageSize::Kind::kAny:
      return out.set_kind(v1::PAGE_SIZE_KIND_ANY);
    case model::PageSize::Kind::kExact:
      return out.set_size_kib(size.kib);
  }
}

void FromNuma(const model::Numa& numa, v1::NumaPolicy& out) {
  if (numa.kind == model::Numa::Kind::kEqual) out.set_equal_cell_count(numa.cells);
  for (const model::GuestCell& cell : numa.explicit_cells) {
    v1::NumaCell& added = *out.mutable_cells()->add_cells();
    added.set_dedicated_vcpus(FromIds(cell.dedicated_vcpus));
    added.set_shared_vcpus(FromIds(cell.shared_vcpus));
    added.set_memory_mib(cell.memory_mib);
    FromPageSize(cell.page_size, *added.mutable_page_size());
  }
}

}  // namespace

model::Shape ToShape(const v1::Shape& shape, const std::string& path, RequestFaults& faults) {
  model::Shape out;
  out.vcpus = shape.vcpus();
  out.memory_mib = shape.memory_mib();
  out.cpu_policy = ToCpuPolicy(shape.cpu_policy());
  out.dedicated_vcpus = ToIds(shape.dedicated_vcpus(), path + ".dedicated_vcpus", faults);
  out.smt_policy = ToSmtPolicy(shape.smt_policy());
  out.core_sharing = ToCoreSharing(shape.core_sharing());
  out.emulator_policy = shape.emulator_policy() == v1::EMULATOR_POLICY_ISOLATE
                            ? model::EmulatorPolicy::kIsolate
                            : model::EmulatorPolicy::kShared;
  out.page_size = ToPageSize(shape.page_size(), path + ".page_size", faults);
  out.numa = ToNuma(shape.numa(), out.page_size, path + ".numa", faults);
  out.node_set.assign(shape.node_set().begin(), shape.node_set().end());
  out.reserve_when_stopped = shape.reserve_when_stopped();
  return out;
}

v1::Shape FromShape(const model::Shape& shape) {
  v1::Shape out;
  out.set_vcpus(shape.vcpus);
  out.set_memory_mib(shape.memory_mib);
  out.set_cpu_policy(FromCpuPolicy(shape.cpu_policy));
  out.set_dedicated_vcpus(FromIds(shape.dedicated_vcpus));
  out.set_smt_policy(FromSmtPolicy(shape.smt_policy));
  out.set_core_sharing(FromCoreSharing(shape.core_sharing));
  out.set_emulator_policy(shape.emulator_policy == model::EmulatorPolicy::kIsolate
                              ? v1::EMULATOR_POLICY_ISOLATE
                              : v1::EMULATOR_POLICY_SHARED);
  FromPageSize(shape.page_size, *out.mutable_page_size());
  if (shape.numa.kind != model::Numa::Kind::kAuto) FromNuma(shape.numa, *out.mutable_numa());
  for (const int node : shape.node_set) out.add_node_set(node);
  out.set_reserve_when_stopped(shape.reserve_when_stopped);
  return out;
}

v1::Placement FromPlacement(const model::Placement& placement, int64_t overhead_mib,
                            int64_t disk_mib) {
  v1::Placement out;
  for (const model::PlacedCell& cell : placement.cells) {
    v1::PlacementCell& added = *out.add_cells();
    added.set_node(cell.node);
    for (const auto& [vcpu, cpu] : cell.vcpu_pins) (*added.mutable_vcpu_pins())[vcpu] = cpu;
    added.set_shared_vcpus(FromIds(cell.shared_vcpus));
    added.set_memory_mib(cell.memory_mib);
    added.set_page_size_kib(cell.page_size_kib);
  }
  out.set_emulator_cpus(ToCpuList(placement.emulator_cpus));
  out.set_charged_cpus(ToCpuList(placement.ChargedCpus()));
  for (const std::string& device : placement.devices) out.add_devices(device);
  out.set_overhead_mib(overhead_mib);
  out.set_disk_mib(disk_mib);
  return out;
}

v1::Refusal FromRefusal(const placement::Refusal& refusal) {
  v1::Refusal out;
  for (const placement::Reason& reason : refusal.reasons) {
    v1::Shortage& added = *out.add_shortages();
    // As the contract names it; the others are named alike.
    added.set_resource(reason.resource == "shared_vcpus" ? "vcpus" : reason.resource);
    if (reason.node) added.set_node(*reason.node);
    added.set_wanted(reason.wanted);
    added.set_free(reason.free);
  }
  for (const auto& [dimension, value] : refusal.nearest) {
    if (dimension == "vcpus") out.mutable_nearest()->set_vcpus(static_cast<int32_t>(value));
    if (dimension == "memory_mib") out.mutable_nearest()->set_memory_mib(value);
  }
  return out;
}

}  // namespace berth::api
