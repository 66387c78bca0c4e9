// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/topology.h"

#include <fmt/format.h>
#include <hwloc.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "core/base/cpu_set.h"
#include "drivers/host/child_trial.h"
#include "drivers/host/host_facts.h"
#include "drivers/host/text_file.h"
#include "drivers/host/topology_devices.h"

namespace berth {
namespace {

constexpr int kDistanceToSelf = 10;
constexpr int kDistanceToOther = 20;
constexpr hwloc_uint64_t kDistanceMax = 1 << 20;
constexpr uint64_t kBasePageBytes = 4096;
// An XML file may claim anything; a machine with more nodes than this is not one.
constexpr int kNodesMax = 1024;
// Of a synthetic one, which hwloc makes as large as is asked, in quadratic time.
constexpr int64_t kObjectsMax = kCpuIdsMax;

struct Destroy {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Hwloc = std::unique_ptr<hwloc_topology, Destroy>;

struct FreeBitmap {
  void operator()(hwloc_bitmap_s* bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, FreeBitmap>;

StatusOr<Hwloc> MakeHwloc() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return Status(StatusCode::kInternal, "starting hwloc failed");
  Hwloc hwloc(raw);
  hwloc_topology_set_io_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_NONE);
  hwloc_topology_set_type_filter(raw, HWLOC_OBJ_PCI_DEVICE, HWLOC_TYPE_FILTER_KEEP_ALL);
  hwloc_topology_set_type_filter(raw, HWLOC_OBJ_MISC, HWLOC_TYPE_FILTER_KEEP_NONE);
  return hwloc;
}

Status Load(const Hwloc& hwloc, StatusCode code, std::string_view doing) {
  if (hwloc_topology_load(hwloc.get()) == 0) return OkStatus();
  return Status(code, fmt::format("{}: {}", doing, std::system_category().message(errno)));
}

std::vector<int> CpusOf(hwloc_const_bitmap_t set) {
  std::vector<int> cpus;
  for (int cpu = hwloc_bitmap_first(set); cpu >= 0; cpu = hwloc_bitmap_next(set, cpu))
    cpus.push_back(cpu);
  return cpus;
}

std::vector<int> CommonCpus(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b) {
  const Bitmap both(hwloc_bitmap_alloc());
  hwloc_bitmap_and(both.get(), a, b);
  return CpusOf(both.get());
}

// The NUMA nodes in the order in which they take the CPUs near them: ordinary memory before special
// memory (HBM, CXL) that the platform puts beside the same CPUs, then by id.
std::vector<hwloc_obj_t> NodesInOrder(hwloc_topology_t hwloc) {
  std::vector<hwloc_obj_t> nodes;
  hwloc_obj_t node = nullptr;
  while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node)) != nullptr)
    nodes.push_back(node);
  const auto special = [](hwloc_obj_t n) {
    return n->subtype != nullptr && std::string_view(n->subtype) != "DRAM";
  };
  std::sort(nodes.begin(), nodes.end(), [&](hwloc_obj_t a, hwloc_obj_t b) {
    return std::pair(special(a), a->os_index) < std::pair(special(b), b->os_index);
  });
  return nodes;
}

std::vector<model::PagePool> PoolsOf(hwloc_obj_t node) {
  std::vector<model::PagePool> pools;
  for (unsigned i = 0; i < node->attr->numanode.page_types_len; ++i) {
    const auto& type = node->attr->numanode.page_types[i];
    if (type.size <= kBasePageBytes) continue;
    const auto count = static_cast<int64_t>(type.count);
    pools.push_back({static_cast<int64_t>(type.size / 1024), count, count});
  }
  return pools;
}

// The socket that holds all of the node's CPUs, if one does.
int SocketOf(hwloc_topology_t hwloc, hwloc_const_bitmap_t cpus) {
  hwloc_obj_t package = nullptr;
  while ((package = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_PACKAGE, package)) != nullptr)
    if (!hwloc_bitmap_iszero(cpus) && hwloc_bitmap_isincluded(cpus, package->cpuset))
      return static_cast<int>(package->os_index);
  return -1;
}

std::vector<model::Core> CoresOf(hwloc_topology_t hwloc, hwloc_const_bitmap_t cpus) {
  std::vector<model::Core> cores;
  const Bitmap left(hwloc_bitmap_dup(cpus));
  hwloc_obj_t core = nullptr;
  while ((core = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_CORE, core)) != nullptr) {
    model::Core found{CommonCpus(core->cpuset, left.get())};
    if (found.cpus.empty()) continue;
    hwloc_bitmap_andnot(left.get(), left.get(), core->cpuset);
    cores.push_back(std::move(found));
  }
  // Platforms that do not say what a core is: each CPU is one.
  for (const int cpu : CpusOf(left.get())) cores.push_back({{cpu}});
  std::sort(cores.begin(), cores.end(),
            [](const model::Core& a, const model::Core& b) { return a.cpus < b.cpus; });
  return cores;
}

