// SPDX-License-Identifier: Apache-2.0
#include "cli/plan/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/plan/fields.h"
#include "core/json/json_reader.h"
#include "core/json/json_text.h"

namespace berth::cli {
namespace {

using nlohmann::json;
using placement::Affinity;
using placement::CpuPolicy;
using placement::DeviceDemand;
using placement::EmulatorPolicy;
using placement::GuestCell;
using placement::Numa;
using placement::Request;
using placement::SmtPolicy;

constexpr int kVcpusMax =
    1 << 20;  // More than any host has; so many do not fit, which is an answer.
constexpr int kDemandsMax = 64;
constexpr int kIdMax = 1 << 20;

GuestCell CellFrom(JsonReader& reader, const placement::PageSize& fallback) {
  GuestCell cell{.page_size = fallback};
  ReadIds(reader, "dedicated_vcpus", cell.dedicated_vcpus, 0, kVcpusMax);
  ReadIds(reader, "shared_vcpus", cell.shared_vcpus, 0, kVcpusMax);
  reader.Require("memory_mib");
  reader.Integer("memory_mib", cell.memory_mib, 0, kMibMax);
  ReadPageSize(reader, "page_size", cell.page_size);
  reader.RefuseUnknown();
  return cell;
}

void ReadNuma(JsonReader& reader, Request& request) {
  const json* value = reader.Raw("numa");
  if (value == nullptr || *value == "auto") return;
  if (!value->is_object()) {
    reader.Fault("numa", "must be \"auto\", {\"cells\":N} or {\"cells\":[…]}");
    return;
  }
  JsonReader numa = reader.Object("numa");
  numa.Require("cells");
  if (value->contains("cells") && (*value)["cells"].is_array()) {
    request.numa.kind = Numa::Kind::kExplicit;
    for (JsonReader& cell : numa.Array("cells"))
      request.numa.explicit_cells.push_back(CellFrom(cell, request.page_size));
    if (request.numa.explicit_cells.empty()) numa.Fault("cells", "is empty");
  } else {
    request.numa.kind = Numa::Kind::kEqual;
    request.numa.cells = 1;
    ReadInt(numa, "cells", request.numa.cells, 1, kIdMax);
  }
  numa.RefuseUnknown();
}

DeviceDemand DemandFrom(JsonReader& reader) {
  DeviceDemand demand{.count = 1};
  reader.Require("kind");
  reader.Text("kind", demand.kind);
  reader.Text("model", demand.model);
  ReadInt(reader, "count", demand.count, 1, kIdMax);
  reader.Choice<Affinity>("affinity", demand.affinity,
                          {{"required", Affinity::kRequired},
                           {"preferred", Affinity::kPreferred},
                           {"none", Affinity::kNone}});
  reader.RefuseUnknown();
  return demand;
}

void ReadPolicies(JsonReader& reader, Request& request) {
  reader.Choice<CpuPolicy>("cpu_policy", request.cpu_policy,
                           {{"shared", CpuPolicy::kShared},
                            {"dedicated", CpuPolicy::kDedicated},
                            {"mixed", CpuPolicy::kMixed}});
  reader.Choice<SmtPolicy>("smt_policy", request.smt_policy,
                           {{"prefer", SmtPolicy::kPrefer},
                            {"require", SmtPolicy::kRequire},
                            {"isolate", SmtPolicy::kIsolate}});
  ReadCoreSharing(reader, "core_sharing", request.core_sharing);
  reader.Choice<EmulatorPolicy>(
      "emulator_policy", request.emulator_policy,
      {{"shared", EmulatorPolicy::kShared}, {"isolate", EmulatorPolicy::kIsolate}});
  ReadPageSize(reader, "page_size", request.page_size);
}

// "0-7", or an array of ids.
std::optional<std::vector<int>> ReadDedicated(JsonReader& reader) {
  const json* value = reader.Raw("dedicated_vcpus");
  if (value == nullptr) return std::nullopt;
  std::vector<int> ids;
  if (value->is_array()) {
    ReadIds(reader, "dedicated_vcpus", ids, 0, kVcpusMax);
  } else {
    CpuSet set;
    ReadCpuList(reader, "dedicated_vcpus", set);
    ids = set.ToVector();
  }
  return ids;
}

// What the fields of a request must be to each other.
class RequestCheck {
 public:
  RequestCheck(const Request& request, const std::optional<std::vector<int>>& dedicated,
               const placement::HostSpec& host, std::vector<FieldViolation>& faults)
      : request_(request), dedicated_(dedicated), host_(host), faults_(faults) {}

  void Run() {
    if (request_.numa.kind == Numa::Kind::kExplicit) CheckCells();
    CheckDedicated();
    CheckNodeSet();
    if (request_.devices.size() > kDemandsMax)
      Fault("devices", fmt::format("has {} entries; at most {} are allowed",
                                   request_.devices.size(), kDemandsMax));
  }

 private:
  void Fault(std::string path, std::string what) {
    faults_.push_back({std::move(path), std::move(what)});
  }

