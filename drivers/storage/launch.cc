// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "core/base/unique_fd.h"
#include "drivers/storage/posix_error.h"

namespace berth {
namespace {

// All that the child needs, made before vfork: afterwards it may not allocate, since it runs in the
// agent's own memory.
struct Plan {
  char* const* argv;
  char* const* environment;
  int input;
  int output;
  int errors;
  int failure;   // Close-on-exec: an errno comes out of it, or nothing if exec succeeded.
  pid_t parent;  // The agent.
  const ProcessLimits& limits;
  const Confinement* confinement;  // May be null.
};

bool SetLimit(__rlimit_resource resource, int64_t value) {
  const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  return setrlimit(resource, &limit) == 0;
}

// Threads reserve as much address space for their stacks, and the allocator 128 MiB for each arena
// (two at most, see Launch): a program with the 64 workers of QEMU's pool must fit under its limit.
constexpr int64_t kStackBytes = 2 << 20;

bool SetLimits(const ProcessLimits& limits) {
  return SetLimit(RLIMIT_AS, limits.address_space_bytes) &&
         SetLimit(RLIMIT_CPU, limits.cpu_seconds) && SetLimit(RLIMIT_FSIZE, limits.file_bytes) &&
         SetLimit(RLIMIT_CORE, 0) && SetLimit(RLIMIT_STACK, kStackBytes);
}

// All signals are blocked when this begins, so that no handler of the agent runs in the child.
void ResetSignals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);  // Fails for SIGKILL and SIGSTOP, which have no handler.
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool Redirect(const Plan& plan) {
  // The sources are all above 2 (Launch sees to it), so none is overwritten before it is used.
  return dup2(plan.input, STDIN_FILENO) >= 0 && dup2(plan.output, STDOUT_FILENO) >= 0 &&
         dup2(plan.errors, STDERR_FILENO) >= 0;
}

// The program dies with the agent: one that went on writing would do so behind the back of the next
// agent. The signal comes when the starting thread ends, which is that of RunProcess and waits.
bool DieWithAgent(pid_t parent) {
  return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

// Runs in the child, in the parent's memory. Only async-signal-safe calls, and no return.
[[noreturn]] void BecomeProgram(const Plan& plan) {
  if (DieWithAgent(plan.parent) && setpgid(0, 0) == 0 && Redirect(plan) && chdir("/") == 0 &&
      SetLimits(plan.limits) && (plan.confinement == nullptr || plan.confinement->EnterFiles())) {
    ResetSignals();
    // Libraries may have opened descriptors without O_CLOEXEC; ours close at exec.
    close_range(STDERR_FILENO + 1, static_cast<unsigned>(plan.failure) - 1, 0);
    close_range(static_cast<unsigned>(plan.failure) + 1, ~0U, 0);
    if (plan.confinement == nullptr || plan.confinement->EnterCalls())
      execve(plan.argv[0], plan.argv, plan.environment);
  }
  const int error = errno;
  if (write(plan.failure, &error, sizeof(error)) < 0) _exit(126);
  _exit(127);
}

// vfork with every signal blocked. In a function of its own, so that no variable of the caller can
// be changed by the child.
pid_t StartBlocked(const Plan& plan) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = vfork();
  if (pid == 0) BecomeProgram(plan);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

// The same file under a number above 2, whatever this process has done with its first three.
StatusOr<UniqueFd> Raised(int fd) {
  UniqueFd raised(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!raised.ok()) return PosixError(errno, "copying a descriptor");
  return raised;
}

StatusOr<UniqueFd> OpenNothing() {
  const UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.ok()) return PosixError(errno, "opening /dev/null");
  return Raised(nothing.get());
}

// What the child wrote before it gave up; 0 if it became the program.
int FailureFrom(const UniqueFd& pipe_end) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = read(pipe_end.get(), &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  return got == sizeof(error) ? error : 0;
}

}  // namespace

StatusOr<pid_t> Launch(const std::vector<std::string>& arguments, const ProcessLimits& limits,
                       int output, int errors) {
  BERTH_ASSIGN_OR_RETURN(const UniqueFd input, OpenNothing());
  BERTH_ASSIGN_OR_RETURN(const UniqueFd raised_output, Raised(output));
  BERTH_ASSIGN_OR_RETURN(const UniqueFd raised_errors, Raised(errors));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return PosixError(errno, "making a pipe");
  const UniqueFd failure_read(ends[0]);
  UniqueFd low(ends[1]);
  BERTH_ASSIGN_OR_RETURN(UniqueFd failure, Raised(low.get()));
  low.Reset();

  std::optional<Confinement> confinement;
  if (limits.files) {
    BERTH_ASSIGN_OR_RETURN(confinement, Confinement::Make(arguments[0], *limits.files));
  }
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char locale[] = "LC_ALL=C";
  char arenas[] = "MALLOC_ARENA_MAX=2";
  char* environment[] = {path, locale, arenas, nullptr};
  const pid_t pid =
      StartBlocked({argv.data(), environment, input.get(), raised_output.get(), raised_errors.get(),
                    failure.get(), getpid(), limits, confinement ? &*confinement : nullptr});
  if (pid < 0) return PosixError(errno, "starting it");
  failure.Reset();
  const int error = FailureFrom(failure_read);
  if (error == 0) return pid;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (error == ENOENT)
    return Status(StatusCode::kNotFound, fmt::format("there is no program {}", arguments[0]));
  return PosixError(error, "starting it");
}

}  // namespace berth
