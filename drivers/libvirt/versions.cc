// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/versions.h"

#include <fmt/format.h>

namespace berth::libvirt {

std::string VersionText(unsigned long version) {
  return fmt::format("{}.{}.{}", version / 1000000, version / 1000 % 1000, version % 1000);
}

std::shared_ptr<const std::vector<std::string>> CpuModelsOf(const Connection& connection) {
  auto names = connection.GetCpuModelNames("x86_64");
  if (!names.ok() || names->empty()) return nullptr;
  return std::make_shared<const std::vector<std::string>>(*std::move(names));
}

std::string Versions(const Connection& connection) {
  const auto library = connection.GetLibVersion();
  const auto hypervisor = connection.GetVersion();
  return fmt::format("libvirt {}, {} {}", library.ok() ? VersionText(*library) : "unknown",
                     connection.GetType(), hypervisor.ok() ? VersionText(*hypervisor) : "unknown");
}

}  // namespace berth::libvirt
