// SPDX-License-Identifier: Apache-2.0
#include "cli/node_resources.h"

#include <fmt/format.h>

#include <functional>

#include "cli/sizes.h"
#include "cli/table.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

// One line of the book: its name, its field, and how an amount of it is written.
struct Row {
  const char* name;
  std::function<int64_t(const v1::Resources&)> amount;
  std::function<std::string(int64_t)> text;
};

std::string Count(int64_t count) { return std::to_string(count); }

std::vector<Row> Rows() {
  return {{"vCPUs, shared", [](const auto& r) { return int64_t{r.shared_vcpus()}; }, Count},
          {"CPUs, dedicated", [](const auto& r) { return int64_t{r.dedicated_cpus()}; }, Count},
          {"memory", [](const auto& r) { return r.memory_mib(); }, HumanMib},
          {"disk", [](const auto& r) { return r.disk_mib(); }, HumanMib}};
}

// More given than there is to give: capacity shrank under claims.
Cell FreeCell(const Row& row, const v1::Node& node) {
  const int64_t free = row.amount(node.allocatable()) - row.amount(node.allocated());
  if (free >= 0) return row.text(free);
  return {"-" + row.text(-free), Tone::kBad};
}

int64_t PagesOf(const v1::Resources& resources, int64_t size_kib) {
  for (const v1::PageCount& pages : resources.pages())
    if (pages.size_kib() == size_kib) return pages.count();
  return 0;
}

}  // namespace

std::string RenderResources(const v1::Node& node, bool colour) {
  Table table({"RESOURCE", ">CAPACITY", ">RESERVED", ">ALLOCATABLE", ">ALLOCATED", ">FREE"});
  for (const Row& row : Rows()) {
    if (row.amount(node.capacity()) == 0 && row.amount(node.allocated()) == 0) continue;
    table.Add({row.name, row.text(row.amount(node.capacity())),
               row.text(row.amount(node.reserved())), row.text(row.amount(node.allocatable())),
               row.text(row.amount(node.allocated())), FreeCell(row, node)});
  }
  for (const v1::PageCount& pages : node.capacity().pages()) {
    if (pages.count() == 0) continue;
    const int64_t there = PagesOf(node.allocatable(), pages.size_kib());
    const int64_t given = PagesOf(node.allocated(), pages.size_kib());
    table.Add({fmt::format("pages of {}", HumanBytes(pages.size_kib() * 1024)),
               Count(pages.count()), "0", Count(there), Count(given), Count(there - given)});
  }
  return table.Render(colour);
}

std::string RenderNumaNodes(const v1::Node& node, bool colour) {
  if (node.topology().numa_nodes().empty()) return "";
  Table table({"NUMA NODE", "CPUS", ">MEMORY", ">KEPT BACK", "PAGES"});
  for (const v1::NumaNode& numa : node.topology().numa_nodes()) {
    std::string pools;
    for (const v1::PagePool& pool : numa.page_pools()) {
      if (pool.total_count() == 0) continue;
      pools += fmt::format("{}{} x {}", pools.empty() ? "" : ", ", pool.total_count(),
                           HumanBytes(pool.size_kib() * 1024));
    }
    table.Add({std::to_string(numa.node_id()), numa.cpus(), HumanMib(numa.memory_mib()),
               HumanMib(numa.reserved_memory_mib()), pools});
  }
  return table.Render(colour);
}

}  // namespace berth::cli
