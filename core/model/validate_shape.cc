// SPDX-License-Identifier: Apache-2.0
#include "core/model/validate_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/model/validate.h"

namespace berth::model {
namespace {

constexpr int kCellsMax = 64;

class ShapeCheck {
 public:
  ShapeCheck(const Shape& shape, const std::string& path) : shape_(shape), path_(path) {}

  std::vector<FieldViolation> Run() {
    if (shape_.vcpus < 1 || shape_.vcpus > kVcpusMax)
      Fault("vcpus", fmt::format("choose 1 to {}, not {}", kVcpusMax, shape_.vcpus));
    if (shape_.memory_mib < kMemoryMibMin || shape_.memory_mib > kMemoryMibMax)
      Fault("memory_mib", fmt::format("choose {} to {} MiB, not {}", kMemoryMibMin, kMemoryMibMax,
                                      shape_.memory_mib));
    CheckNodeSet();
    if (!faults_.empty()) return std::move(faults_);
    CheckDedicated();
    if (shape_.numa.kind == Numa::Kind::kEqual) CheckEqual();
    if (shape_.numa.kind == Numa::Kind::kExplicit) CheckCells();
    return std::move(faults_);
  }

 private:
  void Fault(std::string_view member, std::string cure) {
    faults_.push_back({fmt::format("{}.{}", path_, member), std::move(cure)});
  }

  void CheckNodeSet() {
    const std::set<int> once(shape_.node_set.begin(), shape_.node_set.end());
    if (once.size() != shape_.node_set.size() || (!once.empty() && *once.begin() < 0))
      Fault("node_set", "name each NUMA node of the host once");
  }

  void CheckDedicated() {
    const auto& named = shape_.dedicated_vcpus;
    if (shape_.cpu_policy != CpuPolicy::kMixed) {
      if (!named.empty()) Fault("dedicated_vcpus", "give it with cpu_policy MIXED only");
      return;
    }
    if (shape_.numa.kind == Numa::Kind::kExplicit && named.empty()) return;  // The cells say it.
    if (named.empty() || named.size() >= static_cast<size_t>(shape_.vcpus))
      Fault("dedicated_vcpus", "name at least one vCPU, and not all");
    if (!named.empty() && named.back() >= shape_.vcpus)
      Fault("dedicated_vcpus", fmt::format("vCPUs are 0 to {}", shape_.vcpus - 1));
  }

  void CheckEqual() {
    const int cells = shape_.numa.cells;
    if (cells < 1 || cells > kCellsMax)
      Fault("numa.equal_cell_count", fmt::format("choose 1 to {}", kCellsMax));
    else if (shape_.vcpus % cells != 0 || shape_.memory_mib % cells != 0)
      Fault("numa.equal_cell_count", fmt::format("must divide the {} vCPUs and the {} MiB",
                                                 shape_.vcpus, shape_.memory_mib));
  }

  void CheckCells() {
    const auto& cells = shape_.numa.explicit_cells;
    if (cells.empty() || cells.size() > kCellsMax)
      return Fault("numa.cells.cells", fmt::format("give 1 to {} cells", kCellsMax));
    int64_t memory_mib = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string at = fmt::format("numa.cells.cells[{}]", i);
      if (cells[i].memory_mib < 1 || cells[i].memory_mib > kMemoryMibMax)
        Fault(at + ".memory_mib", fmt::format("choose 1 to {} MiB", kMemoryMibMax));
      else
        memory_mib += cells[i].memory_mib;
      if (cells[i].dedicated_vcpus.empty() && cells[i].shared_vcpus.empty())
        Fault(at, "has no vCPU; each cell has at least one");
      Note(cells[i].dedicated_vcpus, at + ".dedicated_vcpus", CpuPolicy::kShared);
      Note(cells[i].shared_vcpus, at + ".shared_vcpus", CpuPolicy::kDedicated);
      in_cells_.insert(cells[i].dedicated_vcpus.begin(), cells[i].dedicated_vcpus.end());
    }
    if (seen_.size() != static_cast<size_t>(shape_.vcpus))
      Fault("numa.cells.cells", fmt::format("hold {} of the {} vCPUs; each is in exactly one",
                                            seen_.size(), shape_.vcpus));
    if (memory_mib != shape_.memory_mib)
      Fault("memory_mib",
            fmt::format("is {}, and the cells have {} together", shape_.memory_mib, memory_mib));
    const std::set<int> named(shape_.dedicated_vcpus.begin(), shape_.dedicated_vcpus.end());
    if (!named.empty() && named != in_cells_)
      Fault("dedicated_vcpus", "differs from what the cells name; leave it out");
  }

  void Note(const std::vector<int>& vcpus, const std::string& at, CpuPolicy never) {
    if (!vcpus.empty() && shape_.cpu_policy == never)
      Fault(at, "must be empty under this cpu_policy");
    for (const int vcpu : vcpus) {
      if (vcpu >= shape_.vcpus)
        Fault(at, fmt::format("has vCPU {}; they are 0 to {}", vcpu, shape_.vcpus - 1));
      else if (!seen_.insert(vcpu).second)
        Fault(at, fmt::format("has vCPU {}, which is in a cell already", vcpu));
    }
  }

  const Shape& shape_;
  const std::string& path_;
  std::vector<FieldViolation> faults_;
  std::set<int> seen_;      // vCPUs in some cell.
  std::set<int> in_cells_;  // Those that are dedicated there.
};

}  // namespace

std::vector<FieldViolation> ValidateShape(const Shape& shape, const std::string& path) {
  return ShapeCheck(shape, path).Run();
}

}  // namespace berth::model
