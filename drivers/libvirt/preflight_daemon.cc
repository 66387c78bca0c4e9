// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/preflight_daemon.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/thread_pool.h"
#include "core/base/unique_fd.h"
#include "drivers/libvirt/connection.h"
#include "drivers/libvirt/error_map.h"
#include "drivers/libvirt/libvirt_conf.h"
#include "drivers/libvirt/versions.h"

namespace berth::libvirt {
namespace {

// The agent has 4 calls in flight on a connection, and closes or probes it beside them.
constexpr int kRequestsNeeded = 5;
constexpr int kRequestsDefault = 5;  // libvirt's own.
// Calls lost in stuck guests hold a worker each; these are the agent's caps with some left for
// others.
constexpr int kWorkersNeeded = 16;

constexpr char kStartDaemon[] =
    "systemctl start libvirtd, or without systemd: deploy/libvirt-up; its log says why it ends";

// The answer of `ask`, or nothing if it takes longer than `timeout`; then its thread is left
// behind.
std::optional<StatusOr<std::string>> Within(Duration timeout,
                                            const std::function<StatusOr<std::string>()>& ask) {
  struct Answer {
    Mutex mutex;
    CondVar given;
    std::optional<StatusOr<std::string>> value GUARDED_BY(mutex);
  };
  const auto answer = std::make_shared<Answer>();
  auto thread = std::make_unique<ThreadPool>("lv-preflight", 1);
  thread->Post([answer, ask] {
    StatusOr<std::string> value = ask();
    MutexLock lock(answer->mutex);
    answer->value = std::move(value);
    answer->given.NotifyAll();
  });
  const SteadyTime deadline = SystemClock().Now() + timeout;
  MutexLock lock(answer->mutex);
  while (!answer->value.has_value() && answer->given.WaitUntil(answer->mutex, deadline)) continue;
  if (!answer->value.has_value()) static_cast<void>(thread.release());
  return answer->value;
}

StatusOr<std::string> AskVersions(const std::string& uri) {
  BERTH_ASSIGN_OR_RETURN(const auto connection, Connection::Open(uri));
  return Versions(*connection);
}

// What the admin tool prints; its library cannot be loaded beside libvirt's own in one process
// (both register the same types with GObject, and the second one crashes).
constexpr char kAskThreadPool[] =
    "timeout 5 virt-admin -c libvirtd:///system server-threadpool-info libvirtd 2>&1";

StatusOr<std::string> RunAdminTool() {
  FILE* pipe = popen(kAskThreadPool, "re");
  if (pipe == nullptr) return Status(StatusCode::kInternal, "cannot run virt-admin");
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  if (pclose(pipe) == 0) return output;
  std::replace(output.begin(), output.end(), '\n', ' ');
  return Status(StatusCode::kUnavailable,
                fmt::format("virt-admin: {}", output.empty() ? "no answer" : output));
}

std::optional<int> Number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Whether someone accepts on a local socket; errno's words if not.
std::optional<std::string> WhyNotAccepting(const std::string& path) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
    return std::nullopt;
  return std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

int MaxWorkersIn(const std::string& threadpool_info) {
  std::istringstream lines(threadpool_info);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, colon, value;
    if (words >> key >> colon >> value && key == "maxWorkers") return Number(value).value_or(-1);
  }
  return -1;
}

Finding CheckDaemon(const std::string& uri, Duration timeout) {
  const auto versions = Within(timeout, [uri] { return AskVersions(uri); });
  if (!versions.has_value())
    return {"libvirtd", FindingLevel::kProblem,
            fmt::format("{} accepts a connection and does not answer within {} ms", uri,
                        timeout.count()),
            "restart libvirtd: guests go on meanwhile"};
  if (!versions->ok())
    return {"libvirtd", FindingLevel::kProblem, std::string(versions->status().message()),
            kStartDaemon};
  return {"libvirtd", FindingLevel::kOk, fmt::format("{} answers: {}", uri, **versions), ""};
}

Finding CheckVirtlogd(const std::string& root) {
  const std::string path = root + "/run/libvirt/virtlogd-sock";
  const auto why = WhyNotAccepting(path);
  if (!why.has_value()) return {"virtlogd", FindingLevel::kOk, "virtlogd answers", ""};
  return {"virtlogd", FindingLevel::kProblem,
          fmt::format("virtlogd does not accept on {}: {}; guests cannot start", path, *why),
          "systemctl start virtlogd, or without systemd: deploy/libvirt-up"};
}

Finding CheckRequestLimit(const std::string& root) {
  const std::string path = root + "/etc/libvirt/libvirtd.conf";
  const auto text = ConfValue(path, "max_client_requests");
  const int limit = Number(text.value_or("")).value_or(kRequestsDefault);
  if (limit >= kRequestsNeeded)
    return {"libvirt_requests", FindingLevel::kOk,
            fmt::format("max_client_requests is {}, the agent needs {}", limit, kRequestsNeeded),
            ""};
  return {
      "libvirt_requests", FindingLevel::kWarning,
      fmt::format("max_client_requests is {}: calls for one guest wait for those of others; the "
                  "agent needs {}",
                  limit, kRequestsNeeded),
      fmt::format("set max_client_requests = {} in {} and restart libvirtd", kRequestsNeeded,
                  path)};
}

Finding CheckWorkers() {
  const StatusOr<std::string> output = RunAdminTool();
  const int workers = output.ok() ? MaxWorkersIn(*output) : -1;
  if (workers < 0)
    return {
        "libvirt_workers", FindingLevel::kWarning,
        fmt::format("max_workers is not known: {}",
                    output.ok() ? *output : std::string(output.status().message())),
        "see that virt-admin is installed (libvirt-clients) and libvirtd's admin socket is there "
        "(libvirtd-admin.socket)"};
  if (workers >= kWorkersNeeded)
    return {"libvirt_workers", FindingLevel::kOk,
            fmt::format("max_workers is {}, the agent needs {}", workers, kWorkersNeeded), ""};
  return {
      "libvirt_workers", FindingLevel::kWarning,
      fmt::format("max_workers is {}: a few stuck guests would stop libvirtd for all; the agent "
                  "needs {}",
                  workers, kWorkersNeeded),
      fmt::format("set max_workers = {} in /etc/libvirt/libvirtd.conf and restart libvirtd",
                  2 * kWorkersNeeded)};
}

}  // namespace berth::libvirt
