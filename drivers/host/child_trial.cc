// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/child_trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace berth {
namespace {

constexpr rlim_t kCpuSeconds = 20;

[[noreturn]] void BeChild(const std::function<void()>& work) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const rlimit cpu{kCpuSeconds, kCpuSeconds};
  setrlimit(RLIMIT_CPU, &cpu);
  if (const int null = open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0)
    dup2(null, STDERR_FILENO);
  work();
  _exit(0);
}

}  // namespace

Status TryInChild(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child < 0)
    return Status(StatusCode::kInternal,
                  fmt::format("fork: {}", std::system_category().message(errno)));
  if (child == 0) BeChild(work);
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0)
    if (errno != EINTR)
      return Status(StatusCode::kInternal,
                    fmt::format("waitpid: {}", std::system_category().message(errno)));
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) return OkStatus();
  return Status(StatusCode::kInvalidArgument, "it is damaged: reading it crashes or never ends");
}

}  // namespace berth
