// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/fake_image_store.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

// As long as the real ones, and another for each source.
FetchedImage SomeBytesOf(const std::string& source) {
  const size_t hash = std::hash<std::string>()(source);
  return {.bytes = FakeImageStore::kBytes,
          .sha256 = fmt::format("{:064x}", hash),
          .sha512 = fmt::format("{:0128x}", hash)};
}

}  // namespace

void FakeImageStore::SetSource(const std::string& source, const FetchedImage& fetched) {
  MutexLock lock(world_->mutex);
  world_->sources[source] = fetched;
}

void FakeImageStore::SetWeather(std::function<StorageFault(ImageCall)> weather) {
  MutexLock lock(world_->mutex);
  world_->weather = std::move(weather);
}

void FakeImageStore::AddFile(const ImageFile& file) {
  MutexLock lock(world_->mutex);
  world_->files.emplace(file.image_id, file.published);
}

void FakeImageStore::RemoveFile(const std::string& image_id) {
  MutexLock lock(world_->mutex);
  world_->files.erase(image_id);
}

std::vector<ImageFile> FakeImageStore::Files() const {
  MutexLock lock(world_->mutex);
  std::vector<ImageFile> files;
  for (const auto& [id, published] : world_->files) files.push_back({id, published});
  return files;
}

int FakeImageStore::CallsOf(ImageCall call) const {
  MutexLock lock(world_->mutex);
  const auto found = world_->calls.find(call);
  return found == world_->calls.end() ? 0 : found->second;
}

template <typename T, typename Effect>
void FakeImageStore::Run(ImageCall call, Effect effect, std::function<void(T)> done) {
  StorageFault fault;
  {
    MutexLock lock(world_->mutex);
    ++world_->calls[call];
    if (world_->weather) fault = world_->weather(call);
  }
  RunFaulty<T>(executor_, world_, fault, std::move(effect), std::move(done));
}

void FakeImageStore::Fetch(const std::string& image_id, const model::ImageSource& source,
                           std::shared_ptr<Transfer> transfer, DoneWith<FetchedImage> done) {
  const std::string from = source.url.empty() ? source.path : source.url;
  Run<StatusOr<FetchedImage>>(
      ImageCall::kFetch,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS -> StatusOr<FetchedImage> {
        if (transfer->cancelled())
          return MakeError(StatusCode::kCancelled, reasons::kOperationCancelled, "cancelled");
        const auto found = world.sources.find(from);
        FetchedImage fetched = found == world.sources.end() ? SomeBytesOf(from) : found->second;
        transfer->Tell(fetched.bytes, fetched.bytes);
        world.files.emplace(image_id, false);
        return fetched;
      },
      std::move(done));
}

void FakeImageStore::Publish(const std::string& image_id, const model::ImageSource& source,
                             DoneWith<ImageInfo> done) {
  const std::string from = source.url.empty() ? source.path : source.url;
  Run<StatusOr<ImageInfo>>(
      ImageCall::kPublish,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS -> StatusOr<ImageInfo> {
        const auto file = world.files.find(image_id);
        if (file == world.files.end())
          return MakeError(StatusCode::kInvalidArgument, reasons::kImageInvalid, "nothing there");
        file->second = true;
        const auto found = world.sources.find(from);
        const int64_t bytes = found == world.sources.end() ? kBytes : found->second.bytes;
        return ImageInfo{.format = "qcow2", .virtual_bytes = 2 * bytes, .file_bytes = bytes};
      },
      std::move(done));
}

void FakeImageStore::Delete(const std::string& image_id, Done done) {
  Run<Status>(
      ImageCall::kDelete,
      [=](World& world) NO_THREAD_SAFETY_ANALYSIS {
        world.files.erase(image_id);
        return OkStatus();
      },
      std::move(done));
}

void FakeImageStore::List(DoneWith<std::vector<ImageFile>> done) {
  Run<StatusOr<std::vector<ImageFile>>>(
      ImageCall::kList,
      [](World& world) NO_THREAD_SAFETY_ANALYSIS {
        std::vector<ImageFile> files;
        for (const auto& [id, published] : world.files) files.push_back({id, published});
        return files;
      },
      std::move(done));
}

}  // namespace berth
