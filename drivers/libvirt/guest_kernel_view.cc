// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/guest_kernel_view.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

namespace berth::libvirt {
namespace {

// "Cpus_allowed_list:\t0-3"; `name` with the colon.
CpuSet ListOf(const std::string& status_path, std::string_view name) {
  std::ifstream file(status_path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const size_t begin = line.find_first_not_of(" \t", name.size());
    return begin == std::string::npos ? CpuSet()
                                      : ParseCpuList(line.substr(begin)).value_or(CpuSet());
  }
  return {};
}

CpuSet AllowedCpus(const std::string& status_path) {
  return ListOf(status_path, "Cpus_allowed_list:");
}

// The vCPU that a thread called "CPU 3/KVM" runs.
std::optional<int> VcpuOf(const std::string& comm_path) {
  std::ifstream file(comm_path);
  std::string name;
  if (!std::getline(file, name) || !name.starts_with("CPU ") || !name.ends_with("/KVM"))
    return std::nullopt;
  int vcpu = 0;
  const char* end = name.data() + name.size() - 4;
  const auto [stopped, error] = std::from_chars(name.data() + 4, end, vcpu);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return vcpu;
}

std::vector<CpuSet> VcpuCpus(const std::string& process, int32_t vcpus) {
  std::vector<CpuSet> cpus(static_cast<size_t>(vcpus));
  int seen = 0;
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator(process + "/task", ignored)) {
    const auto vcpu = VcpuOf(thread.path().string() + "/comm");
    if (!vcpu || *vcpu < 0 || *vcpu >= vcpus) continue;
    cpus[static_cast<size_t>(*vcpu)] = AllowedCpus(thread.path().string() + "/status");
    ++seen;
  }
  if (seen != vcpus) cpus.clear();
  return cpus;
}

// Lines are "7f30c4000000 bind:1 anon=131072 dirty=131072 N1=131072 kernelpagesize_kB=4"; the
// policy is "bind:0-1", or "bind=static:0" with the flag that libvirt's QEMU sets not.
std::vector<int> BoundNodes(const std::string& numa_maps_path) {
  std::set<int> nodes;
  std::ifstream file(numa_maps_path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string address, policy;
    words >> address >> policy;
    const size_t colon = policy.find(':');
    if (!policy.starts_with("bind") || colon == std::string::npos) continue;
    for (const int node : ParseCpuList(policy.substr(colon + 1)).value_or(CpuSet()).ToVector())
      nodes.insert(node);
  }
  return {nodes.begin(), nodes.end()};
}

// "N1=131072": pages on a node.
std::optional<std::pair<int, int64_t>> PagesOnNode(const std::string& word) {
  int node = 0;
  long long pages = 0;
  if (std::sscanf(word.c_str(), "N%d=%lld", &node, &pages) != 2) return std::nullopt;
  return std::pair(node, static_cast<int64_t>(pages));
}

// One mapping's pages, in KiB, added to what is there.
void AddMapping(const std::string& line, std::map<int, int64_t>* kib) {
  std::istringstream words(line);
  std::map<int, int64_t> pages;
  int64_t page_kib = 4;
  for (std::string word; words >> word;) {
    if (const auto on_node = PagesOnNode(word)) pages[on_node->first] += on_node->second;
    constexpr std::string_view kPageSize = "kernelpagesize_kB=";
    if (word.starts_with(kPageSize)) page_kib = std::atoll(word.c_str() + kPageSize.size());
  }
  for (const auto& [node, count] : pages) (*kib)[node] += count * page_kib;
}

}  // namespace

std::map<int, int64_t> ReadResidentMib(const std::string& root, int64_t pid) {
  std::map<int, int64_t> resident;
  if (pid <= 0) return resident;
  std::ifstream file(fmt::format("{}/proc/{}/numa_maps", root, pid));
  for (std::string line; std::getline(file, line);) AddMapping(line, &resident);
  for (auto& [node, amount] : resident) amount /= 1024;
  return resident;
}

GuestKernelView ReadGuestKernelView(const std::string& root, int64_t pid, int32_t vcpus) {
  if (pid <= 0 || vcpus <= 0) return {};
  const std::string process = fmt::format("{}/proc/{}", root, pid);
  GuestKernelView view{.vcpu_cpus = VcpuCpus(process, vcpus),
                       .emulator_cpus = AllowedCpus(process + "/status"),
                       .bound_nodes = BoundNodes(process + "/numa_maps")};
  if (view.bound_nodes.empty())
    view.bound_nodes = ListOf(process + "/status", "Mems_allowed_list:").ToVector();
  return view;
}

}  // namespace berth::libvirt
