// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/host_facts.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "core/base/ids.h"
#include "drivers/host/text_file.h"

namespace berth {
namespace {

// "24105336 kB" in MiB.
int64_t Mib(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  if (found == values.end()) return 0;
  const std::vector<std::string> words = Words(found->second);
  return words.empty() ? 0 : ParseNumber(words[0]).value_or(0) / 1024;
}

std::string ValueOf(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

}  // namespace

StatusOr<HostFacts> ReadHostFacts(const HostPaths& paths) {
  const std::string boot_id_path = paths.Under("/proc/sys/kernel/random/boot_id");
  HostFacts facts;
  facts.boot_id = ReadText(boot_id_path).value_or("");
  if (!IsUuid(facts.boot_id))
    return Status(StatusCode::kInternal, fmt::format("{} holds no UUID", boot_id_path));
  facts.kernel_release = ReadText(paths.Under("/proc/sys/kernel/osrelease")).value_or("");
  facts.hostname = ReadText(paths.Under("/proc/sys/kernel/hostname")).value_or("");

  const auto memory = KeyValues(ReadText(paths.Under("/proc/meminfo")).value_or(""));
  facts.memory_total_mib = Mib(memory, "MemTotal");
  facts.memory_available_mib = Mib(memory, "MemAvailable");

  const auto cpu = KeyValues(ReadText(paths.Under("/proc/cpuinfo")).value_or(""));
  facts.cpu_model = ValueOf(cpu, "model name");
  for (std::string& flag : Words(ValueOf(cpu, "flags"))) facts.cpu_flags.insert(std::move(flag));
  return facts;
}

}  // namespace berth
