// SPDX-License-Identifier: Apache-2.0
#include "agent/config/check_config.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

#include "core/base/cpu_set.h"
#include "core/base/ids.h"

namespace berth {
namespace {

// The kernel's limit, less what the listener needs for a temporary name beside it.
constexpr size_t kSocketPathMax = sizeof(sockaddr_un{}.sun_path) - 1 - 4;

// One of the agent's own paths: absolute, without "." and ".." in it, so that messages, locks and
// libvirt all name the same file.
bool IsCleanPath(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  const std::string slashed = std::string(path) + "/";
  return slashed.find("/./") == std::string::npos && slashed.find("/../") == std::string::npos &&
         slashed.find("//", 0) == std::string::npos;
}

void CheckPath(const std::string& field, const std::string& path, bool may_be_empty,
               std::vector<FieldViolation>& faults) {
  if (path.empty() && may_be_empty) return;
  if (!IsCleanPath(path))
    faults.push_back({field, fmt::format("is \"{}\"; must be an absolute path without \"//\", "
                                         "\".\" and \"..\"",
                                         path)});
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || rest != end) return std::nullopt;
  return port;
}

std::optional<bool> IsLoopback4(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) != 1) return std::nullopt;
  return (ntohl(address.s_addr) >> 24) == 127;
}

std::optional<bool> IsLoopback6(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return std::nullopt;
  return IN6_IS_ADDR_LOOPBACK(&address) != 0;
}

void CheckApi(const ApiConfig& api, std::vector<FieldViolation>& faults) {
  CheckPath("api.socket", api.socket, /*may_be_empty=*/false, faults);
  if (api.socket.size() > kSocketPathMax)
    faults.push_back({"api.socket", fmt::format("is {} bytes long; at most {} are possible",
                                                api.socket.size(), kSocketPathMax)});
}

void CheckHttp(const HttpConfig& http, std::vector<FieldViolation>& faults) {
  CheckPath("http.port_file", http.port_file, /*may_be_empty=*/true, faults);
  if (http.address != "off" && !ParseHttpAddress(http.address))
    faults.push_back({"http.address", fmt::format("is \"{}\"; must be IP:PORT "
                                                  "(\"127.0.0.1:9443\", \"[::1]:9443\") or \"off\"",
                                                  http.address)});
}

void CheckHypervisor(const HypervisorConfig& hypervisor, std::vector<FieldViolation>& faults) {
  CheckPath("hypervisor.fake_state_file", hypervisor.fake_state_file, /*may_be_empty=*/true,
            faults);
  if (hypervisor.driver == HypervisorDriver::kLibvirt && !hypervisor.fake_state_file.empty())
    faults.push_back({"hypervisor.fake_state_file",
                      "is only for hypervisor.driver \"fake\"; remove it or choose that driver"});
  if (hypervisor.driver == HypervisorDriver::kLibvirt &&
      hypervisor.uri.find(":///") == std::string::npos)
    faults.push_back(
        {"hypervisor.uri", fmt::format("is \"{}\"; must be a local libvirt URI such as "
                                       "\"qemu:///system\"",
                                       hypervisor.uri)});
}

std::optional<CpuSet> CheckCpus(const char* field, const std::string& text, const char* otherwise,
                                std::vector<FieldViolation>& faults) {
  std::optional<CpuSet> cpus = ParseCpuList(text);
  if (!cpus)
    faults.push_back({field, fmt::format("is \"{}\"; must be a list of CPUs such as \"2-7,10\"{}",
                                         text, otherwise)});
  return cpus;
}

void CheckCapacity(const CapacityConfig& capacity, std::vector<FieldViolation>& faults) {
  const auto dedicated =
      CheckCpus("capacity.dedicated_cpus", capacity.dedicated_cpus, ", or \"\"", faults);
  if (capacity.shared_cpus == "auto") return;
  const auto shared =
      CheckCpus("capacity.shared_cpus", capacity.shared_cpus, ", or \"auto\"", faults);
  if (shared && dedicated && shared->Intersects(*dedicated))
    faults.push_back({"capacity.shared_cpus",
                      fmt::format("overlaps capacity.dedicated_cpus in {}; a CPU is in one of them",
                                  ToCpuList(*shared & *dedicated))});
  if (capacity.reserved_cpus)
    faults.push_back({"capacity.reserved_cpus",
                      "is for shared_cpus \"auto\" only: with a list, the host keeps what is in "
                      "neither list"});
}

}  // namespace

std::optional<HttpAddress> ParseHttpAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = ParsePort(text.substr(colon + 1));
  if (!port) return std::nullopt;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string bare(bracketed ? host.substr(1, host.size() - 2) : host);
  const std::optional<bool> loopback = bracketed ? IsLoopback6(bare) : IsLoopback4(bare);
  if (!loopback) return std::nullopt;
  return HttpAddress{.host = bare, .port = *port, .loopback = *loopback};
}

void CheckConfig(const Config& config, std::vector<FieldViolation>& faults) {
  CheckPath("state_dir", config.state_dir, /*may_be_empty=*/false, faults);
  CheckPath("image_dir", config.image_dir, /*may_be_empty=*/true, faults);
  CheckPath("ledger", config.ledger, /*may_be_empty=*/true, faults);
  CheckPath("instance_types", config.instance_types, /*may_be_empty=*/true, faults);
  CheckPath("log.file", config.log.file, /*may_be_empty=*/true, faults);
  if (!config.node_id.empty() && !IsUuid(config.node_id))
    faults.push_back({"node_id", "must be a UUID in lower case (uuidgen makes one), or \"\""});
  CheckApi(config.api, faults);
  CheckHttp(config.http, faults);
  CheckHypervisor(config.hypervisor, faults);
  CheckCapacity(config.capacity, faults);
}

}  // namespace berth
