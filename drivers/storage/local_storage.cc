// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/local_storage.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/error.h"
#include "drivers/storage/boot_check.h"
#include "drivers/storage/deletion_watch.h"
#include "drivers/storage/files.h"
#include "drivers/storage/images.h"
#include "drivers/storage/instance_files.h"
#include "drivers/storage/qemu_img.h"

namespace berth {
namespace {

// Errors that a caller may act on carry a reason. Whatever else went wrong is the disk's or the
// program's fault: a missing state directory must not read as a missing image.
Status ReducedToContract(const Status& status) {
  if (status.ok() || !ReasonOf(status).empty()) return status;
  return Status(StatusCode::kInternal, status.message());
}

// Everything the tasks need; they share it, so that it outlives the storage while one of them runs.
struct Files {
  Files(const LocalStorageOptions& options, const std::string& instances_dir)
      : qemu_img(options.qemu_img, options.qemu_img_limits),
        images(options.image_dir, qemu_img),
        instances(instances_dir, images, qemu_img) {}
  QemuImg qemu_img;
  Images images;
  InstanceFiles instances;
};

class LocalStorage final : public Storage {
 public:
  LocalStorage(std::shared_ptr<Files> files, Executor& executor)
      : files_(std::move(files)), executor_(executor) {}

  std::string ImagePath(const std::string& name) const override {
    return files_->images.PathOf(name);
  }
  InstancePaths PathsOf(const std::string& instance_id) const override {
    return files_->instances.PathsOf(instance_id);
  }
  void CheckBoot(const model::InstanceSpec& spec, DoneWith<ImageInfo> done) override {
    Run<ImageInfo>("checking what it boots from", std::move(done),
                   [spec](Files& files) { return berth::CheckBoot(files.images, spec); });
  }
  void CreateRootDisk(const std::string& instance_id, const model::InstanceSpec& spec,
                      Done done) override {
    Run("making the root disk of " + instance_id, std::move(done),
        [=](Files& files) { return files.instances.CreateRootDisk(instance_id, spec); });
  }
  void CreateSeed(const std::string& instance_id, const model::InstanceSpec& spec,
                  Done done) override {
    Run("making the seed of " + instance_id, std::move(done),
        [=](Files& files) { return files.instances.CreateSeed(instance_id, spec); });
  }
  void DeleteSeed(const std::string& instance_id, Done done) override {
    Run("deleting the seed of " + instance_id, std::move(done),
        [=](Files& files) { return files.instances.DeleteFile(instance_id, kSeedName); });
  }
  void DeleteRootDisk(const std::string& instance_id, Done done) override {
    Run("deleting the root disk of " + instance_id, std::move(done),
        [=](Files& files) { return files.instances.DeleteFile(instance_id, kRootDiskName); });
  }
  void DeleteInstance(const std::string& instance_id, Done done) override {
    Run("deleting the files of " + instance_id, std::move(done),
        [=](Files& files) { return files.instances.Delete(instance_id); });
  }
  void ReadConsole(const std::string& instance_id, int64_t max_bytes,
                   DoneWith<std::string> done) override {
    Run<std::string>("reading the console of " + instance_id, std::move(done), [=](Files& files) {
      return files.instances.ReadConsole(instance_id, max_bytes);
    });
  }
  void ListInstances(DoneWith<std::vector<InstanceDirectory>> done) override {
    Run<std::vector<InstanceDirectory>>("listing the instances' directories", std::move(done),
                                        [](Files& files) { return files.instances.List(); });
  }
  void Subscribe(std::function<void(const std::string&)> gone) override {
    // Without it the same is found out later, by listing.
    auto watch = DeletionWatch::Start(files_->instances.directory(), std::move(gone));
    if (watch.ok()) deletions_ = std::move(*watch);
  }
  StatusOr<FileSystemSpace> Space() const override {
    StatusOr<FileSystemSpace> space = files_->instances.Space();
    if (!space.ok()) return ReducedToContract(space.status());
    return space;
  }

 private:
  void Run(std::string doing, Done done, std::function<Status(Files&)> work) {
    executor_.Post(
        [files = files_, doing = std::move(doing), done = std::move(done), work = std::move(work)] {
          done(Annotate(ReducedToContract(work(*files)), doing));
        });
  }
  template <typename T>
  void Run(std::string doing, DoneWith<T> done, std::function<StatusOr<T>(Files&)> work) {
    executor_.Post(
        [files = files_, doing = std::move(doing), done = std::move(done), work = std::move(work)] {
          StatusOr<T> result = work(*files);
          if (!result.ok()) result = Annotate(ReducedToContract(result.status()), doing);
          done(std::move(result));
        });
  }

  const std::shared_ptr<Files> files_;
  Executor& executor_;
  std::unique_ptr<DeletionWatch> deletions_;
};

StatusOr<std::string> Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return Status(StatusCode::kInternal, fmt::format("{}: {}", path, error.message()));
  std::string text = absolute.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace

StatusOr<std::unique_ptr<Storage>> MakeLocalStorage(LocalStorageOptions options,
                                                    Executor& executor) {
  BERTH_ASSIGN_OR_RETURN(options.state_dir, Absolute(options.state_dir));
  if (options.image_dir.empty()) options.image_dir = options.state_dir + "/images";
  BERTH_ASSIGN_OR_RETURN(options.image_dir, Absolute(options.image_dir));
  const std::string instances_dir = options.state_dir + "/instances";
  BERTH_RETURN_IF_ERROR(MakeDirectories(instances_dir));
  BERTH_RETURN_IF_ERROR(MakeDirectories(options.image_dir));
  return std::unique_ptr<Storage>(
      std::make_unique<LocalStorage>(std::make_shared<Files>(options, instances_dir), executor));
}

}  // namespace berth
