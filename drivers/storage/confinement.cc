// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "drivers/storage/posix_error.h"

namespace berth {
namespace {

// --- Files.

constexpr uint64_t kFileRead = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr uint64_t kFileRun = kFileRead | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr uint64_t kTreeRead = kFileRead | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t kTreeRun = kTreeRead | LANDLOCK_ACCESS_FS_EXECUTE;
// Since ABI 3; without it a file may be cut by whoever may open it at all.
constexpr uint64_t kTruncate = uint64_t{1} << 14;
constexpr uint64_t kFileWrite = kFileRead | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
// Of ABI 1: everything from EXECUTE to MAKE_SYM. ABI 2 adds one more.
constexpr uint64_t kAllOfAbi1 = (uint64_t{1} << 13) - 1;
constexpr uint64_t kRefer = uint64_t{1} << 13;

struct SystemFile {
  const char* path;
  uint64_t access;
};
// Programs and libraries; what libnuma, glibc and gnutls look at when they are loaded.
constexpr std::array kSystemFiles = {
    SystemFile{"/usr", kTreeRun},
    SystemFile{"/lib", kTreeRun},
    SystemFile{"/lib64", kTreeRun},
    SystemFile{"/etc/ld.so.cache", kFileRead},
    SystemFile{"/sys/devices/system", kTreeRead},
    SystemFile{"/dev/null", kFileWrite},
    SystemFile{"/dev/urandom", kFileRead},
};

int LandlockAbi() {
  return static_cast<int>(
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

uint64_t HandledBy(int abi) {
  return kAllOfAbi1 | (abi >= 2 ? kRefer : 0) | (abi >= 3 ? kTruncate : 0);
}

Status Allow(const UniqueFd& ruleset, const std::string& path, uint64_t access, bool required) {
  const UniqueFd file(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file.ok() && !required) return OkStatus();
  if (!file.ok())  // Not NOT_FOUND: that is said of a program.
    return Status(StatusCode::kInternal,
                  PosixError(errno, fmt::format("opening {}", path)).message());
  const landlock_path_beneath_attr rule{.allowed_access = access, .parent_fd = file.get()};
  if (syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return PosixError(errno, fmt::format("allowing {}", path));
  return OkStatus();
}

StatusOr<UniqueFd> MakeRuleset(const std::string& program, const FileAccess& files) {
  const int abi = LandlockAbi();
  if (abi < 1) return UniqueFd();
  const uint64_t handled = HandledBy(abi);
  const landlock_ruleset_attr attributes{.handled_access_fs = handled};
  UniqueFd ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
  if (!ruleset.ok()) return PosixError(errno, "making a Landlock ruleset");
  for (const SystemFile& file : kSystemFiles)
    BERTH_RETURN_IF_ERROR(Allow(ruleset, file.path, file.access & handled, /*required=*/false));
  // One that is not there is found missing when it is to be run.
  BERTH_RETURN_IF_ERROR(Allow(ruleset, program, kFileRun, /*required=*/false));
  for (const std::string& path : files.read)
    BERTH_RETURN_IF_ERROR(Allow(ruleset, path, kFileRead, /*required=*/true));
  for (const std::string& path : files.write)
    BERTH_RETURN_IF_ERROR(Allow(ruleset, path, kFileWrite & handled, /*required=*/true));
  return ruleset;
}

// --- System calls.

// Of programs that compute, start threads, and read and write files. Measured of qemu-img 7.2
// (strace over info, check, convert and create of each format), and what glibc may use instead.
constexpr std::array kCalls = {
    "access",
    "arch_prctl",
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "copy_file_range",
    "dup",
    "dup2",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "execve",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fallocate",
    "fcntl",
    "fdatasync",
    "flock",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "futex",
    "get_mempolicy",
    "get_robust_list",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getrlimit",
    "getrusage",
    "gettid",
    "gettimeofday",
    "getuid",
    "io_destroy",
    "io_getevents",
    "io_pgetevents",
    "io_setup",
    "io_submit",
    "ioctl",
    "lseek",
    "lstat",
    "madvise",
    "membarrier",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "open",
    "openat",
    "pipe2",
    "poll",
    "ppoll",
    "prctl",
    "pread64",
    "preadv",
    "preadv2",
    "prlimit64",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "set_mempolicy",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "signalfd4",
    "stat",
    "statfs",
    "statx",
    "sync_file_range",
    "sysinfo",
    "tgkill",
    "uname",
    "write",
    "writev",
};

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using FilterPtr = std::unique_ptr<void, ReleaseFilter>;

Status Failed(int error, std::string_view doing) {
  return PosixError(-error, fmt::format("libseccomp: {}", doing));
}

// What is not known is as if the kernel had never had it, which programs are prepared for.
StatusOr<FilterPtr> MakeRules() {
  FilterPtr rules(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (rules == nullptr) return Status(StatusCode::kInternal, "libseccomp makes no filter");
  for (const char* name : kCalls) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR) continue;  // Not of this architecture.
    const int error = seccomp_rule_add(rules.get(), SCMP_ACT_ALLOW, call, 0);
    if (error != 0 && error != -EDOM) return Failed(error, name);
  }
  // Threads, and no processes. clone3 hides its flags from us; glibc then takes this one.
  const int error = seccomp_rule_add(rules.get(), SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  if (error != 0) return Failed(error, "clone");
  return rules;
}

StatusOr<std::vector<sock_filter>> MakeFilter() {
  BERTH_ASSIGN_OR_RETURN(const FilterPtr rules, MakeRules());
  const UniqueFd memory(memfd_create("berth-filter", MFD_CLOEXEC));
  if (!memory.ok()) return PosixError(errno, "making a file in memory");
  if (const int error = seccomp_export_bpf(rules.get(), memory.get()); error != 0)
    return Failed(error, "exporting the filter");
  struct stat info;
  if (fstat(memory.get(), &info) != 0) return PosixError(errno, "looking at the filter");
  std::vector<sock_filter> filter(static_cast<size_t>(info.st_size) / sizeof(sock_filter));
  if (pread(memory.get(), filter.data(), static_cast<size_t>(info.st_size), 0) != info.st_size)
    return PosixError(errno, "reading the filter");
  return filter;
}

}  // namespace

bool Confinement::GuardsFiles() { return LandlockAbi() >= 1; }

StatusOr<Confinement> Confinement::Make(const std::string& program, const FileAccess& files) {
  Confinement confinement;
  BERTH_ASSIGN_OR_RETURN(confinement.ruleset_, MakeRuleset(program, files));
  BERTH_ASSIGN_OR_RETURN(confinement.filter_, MakeFilter());
  return confinement;
}

bool Confinement::EnterFiles() const {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return !ruleset_.ok() || syscall(SYS_landlock_restrict_self, ruleset_.get(), 0) == 0;
}

bool Confinement::EnterCalls() const {
  const sock_fprog program{static_cast<unsigned short>(filter_.size()),
                           const_cast<sock_filter*>(filter_.data())};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace berth
