// SPDX-License-Identifier: Apache-2.0
// Storage in memory, for unit tests, the simulator and `--hypervisor=fake`: no file is touched. It
// keeps what it holds for as long as the object lives, as a disk would; a simulated crash drops the
// tasks on the executor, so a call is then either not done, or done and not answered.
//
// Thread-safe; deterministic on a SimExecutor. A call's effect and its answer are two tasks.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/executor.h"
#include "core/base/mutex.h"
#include "drivers/storage/fake_call.h"
#include "drivers/storage/storage.h"

namespace berth {

enum class StorageCall {
  kCheckBoot,
  kCreateRootDisk,
  kCreateSeed,
  kDeleteSeed,
  kDeleteRootDisk,
  kDeleteInstance,
  kReadConsole,
  kListInstances,
};
inline constexpr size_t kStorageCalls = 8;

struct FakeStorageOptions {
  // Every image, kernel and initrd is there. Else only what AddImage and AddFile have put there.
  bool any_image = true;
  Duration delay{0};  // Of every call.
  FileSystemSpace space{.total_bytes = int64_t{1} << 40, .free_bytes = int64_t{1} << 40};
};

class FakeStorage final : public Storage {
 public:
  // `executor` outlives this; this may be destroyed while calls are under way.
  FakeStorage(Executor& executor, FakeStorageOptions options);

  // --- What the world around does.
  void AddImage(const std::string& name, const ImageInfo& info);
  void AddFile(const std::string& name);  // A kernel or an initrd.
  void RemoveImage(const std::string& name);
  void SetDelay(StorageCall call, Duration delay);
  // The next call of that kind meets `fault`; further ones queue up behind it.
  void FailNext(StorageCall call, StorageFault fault);
  // Every call of that kind meets `fault` once the queued ones are used up; an OK error ends it.
  void FailAlways(StorageCall call, StorageFault fault);
  // As if the guest had written to its serial console.
  void AppendConsole(const std::string& instance_id, const std::string& text);
  void SetSpace(const FileSystemSpace& space);
  // Somebody removes the disk, or puts it back; of an instance that has a directory.
  void RemoveRootDisk(const std::string& instance_id);
  void RestoreRootDisk(const std::string& instance_id);

  // --- What a test asks.
  bool HasRootDisk(const std::string& instance_id) const;
  bool HasSeed(const std::string& instance_id) const;
  bool HasAnything(const std::string& instance_id) const;
  std::vector<std::string> Instances() const;
  int CallsOf(StorageCall call) const;

  // --- Storage.
  std::string ImagePath(const std::string& name) const override;
  InstancePaths PathsOf(const std::string& instance_id) const override;
  void CheckBoot(const model::InstanceSpec& spec, DoneWith<ImageInfo> done) override;
  void CreateRootDisk(const std::string& instance_id, const model::InstanceSpec& spec,
                      Done done) override;
  void CreateSeed(const std::string& instance_id, const model::InstanceSpec& spec,
                  Done done) override;
  void DeleteSeed(const std::string& instance_id, Done done) override;
  void DeleteRootDisk(const std::string& instance_id, Done done) override;
  void DeleteInstance(const std::string& instance_id, Done done) override;
  void ReadConsole(const std::string& instance_id, int64_t max_bytes,
                   DoneWith<std::string> done) override;
  void ListInstances(DoneWith<std::vector<InstanceDirectory>> done) override;
  void Subscribe(std::function<void(const std::string&)> gone) override;
  StatusOr<FileSystemSpace> Space() const override;

 private:
  struct Files {
    bool root_disk = false;
    bool seed = false;
    std::string console;
    bool has_console = false;
  };
  struct World {
    mutable Mutex mutex;
    FakeStorageOptions options GUARDED_BY(mutex);
    std::map<std::string, ImageInfo> images GUARDED_BY(mutex);
    std::map<std::string, Files> instances GUARDED_BY(mutex);
    std::array<Duration, kStorageCalls> delays GUARDED_BY(mutex){};
    std::array<std::deque<StorageFault>, kStorageCalls> faults GUARDED_BY(mutex);
    std::array<StorageFault, kStorageCalls> standing_faults GUARDED_BY(mutex){};
    std::array<int, kStorageCalls> calls GUARDED_BY(mutex){};
    std::function<void(const std::string&)> gone GUARDED_BY(mutex);
  };

  // Runs `effect` under the world's lock after the call's delay, then answers.
  template <typename T, typename Effect, typename DoneT>
  void Run(StorageCall call, Effect effect, DoneT done);
  void Change(StorageCall call, std::function<Status(World&)> effect, Done done);
  static StatusOr<ImageInfo> FindBoot(const World& world, const model::InstanceSpec& spec)
      REQUIRES(world.mutex);
  static void Drop(World& world, const std::string& instance_id, bool Files::*file)
      REQUIRES(world.mutex);

  Executor& executor_;
  const std::shared_ptr<World> world_;
};

}  // namespace berth
