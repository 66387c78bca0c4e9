// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/fake_storage.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

size_t Index(StorageCall call) { return static_cast<size_t>(call); }

Status Missing(const std::string& field, const std::string& name) {
  const std::string why = fmt::format("there is no file {}", name);
  return MakeError(
      StatusCode::kNotFound, fmt::format("{}: {}", field, why),
      {.reason = reasons::kImageNotFound, .violations = {{.field = field, .description = why}}});
}

Status TooSmall(int64_t root_disk_mib) {
  const std::string field = "spec.root_disk.size_mib";
  const std::string why = fmt::format("{} MiB is less than the image's size", root_disk_mib);
  return MakeError(
      StatusCode::kInvalidArgument, fmt::format("{}: {}", field, why),
      {.reason = reasons::kImageInvalid, .violations = {{.field = field, .description = why}}});
}

}  // namespace

FakeStorage::FakeStorage(Executor& executor, FakeStorageOptions options)
    : executor_(executor), world_(std::make_shared<World>()) {
  MutexLock lock(world_->mutex);
  world_->options = options;
}

void FakeStorage::AddImage(const std::string& name, const ImageInfo& info) {
  MutexLock lock(world_->mutex);
  world_->images[name] = info;
}

void FakeStorage::AddFile(const std::string& name) { AddImage(name, {}); }

void FakeStorage::RemoveImage(const std::string& name) {
  MutexLock lock(world_->mutex);
  world_->images.erase(name);
}

void FakeStorage::SetDelay(StorageCall call, Duration delay) {
  MutexLock lock(world_->mutex);
  world_->delays[Index(call)] = delay;
}

void FakeStorage::FailNext(StorageCall call, StorageFault fault) {
  MutexLock lock(world_->mutex);
  world_->faults[Index(call)].push_back(std::move(fault));
}

void FakeStorage::FailAlways(StorageCall call, StorageFault fault) {
  MutexLock lock(world_->mutex);
  world_->standing_faults[Index(call)] = std::move(fault);
}

void FakeStorage::AppendConsole(const std::string& instance_id, const std::string& text) {
  MutexLock lock(world_->mutex);
  Files& files = world_->instances[instance_id];
  files.has_console = true;
  files.console += text;
}

void FakeStorage::SetSpace(const FileSystemSpace& space) {
  MutexLock lock(world_->mutex);
  world_->options.space = space;
}

void FakeStorage::RemoveRootDisk(const std::string& instance_id) {
  MutexLock lock(world_->mutex);
  const auto found = world_->instances.find(instance_id);
  if (found == world_->instances.end() || !found->second.root_disk) return;
  found->second.root_disk = false;
  executor_.Post([gone = world_->gone, instance_id] {
    if (gone) gone(instance_id);
  });
}

void FakeStorage::RestoreRootDisk(const std::string& instance_id) {
  MutexLock lock(world_->mutex);
  const auto found = world_->instances.find(instance_id);
  if (found != world_->instances.end()) found->second.root_disk = true;
}

bool FakeStorage::HasRootDisk(const std::string& instance_id) const {
  MutexLock lock(world_->mutex);
  const auto found = world_->instances.find(instance_id);
  return found != world_->instances.end() && found->second.root_disk;
}

bool FakeStorage::HasSeed(const std::string& instance_id) const {
  MutexLock lock(world_->mutex);
  const auto found = world_->instances.find(instance_id);
  return found != world_->instances.end() && found->second.seed;
}

bool FakeStorage::HasAnything(const std::string& instance_id) const {
  MutexLock lock(world_->mutex);
  return world_->instances.contains(instance_id);
}

std::vector<std::string> FakeStorage::Instances() const {
  MutexLock lock(world_->mutex);
  std::vector<std::string> ids;
  for (const auto& [id, files] : world_->instances) ids.push_back(id);
  return ids;
}

int FakeStorage::CallsOf(StorageCall call) const {
  MutexLock lock(world_->mutex);
  return world_->calls[Index(call)];
}

std::string FakeStorage::ImagePath(const std::string& name) const { return "/fake/images/" + name; }

InstancePaths FakeStorage::PathsOf(const std::string& instance_id) const {
  const std::string directory = "/fake/instances/" + instance_id;
  return {.directory = directory,
          .root_disk = directory + "/root.qcow2",
          .seed = directory + "/seed.iso",
          .console_log = directory + "/console.log",
          .crash_dump = directory + "/crash.dump"};
}

template <typename T, typename Effect, typename DoneT>
void FakeStorage::Run(StorageCall call, Effect effect, DoneT done) {
  StorageFault fault;
  {
    MutexLock lock(world_->mutex);
    ++world_->calls[Index(call)];
    auto& queued = world_->faults[Index(call)];
    fault = queued.empty() ? world_->standing_faults[Index(call)] : queued.front();
    if (!queued.empty()) queued.pop_front();
    fault.delay += world_->options.delay + world_->delays[Index(call)];
  }
  RunFaulty<T>(executor_, world_, fault, std::move(effect), std::move(done));
}

