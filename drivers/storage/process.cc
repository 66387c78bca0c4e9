// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/unique_fd.h"
#include "drivers/storage/launch.h"
#include "drivers/storage/posix_error.h"

namespace berth {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return PosixError(errno, "making a pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// A timer instead of reading the clock: it fires once, `timeout` from now.
StatusOr<UniqueFd> MakeTimer(Duration timeout) {
  UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  if (!timer.ok()) return PosixError(errno, "making a timer");
  const auto ms = std::max<int64_t>(timeout.count(), 1);
  itimerspec spec{};
  spec.it_value.tv_sec = ms / 1000;
  spec.it_value.tv_nsec = ms % 1000 * 1000000;
  if (timerfd_settime(timer.get(), 0, &spec, nullptr) != 0)
    return PosixError(errno, "setting a timer");
  return timer;
}

// A child that has been started and not yet waited for: its pid is ours until Reap.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() { Reap(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Ends the whole group and waits for the child. While it is a zombie its pid, and so the group's
  // id, cannot belong to anyone else.
  siginfo_t Reap() {
    siginfo_t info{};
    if (pid_ <= 0) return info;
    kill(-pid_, SIGKILL);
    while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
    }
    pid_ = -1;
    return info;
  }

 private:
  pid_t pid_;
};

// Not strsignal: that one is not thread-safe.
std::string_view NameOf(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? "?" : name;
}

// Reads what is there. False at the end of the stream.
bool ReadSome(int fd, std::string* into, size_t limit, bool* overflow) {
  std::array<char, 16384> buffer;
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  const size_t room = limit - into->size();
  if (static_cast<size_t>(got) > room) *overflow = true;
  into->append(buffer.data(), std::min(static_cast<size_t>(got), room));
  return true;
}

struct Streams {
  UniqueFd output;
  UniqueFd errors;
  UniqueFd ended;  // pidfd: readable once the program has exited.
  UniqueFd timer;
};

// Collects output until the program has ended and said all. A descendant that keeps a pipe open
// cannot hold us up: after the end only what is in the pipes already is read.
Status Collect(Streams streams, const ProcessLimits& limits, ProcessResult* result) {
  bool output_overflow = false;
  bool errors_overflow = false;
  for (;;) {
    std::array<pollfd, 4> fds = {{{streams.output.get(), POLLIN, 0},
                                  {streams.errors.get(), POLLIN, 0},
                                  {streams.ended.get(), POLLIN, 0},
                                  {streams.timer.get(), POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
      return PosixError(errno, "waiting for it");
    const bool speaks = fds[0].revents != 0 || fds[1].revents != 0;
    if (fds[0].revents != 0 &&
        !ReadSome(streams.output.get(), &result->output, limits.output_bytes, &output_overflow))
      streams.output.Reset();
    if (fds[1].revents != 0 &&
        !ReadSome(streams.errors.get(), &result->errors, limits.output_bytes, &errors_overflow))
      streams.errors.Reset();
    if (output_overflow)
      return Status(StatusCode::kResourceExhausted,
                    fmt::format("it said more than {} bytes", limits.output_bytes));
    if (fds[2].revents != 0 && !speaks) return OkStatus();
    if (fds[3].revents != 0)
      return Status(StatusCode::kDeadlineExceeded,
                    fmt::format("not done after {} ms, killed", limits.timeout.count()));
  }
}

StatusOr<ProcessResult> Run(const std::vector<std::string>& arguments,
                            const ProcessLimits& limits) {
  BERTH_ASSIGN_OR_RETURN(Pipe output, MakePipe());
  BERTH_ASSIGN_OR_RETURN(Pipe errors, MakePipe());
  BERTH_ASSIGN_OR_RETURN(UniqueFd timer, MakeTimer(limits.timeout));
  BERTH_ASSIGN_OR_RETURN(const pid_t pid,
                         Launch(arguments, limits, output.write.get(), errors.write.get()));
  Child child(pid);
  output.write.Reset();
  errors.write.Reset();
  // The system call itself: glibc 2.36 declares its wrapper for C only.
  UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!ended.ok()) return PosixError(errno, "watching it");

  ProcessResult result;
  BERTH_RETURN_IF_ERROR(
      Collect({std::move(output.read), std::move(errors.read), std::move(ended), std::move(timer)},
              limits, &result));
  const siginfo_t info = child.Reap();
  while (!result.errors.empty() && result.errors.back() == '\n') result.errors.pop_back();
  if (info.si_code != CLD_EXITED)
    return Status(StatusCode::kInternal,
                  fmt::format("it was killed by SIG{}{}{}", NameOf(info.si_status),
                              result.errors.empty() ? "" : ": ", result.errors));
  result.exit_code = info.si_status;
  return result;
}

}  // namespace

StatusOr<ProcessResult> RunProcess(const std::vector<std::string>& arguments,
                                   const ProcessLimits& limits) {
  StatusOr<ProcessResult> result = Run(arguments, limits);
  if (!result.ok()) return Annotate(result.status(), fmt::format("running {}", arguments[0]));
  return result;
}

}  // namespace berth
