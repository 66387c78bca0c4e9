// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/doctor.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <optional>
#include <string>

#include "drivers/host/doctor_checks.h"
#include "drivers/host/host_facts.h"
#include "drivers/host/text_file.h"

namespace berth {
namespace {

constexpr int64_t kDiskProblemMib = 1024;
constexpr int64_t kDiskWarningMib = 10 * 1024;
constexpr int64_t kFilesProblem = 1000;
// No kernel that runs this was built before.
constexpr int64_t kYear2023 = 1672531200;

Finding CheckCpu(const HostFacts& facts) {
  Finding finding{.check = "cpu"};
  if (facts.HasVirtualization()) {
    finding.what = fmt::format("{} can run guests in hardware ({})", facts.cpu_model,
                               facts.cpu_flags.contains("vmx") ? "vmx" : "svm");
    return finding;
  }
  finding.level = FindingLevel::kWarning;
  if (facts.IsGuest()) {
    finding.what =
        "this host is itself a guest, without vmx or svm: instances run emulated, slowly";
    finding.cure = "turn nested virtualisation on for it where it runs (cpu mode host-passthrough)";
  } else {
    finding.what = "the CPU shows neither vmx nor svm: instances run emulated, slowly";
    finding.cure = "turn Intel VT-x or AMD-V on in the firmware's settings";
  }
  return finding;
}

// The file system of `path`, or of the nearest parent that is there.
std::optional<struct statvfs> FileSystemOf(std::string path) {
  struct statvfs info;
  while (!path.empty()) {
    if (statvfs(path.c_str(), &info) == 0) return info;
    path.resize(path.size() > 1 ? std::max<size_t>(path.rfind('/'), 1) : 0);
  }
  return std::nullopt;
}

Finding CheckDisk(const std::string& state_dir) {
  Finding finding{.check = "disk"};
  const std::optional<struct statvfs> info = FileSystemOf(state_dir);
  if (!info) {
    finding.level = FindingLevel::kProblem;
    finding.what = fmt::format("the file system of {} cannot be asked", state_dir);
    finding.cure = "set state_dir in the config to an absolute path on a local disk";
    return finding;
  }
  const auto free_mib = static_cast<int64_t>(info->f_bavail * info->f_frsize >> 20);
  const auto total_mib = static_cast<int64_t>(info->f_blocks * info->f_frsize >> 20);
  // A file system without a fixed number of files says 0 of 0.
  const bool few_files = info->f_files > 0 && static_cast<int64_t>(info->f_favail) < kFilesProblem;
  finding.what = few_files
                     ? fmt::format("{} has room for {} more files", state_dir, info->f_favail)
                     : fmt::format("{} has {} MiB free of {} MiB", state_dir, free_mib, total_mib);
  if (free_mib < kDiskWarningMib) finding.level = FindingLevel::kWarning;
  if (free_mib < kDiskProblemMib || few_files) finding.level = FindingLevel::kProblem;
  if (finding.level != FindingLevel::kOk)
    finding.cure = "free some space, or set state_dir in the config to a larger disk";
  return finding;
}

Finding CheckServiceManager(const HostPaths& paths) {
  if (Exists(paths.Under("/run/systemd/system")))
    return {.check = "systemd", .what = "systemd runs the services of this host"};
  return {.check = "systemd",
          .level = FindingLevel::kWarning,
          .what = "no systemd: nothing starts berthd, libvirtd and virtlogd at boot or again",
          .cure = "deploy/quickstart starts them by hand; it has to be run after each boot"};
}

// When this host thinks it is, in seconds since 1970, from procfs alone.
std::optional<int64_t> WallSeconds(const HostPaths& paths) {
  const std::string stat = ReadText(paths.Under("/proc/stat")).value_or("");
  const size_t at = stat.find("btime ");
  const std::vector<std::string> uptime = Words(ReadText(paths.Under("/proc/uptime")).value_or(""));
  if (at == std::string::npos || uptime.empty()) return std::nullopt;
  const size_t begin = at + 6;
  const auto boot = ParseNumber(stat.substr(begin, stat.find('\n', begin) - begin));
  const auto up = ParseNumber(uptime[0].substr(0, uptime[0].find('.')));
  if (!boot || !up) return std::nullopt;
  return *boot + *up;
}

Finding CheckTime(const HostPaths& paths) {
  const std::optional<int64_t> now = WallSeconds(paths);
  if (!now || *now < kYear2023)
    return {.check = "time",
            .level = FindingLevel::kWarning,
            .what = now ? "the clock is years behind: certificates and records will be wrong"
                        : "the clock cannot be read from /proc",
            .cure = "set it, and keep it with systemd-timesyncd or chrony"};
  const std::string source =
      ReadText(paths.Under("/sys/devices/system/clocksource/clocksource0/current_clocksource"))
          .value_or("unknown");
  if (source == "hpet" || source == "acpi_pm" || source == "jiffies")
    return {.check = "time",
            .level = FindingLevel::kWarning,
            .what = fmt::format("the clock source is {}, which is slow to read", source),
            .cure = "look in dmesg why the kernel distrusts the TSC"};
  return {.check = "time", .what = fmt::format("the clock looks right, its source is {}", source)};
}

}  // namespace

std::vector<Finding> CheckHost(const HostPaths& paths) {
  const StatusOr<HostFacts> facts = ReadHostFacts(paths);
  if (!facts.ok())
    return {{.check = "procfs",
             .level = FindingLevel::kProblem,
             .what = std::string(facts.status().message()),
             .cure = "mount /proc and /sys where the agent runs"}};
  std::vector<Finding> findings = {CheckCpu(*facts), CheckMemory(*facts)};
  for (Finding& finding : CheckHugepages(paths)) findings.push_back(std::move(finding));
  findings.push_back(CheckTransparentHugepages(paths));
  findings.push_back(CheckIommu(paths, *facts));
  findings.push_back(CheckDisk(paths.state_dir));
  findings.push_back(CheckServiceManager(paths));
  findings.push_back(CheckTime(paths));
  return findings;
}

}  // namespace berth