  void CheckCells() {
    const auto& cells = request_.numa.explicit_cells;
    int64_t memory_mib = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string at = fmt::format("numa.cells[{}]", i);
      memory_mib += cells[i].memory_mib;
      NoteVcpus(cells[i].dedicated_vcpus, at + ".dedicated_vcpus", /*dedicated=*/true);
      NoteVcpus(cells[i].shared_vcpus, at + ".shared_vcpus", /*dedicated=*/false);
    }
    if (static_cast<int>(seen_.size()) < request_.vcpus)
      Fault("numa.cells", fmt::format("hold {} of the {} vCPUs; each must be in one cell",
                                      seen_.size(), request_.vcpus));
    if (memory_mib != request_.memory_mib)
      Fault("memory_mib",
            fmt::format("is {}, and the cells have {} together", request_.memory_mib, memory_mib));
  }

  void NoteVcpus(const std::vector<int>& vcpus, const std::string& at, bool dedicated) {
    const CpuPolicy never = dedicated ? CpuPolicy::kShared : CpuPolicy::kDedicated;
    if (!vcpus.empty() && request_.cpu_policy == never)
      Fault(at, "must be empty under this cpu_policy");
    for (const int vcpu : vcpus) {
      if (vcpu >= request_.vcpus)
        Fault(at, fmt::format("has vCPU {}; ids are 0 to {}", vcpu, request_.vcpus - 1));
      else if (!seen_.insert(vcpu).second)
        Fault(at, fmt::format("has vCPU {}, which is in a cell already", vcpu));
      if (dedicated) in_cells_.insert(vcpu);
    }
  }

  void CheckDedicated() {
    const bool cells = request_.numa.kind == Numa::Kind::kExplicit;
    if (!dedicated_) {
      if (request_.cpu_policy == CpuPolicy::kMixed && !cells)
        Fault("dedicated_vcpus", "is missing; cpu_policy mixed names its dedicated vCPUs");
      return;
    }
    std::set<int> named;
    for (const int vcpu : *dedicated_) {
      if (vcpu >= request_.vcpus)
        Fault("dedicated_vcpus",
              fmt::format("has vCPU {}; ids are 0 to {}", vcpu, request_.vcpus - 1));
      if (!named.insert(vcpu).second)
        Fault("dedicated_vcpus", fmt::format("has vCPU {} twice", vcpu));
    }
    if (request_.cpu_policy == CpuPolicy::kShared && !named.empty())
      Fault("dedicated_vcpus", "must be empty under cpu_policy shared");
    if (request_.cpu_policy == CpuPolicy::kDedicated &&
        static_cast<int>(named.size()) != request_.vcpus)
      Fault("dedicated_vcpus", "must be all vCPUs under cpu_policy dedicated, or left out");
    if (request_.cpu_policy == CpuPolicy::kMixed && cells && named != in_cells_)
      Fault("dedicated_vcpus", "differs from what the cells name");
  }

  void CheckNodeSet() {
    if (!request_.node_set) return;
    std::set<int> seen;
    for (size_t i = 0; i < request_.node_set->size(); ++i) {
      const int id = (*request_.node_set)[i];
      const std::string at = fmt::format("node_set[{}]", i);
      if (std::none_of(host_.nodes.begin(), host_.nodes.end(),
                       [id](const placement::Node& node) { return node.id == id; }))
        Fault(at, fmt::format("is {}; the host has no such node", id));
      if (!seen.insert(id).second) Fault(at, fmt::format("is {} a second time", id));
    }
  }

  const Request& request_;
  const std::optional<std::vector<int>>& dedicated_;
  const placement::HostSpec& host_;
  std::vector<FieldViolation>& faults_;
  std::set<int> seen_;      // vCPUs in some cell.
  std::set<int> in_cells_;  // Those that are dedicated there.
};

void Sort(std::vector<int>& ids) { std::sort(ids.begin(), ids.end()); }

}  // namespace

Request RequestFromJson(std::string_view text, const placement::HostSpec& host,
                        std::vector<FieldViolation>& faults) {
  const size_t before = faults.size();
  const json value = ParseJsonText(text, faults);
  Request request;
  if (value.is_discarded()) return request;
  JsonReader reader(value, "", faults);
  reader.Require("vcpus");
  reader.Require("memory_mib");
  ReadInt(reader, "vcpus", request.vcpus, 1, kVcpusMax);
  reader.Integer("memory_mib", request.memory_mib, 1, kMibMax);
  ReadPolicies(reader, request);
  const std::optional<std::vector<int>> dedicated = ReadDedicated(reader);
  reader.Text("tenant", request.tenant);
  ReadNuma(reader, request);
  for (JsonReader& demand : reader.Array("devices")) request.devices.push_back(DemandFrom(demand));
  if (reader.Has("node_set")) ReadIds(reader, "node_set", request.node_set.emplace(), 0, kIdMax);
  reader.Integer("overhead_mib", request.overhead_mib, 0, kMibMax);
  reader.RefuseUnknown();
  if (faults.size() != before) return request;
  RequestCheck(request, dedicated, host, faults).Run();
  if (request.cpu_policy == CpuPolicy::kMixed && dedicated) request.dedicated_vcpus = *dedicated;
  Sort(request.dedicated_vcpus);
  for (GuestCell& cell : request.numa.explicit_cells) {
    Sort(cell.dedicated_vcpus);
    Sort(cell.shared_vcpus);
  }
  return request;
}

}  // namespace berth::cli