void FakeStorage::Change(StorageCall call, std::function<Status(World&)> effect, Done done) {
  Run<Status>(call, std::move(effect), std::move(done));
}

StatusOr<ImageInfo> FakeStorage::FindBoot(const World& world, const model::InstanceSpec& spec) {
  const auto missing = [&](const std::string& name) REQUIRES(world.mutex) {
    return !name.empty() && !world.options.any_image && !world.images.contains(name);
  };
  const model::BootSource& boot = spec.boot;
  if (missing(boot.kernel)) return Missing("spec.boot.kernel.kernel", boot.kernel);
  if (missing(boot.initrd)) return Missing("spec.boot.kernel.initrd", boot.initrd);
  if (missing(boot.image))
    return Missing(boot.kernel.empty() ? "spec.boot.disk.image" : "spec.boot.kernel.image",
                   boot.image);
  if (boot.image.empty()) return ImageInfo{};
  const auto found = world.images.find(boot.image);
  if (found == world.images.end()) return ImageInfo{.format = "qcow2"};
  if (spec.root_disk_mib > 0 && found->second.virtual_bytes >> 20 > spec.root_disk_mib)
    return TooSmall(spec.root_disk_mib);
  return found->second;
}

void FakeStorage::Drop(World& world, const std::string& instance_id, bool Files::*file) {
  const auto found = world.instances.find(instance_id);
  if (found == world.instances.end()) return;
  Files& files = found->second;
  files.*file = false;
  if (!files.root_disk && !files.seed && !files.has_console) world.instances.erase(found);
}

void FakeStorage::CheckBoot(const model::InstanceSpec& spec, DoneWith<ImageInfo> done) {
  Run<StatusOr<ImageInfo>>(
      StorageCall::kCheckBoot,
      [spec](World& world) NO_THREAD_SAFETY_ANALYSIS { return FindBoot(world, spec); },
      std::move(done));
}

void FakeStorage::CreateRootDisk(const std::string& instance_id, const model::InstanceSpec& spec,
                                 Done done) {
  Change(
      StorageCall::kCreateRootDisk,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS {
        if (spec.boot.image.empty()) return OkStatus();
        BERTH_RETURN_IF_ERROR(FindBoot(world, spec).status());
        world.instances[instance_id].root_disk = true;
        return OkStatus();
      },
      std::move(done));
}

void FakeStorage::CreateSeed(const std::string& instance_id, const model::InstanceSpec&,
                             Done done) {
  Change(
      StorageCall::kCreateSeed,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS {
        world.instances[instance_id].seed = true;
        return OkStatus();
      },
      std::move(done));
}

void FakeStorage::DeleteSeed(const std::string& instance_id, Done done) {
  Change(
      StorageCall::kDeleteSeed,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS {
        Drop(world, instance_id, &Files::seed);
        return OkStatus();
      },
      std::move(done));
}

void FakeStorage::DeleteRootDisk(const std::string& instance_id, Done done) {
  Change(
      StorageCall::kDeleteRootDisk,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS {
        Drop(world, instance_id, &Files::root_disk);
        return OkStatus();
      },
      std::move(done));
}

void FakeStorage::DeleteInstance(const std::string& instance_id, Done done) {
  Change(
      StorageCall::kDeleteInstance,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS {
        world.instances.erase(instance_id);
        return OkStatus();
      },
      std::move(done));
}

void FakeStorage::ReadConsole(const std::string& instance_id, int64_t max_bytes,
                              DoneWith<std::string> done) {
  Run<StatusOr<std::string>>(
      StorageCall::kReadConsole,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS -> StatusOr<std::string> {
        const auto found = world.instances.find(instance_id);
        if (found == world.instances.end() || !found->second.has_console)
          return MakeError(StatusCode::kNotFound, reasons::kNoConsoleOutput, "no console log");
        const std::string& text = found->second.console;
        const size_t wanted = static_cast<size_t>(std::max<int64_t>(max_bytes, 0));
        return text.size() > wanted ? text.substr(text.size() - wanted) : text;
      },
      std::move(done));
}

void FakeStorage::ListInstances(DoneWith<std::vector<InstanceDirectory>> done) {
  Run<StatusOr<std::vector<InstanceDirectory>>>(
      StorageCall::kListInstances,
      [](World& world) NO_THREAD_SAFETY_ANALYSIS -> StatusOr<std::vector<InstanceDirectory>> {
        std::vector<InstanceDirectory> found;
        for (const auto& [id, files] : world.instances) found.push_back({id, files.root_disk});
        return found;
      },
      std::move(done));
}

void FakeStorage::Subscribe(std::function<void(const std::string&)> gone) {
  MutexLock lock(world_->mutex);
  world_->gone = std::move(gone);
}

StatusOr<FileSystemSpace> FakeStorage::Space() const {
  MutexLock lock(world_->mutex);
  return world_->options.space;
}

}  // namespace berth