// The outermost cache above a CPU; null if none is known.
hwloc_obj_t LastLevelCache(hwloc_obj_t pu) {
  hwloc_obj_t last = nullptr;
  for (hwloc_obj_t object = pu; object != nullptr; object = object->parent)
    if (hwloc_obj_type_is_dcache(object->type)) last = object;
  return last;
}

std::vector<std::vector<int>> LlcsOf(hwloc_topology_t hwloc, hwloc_const_bitmap_t cpus) {
  std::vector<std::vector<int>> llcs;
  const Bitmap left(hwloc_bitmap_dup(cpus));
  const Bitmap uncached(hwloc_bitmap_alloc());
  // All PUs in turn: finding one by its number takes hwloc as long.
  hwloc_obj_t pu = nullptr;
  while ((pu = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_PU, pu)) != nullptr) {
    if (hwloc_bitmap_isset(left.get(), pu->os_index) == 0) continue;
    const hwloc_obj_t cache = LastLevelCache(pu);
    if (cache == nullptr) {
      hwloc_bitmap_set(uncached.get(), pu->os_index);
      hwloc_bitmap_clr(left.get(), pu->os_index);
      continue;
    }
    llcs.push_back(CommonCpus(cache->cpuset, left.get()));
    hwloc_bitmap_andnot(left.get(), left.get(), cache->cpuset);
  }
  // CPUs whose caches nobody tells of are taken to share one.
  if (!hwloc_bitmap_iszero(uncached.get())) llcs.push_back(CpusOf(uncached.get()));
  std::sort(llcs.begin(), llcs.end());
  return llcs;
}

model::NumaNode NodeOf(hwloc_topology_t hwloc, hwloc_obj_t node, hwloc_const_bitmap_t cpus) {
  return {.id = static_cast<int>(node->os_index),
          .socket = SocketOf(hwloc, node->cpuset),
          .memory_mib = static_cast<int64_t>(node->attr->numanode.local_memory >> 20),
          .cores = CoresOf(hwloc, cpus),
          .llcs = LlcsOf(hwloc, cpus),
          .pages = PoolsOf(node),
          .distances = {}};
}

void SetDefaultDistances(std::vector<model::NumaNode>* nodes) {
  for (size_t i = 0; i < nodes->size(); ++i) {
    (*nodes)[i].distances.assign(nodes->size(), kDistanceToOther);
    (*nodes)[i].distances[i] = kDistanceToSelf;
  }
}

// Overwrites the defaults with what the firmware says, where it says so for all nodes.
void SetDistances(hwloc_topology_t hwloc, std::vector<model::NumaNode>* nodes) {
  SetDefaultDistances(nodes);
  unsigned count = 1;
  hwloc_distances_s* matrix = nullptr;
  const unsigned long kind = HWLOC_DISTANCES_KIND_MEANS_LATENCY;
  if (hwloc_distances_get_by_type(hwloc, HWLOC_OBJ_NUMANODE, &count, &matrix, kind, 0) != 0 ||
      count == 0 || matrix == nullptr)
    return;
  const auto at = [&](const model::NumaNode& node) {
    return hwloc_distances_obj_index(
        matrix, hwloc_get_numanode_obj_by_os_index(hwloc, static_cast<unsigned>(node.id)));
  };
  for (model::NumaNode& from : *nodes) {
    for (size_t j = 0; j < nodes->size(); ++j) {
      const int row = at(from);
      const int column = at((*nodes)[j]);
      if (row < 0 || column < 0) continue;
      const hwloc_uint64_t value =
          matrix
              ->values[static_cast<unsigned>(row) * matrix->nbobjs + static_cast<unsigned>(column)];
      if (value > 0) from.distances[j] = static_cast<int>(std::min(value, kDistanceMax));
    }
  }
  hwloc_distances_release(hwloc, matrix);
}

StatusOr<model::Topology> Convert(const Hwloc& hwloc, StatusCode code) {
  const std::vector<hwloc_obj_t> objects = NodesInOrder(hwloc.get());
  if (objects.empty() || objects.size() > kNodesMax)
    return Status(code, fmt::format("it has {} NUMA nodes", objects.size()));
  const Bitmap left(hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(hwloc.get())));
  model::Topology topology;
  for (const hwloc_obj_t object : objects) {
    const Bitmap cpus(hwloc_bitmap_alloc());
    hwloc_bitmap_and(cpus.get(), left.get(), object->cpuset);
    hwloc_bitmap_andnot(left.get(), left.get(), cpus.get());
    topology.nodes.push_back(NodeOf(hwloc.get(), object, cpus.get()));
  }
  std::sort(topology.nodes.begin(), topology.nodes.end(),
            [](const model::NumaNode& a, const model::NumaNode& b) { return a.id < b.id; });
  SetDistances(hwloc.get(), &topology.nodes);
  topology.devices = DisplayDevicesOf(hwloc.get());
  if (topology.CpuCount() == 0) return Status(code, "it has no CPU that may be used");
  return topology;
}

// A kernel whose memory was grown or ballooned after boot may count the node's memory short and the
// machine's right. With one node they are the same memory.
void CorrectMemory(const HostPaths& paths, model::Topology* topology) {
  if (topology->nodes.size() != 1) return;
  const StatusOr<HostFacts> facts = ReadHostFacts(paths);
  if (facts.ok() && facts->memory_total_mib > 0)
    topology->nodes[0].memory_mib = facts->memory_total_mib;
}

