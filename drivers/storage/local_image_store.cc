// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/local_image_store.h"

#include <utility>

#include "core/base/error.h"
#include "drivers/storage/image_files.h"
#include "drivers/storage/images.h"
#include "drivers/storage/qemu_img.h"

namespace berth {
namespace {

// Everything the tasks need; they share it, so that it outlives the store while one of them runs.
struct Files {
  explicit Files(const LocalImageStoreOptions& options)
      : limits(options.limits),
        qemu_img(options.qemu_img, options.qemu_img_limits),
        images(options.image_dir, qemu_img),
        files(options.image_dir, options.boot_id, qemu_img, images) {}
  const HttpLimits limits;
  QemuImg qemu_img;
  Images images;
  ImageFiles files;
};

// Errors that a caller may act on carry a reason; whatever else went wrong is the disk's fault.
Status ReducedToContract(const Status& status) {
  if (status.ok() || !ReasonOf(status).empty()) return status;
  return Status(StatusCode::kInternal, status.message());
}

StatusOr<FetchedImage> Fetched(const StatusOr<Downloaded>& downloaded) {
  BERTH_RETURN_IF_ERROR(downloaded.status());
  return FetchedImage{downloaded->bytes, downloaded->digests.sha256, downloaded->digests.sha512};
}

class LocalImageStore final : public ImageStore {
 public:
  LocalImageStore(std::shared_ptr<Files> files, Executor& executor)
      : files_(std::move(files)), executor_(executor) {}

  void Fetch(const std::string& image_id, const model::ImageSource& source,
             std::shared_ptr<Transfer> transfer, DoneWith<FetchedImage> done) override {
    Run<FetchedImage>(std::move(done), [=](Files& with) {
      if (source.url.empty())
        return Fetched(with.files.Copy(image_id, source.path, with.limits, *transfer));
      const bool checked = !source.sha256.empty() || !source.sha512.empty();
      return Fetched(with.files.Download(image_id, {source.url, checked}, with.limits, *transfer));
    });
  }
  void Publish(const std::string& image_id, const model::ImageSource& source,
               DoneWith<ImageInfo> done) override {
    Run<ImageInfo>(std::move(done), [image_id, format = source.format](Files& with) {
      return with.files.Publish(image_id, format);
    });
  }
  void Delete(const std::string& image_id, Done done) override {
    executor_.Post([files = files_, image_id, done = std::move(done)] {
      done(ReducedToContract(files->files.Delete(image_id)));
    });
  }
  void List(DoneWith<std::vector<ImageFile>> done) override {
    Run<std::vector<ImageFile>>(std::move(done), [](Files& with) { return with.files.List(); });
  }

 private:
  template <typename T>
  void Run(DoneWith<T> done, std::function<StatusOr<T>(Files&)> work) {
    executor_.Post([files = files_, done = std::move(done), work = std::move(work)] {
      StatusOr<T> result = work(*files);
      if (!result.ok()) result = ReducedToContract(result.status());
      done(std::move(result));
    });
  }

  const std::shared_ptr<Files> files_;
  Executor& executor_;
};

}  // namespace

std::unique_ptr<ImageStore> MakeLocalImageStore(LocalImageStoreOptions options,
                                                Executor& executor) {
  return std::make_unique<LocalImageStore>(std::make_shared<Files>(options), executor);
}

}  // namespace berth
