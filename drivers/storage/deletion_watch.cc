// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/deletion_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "core/base/ids.h"
#include "core/base/thread_pool.h"
#include "core/base/unique_fd.h"
#include "drivers/storage/files.h"
#include "drivers/storage/instance_files.h"
#include "drivers/storage/posix_error.h"

namespace berth {
namespace {

constexpr uint32_t kOfAll = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR;
constexpr uint32_t kOfOne = IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR | IN_DONT_FOLLOW;

}  // namespace

class DeletionWatch::Watcher {
 public:
  Watcher(std::string instances_dir, Gone gone)
      : instances_dir_(std::move(instances_dir)), gone_(std::move(gone)) {}

  ~Watcher() {
    if (thread_ == nullptr) return;
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof one);
    thread_->Shutdown();
  }

  Status Start() {
    inotify_ = UniqueFd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify_.ok()) return PosixError(errno, "asking the kernel to tell of files");
    stop_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
    if (!stop_.ok()) return PosixError(errno, "making an eventfd");
    all_ = inotify_add_watch(inotify_.get(), instances_dir_.c_str(), kOfAll);
    if (all_ < 0) return PosixError(errno, "watching " + instances_dir_);
    thread_ = std::make_unique<ThreadPool>("file-deletions", 1);
    thread_->Post([this] { Run(); });
    return OkStatus();
  }

 private:
  void Run() {
    WatchThoseThere();
    std::array<pollfd, 2> waits = {
        {{.fd = inotify_.get(), .events = POLLIN}, {.fd = stop_.get(), .events = POLLIN}}};
    while (true) {
      if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
      if (waits[1].revents != 0) return;
      Read();
    }
  }

  void WatchThoseThere() {
    const StatusOr<UniqueFd> directory = OpenDirectory(instances_dir_);
    if (!directory.ok()) return;
    const auto names = ListNames(*directory);
    if (!names.ok()) return;
    for (const std::string& name : *names) WatchOne(name);
  }

  void WatchOne(const std::string& name) {
    if (!IsInstanceId(name)) return;
    const std::string path = instances_dir_ + "/" + name;
    const int watch = inotify_add_watch(inotify_.get(), path.c_str(), kOfOne);
    if (watch >= 0) instances_[watch] = name;
  }

  void Read() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    while (true) {
      const ssize_t size = read(inotify_.get(), buffer.data(), buffer.size());
      if (size <= 0) return;
      for (ssize_t at = 0; at < size;) {
        inotify_event event;
        std::memcpy(&event, buffer.data() + at, sizeof event);
        const char* name = buffer.data() + at + sizeof event;
        Happened(event, event.len == 0 ? "" : std::string(name));
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    }
  }

  void Happened(const inotify_event& event, const std::string& name) {
    // Events were dropped, or the file system is gone from here.
    if ((event.mask & (IN_Q_OVERFLOW | IN_UNMOUNT)) != 0) return gone_("");
    if (event.wd == all_) return HappenedToOne(event, name);
    const auto found = instances_.find(event.wd);
    if (found == instances_.end()) return;
    if ((event.mask & IN_IGNORED) != 0)
      instances_.erase(found);
    else if (name == kRootDiskName)
      gone_(found->second);
  }

  // The directory of `name` has come or gone.
  void HappenedToOne(const inotify_event& event, const std::string& name) {
    if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) return WatchOne(name);
    if (!IsInstanceId(name)) return;
    if ((event.mask & IN_MOVED_FROM) != 0) Forget(name);
    gone_(name);
  }

  // What was moved elsewhere would still be told of.
  void Forget(const std::string& name) {
    for (const auto& [watch, instance_id] : instances_)
      if (instance_id == name) inotify_rm_watch(inotify_.get(), watch);
  }

  const std::string instances_dir_;
  const Gone gone_;
  UniqueFd inotify_;
  UniqueFd stop_;
  int all_ = -1;
  std::map<int, std::string> instances_;  // By watch; touched on the thread alone.
  std::unique_ptr<ThreadPool> thread_;
};

DeletionWatch::DeletionWatch(std::unique_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
DeletionWatch::~DeletionWatch() = default;

StatusOr<std::unique_ptr<DeletionWatch>> DeletionWatch::Start(const std::string& instances_dir,
                                                              Gone gone) {
  auto watcher = std::make_unique<Watcher>(instances_dir, std::move(gone));
  BERTH_RETURN_IF_ERROR(watcher->Start());
  return std::unique_ptr<DeletionWatch>(new DeletionWatch(std::move(watcher)));
}

}  // namespace berth