StatusOr<model::Topology> ReadXml(const std::string& xml) {
  BERTH_ASSIGN_OR_RETURN(const Hwloc hwloc, MakeHwloc());
  constexpr auto kInvalid = StatusCode::kInvalidArgument;
  if (hwloc_topology_set_xmlbuffer(hwloc.get(), xml.c_str(), static_cast<int>(xml.size()) + 1) != 0)
    return Status(kInvalid, "it is not hwloc's XML (lstopo --of xml writes it)");
  BERTH_RETURN_IF_ERROR(Load(hwloc, kInvalid, "it is not a topology in hwloc's XML"));
  return Convert(hwloc, kInvalid);
}

// How many leaves "node:2 core:8 pu:2" or "2 8 2" has: each number that follows a colon or begins a
// word multiplies. More than kObjectsMax is all the same.
int64_t ObjectsIn(std::string_view description) {
  int64_t objects = 1;
  bool begins = true;
  for (size_t i = 0; i < description.size(); ++i) {
    const auto is_digit = [&] {
      return i < description.size() &&
             std::isdigit(static_cast<unsigned char>(description[i])) != 0;
    };
    int64_t number = 0;
    if (begins)
      for (; is_digit(); ++i)
        number = std::min(kObjectsMax + 1, number * 10 + (description[i] - '0'));
    objects = std::min(kObjectsMax + 1, objects * std::max<int64_t>(1, number));
    begins =
        i < description.size() &&
        (description[i] == ':' || std::isspace(static_cast<unsigned char>(description[i])) != 0);
  }
  return objects;
}

}  // namespace

StatusOr<model::Topology> ReadTopology(const HostPaths& paths) {
  BERTH_ASSIGN_OR_RETURN(const Hwloc hwloc, MakeHwloc());
  // Linux tells all we need; the x86 component would bind this thread to every CPU in turn.
  hwloc_topology_set_components(hwloc.get(), HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
  constexpr auto kDoing = "reading this host's topology";
  BERTH_RETURN_IF_ERROR(Load(hwloc, StatusCode::kInternal, kDoing));
  StatusOr<model::Topology> topology = Convert(hwloc, StatusCode::kInternal);
  if (!topology.ok())
    return Status(topology.status().code(),
                  fmt::format("{}: {}", kDoing, std::string(topology.status().message())));
  CorrectMemory(paths, &*topology);
  ReadIommuGroups(paths, &topology->devices);
  BERTH_RETURN_IF_ERROR(RefreshPagePools(paths, &*topology));
  return topology;
}

StatusOr<model::Topology> TopologyFromXml(const std::string& xml) {
  // hwloc 2.9 reads past what a damaged file has left out.
  BERTH_RETURN_IF_ERROR(TryInChild([&xml] { static_cast<void>(ReadXml(xml)); }));
  return ReadXml(xml);
}

StatusOr<model::Topology> TopologyFromSynthetic(const std::string& description) {
  BERTH_ASSIGN_OR_RETURN(const Hwloc hwloc, MakeHwloc());
  constexpr auto kInvalid = StatusCode::kInvalidArgument;
  if (ObjectsIn(description) > kObjectsMax)
    return Status(kInvalid, fmt::format("it has more than {} objects", kObjectsMax));
  if (hwloc_topology_set_synthetic(hwloc.get(), description.c_str()) != 0)
    return Status(kInvalid, "it is not a synthetic topology (like \"node:2 core:8 pu:2\")");
  BERTH_RETURN_IF_ERROR(Load(hwloc, kInvalid, "it is not a synthetic topology"));
  return Convert(hwloc, kInvalid);
}

Status RefreshPagePools(const HostPaths& paths, model::Topology* topology) {
  for (model::NumaNode& node : topology->nodes) {
    const std::string directory =
        paths.Under(fmt::format("/sys/devices/system/node/node{}/hugepages", node.id));
    if (!Exists(directory)) continue;
    node.pages.clear();
    for (const std::string& name : Entries(directory)) {
      constexpr std::string_view kPrefix = "hugepages-";
      if (!name.starts_with(kPrefix) || !name.ends_with("kB")) continue;
      const std::optional<int64_t> size =
          ParseNumber(name.substr(kPrefix.size(), name.size() - kPrefix.size() - 2));
      const std::string pool = directory + "/" + name;
      const std::optional<int64_t> total = ReadNumber(pool + "/nr_hugepages");
      const std::optional<int64_t> free = ReadNumber(pool + "/free_hugepages");
      if (!size || !total || !free)
        return Status(StatusCode::kInternal, fmt::format("{} is not as expected", pool));
      node.pages.push_back({*size, *total, *free});
    }
    std::sort(
        node.pages.begin(), node.pages.end(),
        [](const model::PagePool& a, const model::PagePool& b) { return a.size_kib < b.size_kib; });
  }
  return OkStatus();
}

}  // namespace berth
