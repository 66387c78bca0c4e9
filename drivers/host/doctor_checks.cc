// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/doctor_checks.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "drivers/host/text_file.h"

namespace berth {
namespace {

constexpr int64_t kMemoryProblemMib = 512;
constexpr int64_t kMemoryWarningMib = 2048;

// "0 of 8 pages of 2 MiB free" for each pool of one node; "" without a page in any.
std::string PoolsOf(const std::string& directory) {
  std::string text;
  for (const std::string& name : Entries(directory)) {
    const std::string pool = directory + "/" + name;
    const int64_t total = ReadNumber(pool + "/nr_hugepages").value_or(0);
    if (total == 0) continue;
    text += fmt::format("{}{} of {} {} free", text.empty() ? "" : ", ",
                        ReadNumber(pool + "/free_hugepages").value_or(0), total, name);
  }
  return text;
}

// A node that other nodes are ahead of. One without memory of its own cannot have any.
std::optional<Finding> NodeWithoutPages(const std::string& directory, const std::string& name) {
  if (Entries(directory + "/hugepages").empty()) return std::nullopt;
  return Finding{.check = "hugepages",
                 .level = FindingLevel::kWarning,
                 .what = fmt::format("{}: none, unlike other nodes; instances that ask for huge "
                                     "pages do not fit there",
                                     name),
                 .cure = fmt::format("echo N > {}/hugepages/hugepages-2048kB/nr_hugepages, or "
                                     "hugepages= on the kernel's command line",
                                     directory)};
}

}  // namespace

Finding CheckMemory(const HostFacts& facts) {
  Finding finding{.check = "memory",
                  .what = fmt::format("{} MiB available of {} MiB", facts.memory_available_mib,
                                      facts.memory_total_mib)};
  if (facts.memory_available_mib < kMemoryWarningMib) finding.level = FindingLevel::kWarning;
  if (facts.memory_available_mib < kMemoryProblemMib) finding.level = FindingLevel::kProblem;
  if (finding.level != FindingLevel::kOk)
    finding.cure = "end what else uses memory on this host (ps aux --sort=-rss), or add some";
  return finding;
}

std::vector<Finding> CheckHugepages(const HostPaths& paths) {
  const std::string nodes = paths.Under("/sys/devices/system/node");
  std::vector<Finding> findings;
  std::vector<Finding> without;
  for (const std::string& name : Entries(nodes)) {
    if (!name.starts_with("node") || !ParseNumber(name.substr(4))) continue;
    const std::string directory = nodes + "/" + name;
    if (std::string pools = PoolsOf(directory + "/hugepages"); !pools.empty())
      findings.push_back({.check = "hugepages", .what = fmt::format("{}: {}", name, pools)});
    else if (auto finding = NodeWithoutPages(directory, name))
      without.push_back(std::move(*finding));
  }
  if (findings.empty())
    return {{.check = "hugepages",
             .what = "none are set aside; instances use small pages",
             .cure = "for huge pages: echo N > /sys/devices/system/node/nodeX/hugepages/"
                     "hugepages-2048kB/nr_hugepages, or hugepages= on the kernel's command line"}};
  findings.insert(findings.end(), without.begin(), without.end());
  return findings;
}

Finding CheckTransparentHugepages(const HostPaths& paths) {
  const std::string mode =
      Chosen(ReadText(paths.Under("/sys/kernel/mm/transparent_hugepage/enabled")).value_or(""));
  if (mode == "always" || mode == "madvise")
    return {.check = "transparent-hugepages", .what = fmt::format("{}: guests get them", mode)};
  return {.check = "transparent-hugepages",
          .level = FindingLevel::kWarning,
          .what = mode.empty() ? "this kernel has none: guests' memory accesses cost more"
                               : "off: guests' memory accesses cost more",
          .cure = "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
}

Finding CheckIommu(const HostPaths& paths, const HostFacts& facts) {
  Finding finding{.check = "iommu"};
  const size_t groups = Entries(paths.Under("/sys/kernel/iommu_groups")).size();
  if (groups > 0) {
    finding.what = fmt::format("on, with {} groups of devices", groups);
    return finding;
  }
  const std::string tables = paths.Under("/sys/firmware/acpi/tables");
  const bool intel = Exists(tables + "/DMAR");
  const bool amd = Exists(tables + "/IVRS");
  if (intel || amd) {
    const std::string command_line = ReadText(paths.Under("/proc/cmdline")).value_or("");
    finding.level = FindingLevel::kWarning;
    finding.what = fmt::format("there and off (kernel command line: \"{}\")", command_line);
    finding.cure = intel ? "add intel_iommu=on to the kernel's command line and reboot"
                         : "remove amd_iommu=off or iommu=off from the kernel's command line";
    return finding;
  }
  // Few guests of a cloud have one, and nothing but passthrough misses it.
  finding.level = facts.IsGuest() ? FindingLevel::kOk : FindingLevel::kWarning;
  finding.what = "none: devices cannot be given to instances";
  finding.cure = facts.IsGuest() ? "" : "turn Intel VT-d or AMD-Vi on in the firmware's settings";
  return finding;
}

}  // namespace berth
