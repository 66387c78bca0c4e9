// SPDX-License-Identifier: Apache-2.0
#include "agent/images/image_sweep.h"

#include <algorithm>
#include <utility>

#include "agent/images/image_cache.h"
#include "core/base/ids.h"
#include "core/base/probe.h"

namespace berth {
namespace {

// A disk that failed, or a ledger that could not write, is asked again.
constexpr Duration kRetry = std::chrono::seconds(5);

}  // namespace

void ImageSweep::Start() {
  with_.store.List([self = shared_from_this()](const StatusOr<std::vector<ImageFile>>& files) {
    if (files.ok()) return self->FilesListed(*files);
    self->with_.executor.PostAfter(kRetry, [self] { self->Start(); });
  });
}

void ImageSweep::FilesListed(const std::vector<ImageFile>& files) {
  const auto view = with_.ledger.View();
  for (const ImageFile& file : files)
    if (view->images.Find(file.image_id) == nullptr) LookAt(file);
  view->images.ForEach([&](const std::string& id, const auto& image) {
    if (images::HasFileToRemove(*image)) Remove(id);
    const bool is_there = std::find(files.begin(), files.end(), ImageFile{id, true}) != files.end();
    if (image->state == model::ImageState::kAvailable && !is_there) Lost(id);
  });
}

void ImageSweep::Lost(const std::string& image_id) {
  with_.ledger.Submit(
      [image_id](LedgerTxn& txn) {
        const auto image = txn.view().images.Find(image_id);
        if (image == nullptr || image->state != model::ImageState::kAvailable) return OkStatus();
        BERTH_PROBE("the file of an image is gone");
        images::Evict(txn, *image, "its file was removed from outside Berth; pull it again");
        return OkStatus();
      },
      [self = shared_from_this(), image_id](const Status& status) {
        if (status.ok()) return;
        self->with_.executor.PostAfter(kRetry, [self, image_id] { self->Lost(image_id); });
      });
}

void ImageSweep::LookAt(const ImageFile& file) {
  if (!file.published) return Remove(file.image_id);
  const auto erased = std::make_shared<bool>(false);
  with_.ledger.Submit(
      [id = file.image_id, erased](LedgerTxn& txn) -> Status {
        BERTH_ASSIGN_OR_RETURN(*erased, txn.WasErased(id));
        return OkStatus();
      },
      [self = shared_from_this(), file, erased](const Status& status) {
        if (!status.ok())
          return self->with_.executor.PostAfter(kRetry, [self, file] { self->LookAt(file); });
        if (*erased) return self->Remove(file.image_id);
        self->with_.store.Publish(file.image_id, {},
                                  [self, id = file.image_id](const StatusOr<ImageInfo>& info) {
                                    // What is no image any more is left to whoever damaged it.
                                    if (info.ok()) self->Adopt(id, *info);
                                  });
      });
}

void ImageSweep::Adopt(const std::string& image_id, const ImageInfo& info) {
  with_.ledger.Submit(
      [image_id, info, &random = with_.random](LedgerTxn& txn) {
        if (txn.view().images.Find(image_id) != nullptr) return OkStatus();
        BERTH_PROBE("an image that the ledger does not know is taken in");
        model::Image image{.id = image_id,
                           .state = model::ImageState::kAvailable,
                           .format = info.format,
                           .virtual_bytes = info.virtual_bytes,
                           .file_bytes = info.file_bytes,
                           .created = txn.now(),
                           .ended = txn.now()};
        images::Claim(txn, image, NewClaimId(random));
        txn.PutImage(std::move(image));
        return OkStatus();
      },
      [self = shared_from_this(), image_id, info](const Status& status) {
        if (status.ok()) return;
        self->with_.executor.PostAfter(kRetry,
                                       [self, image_id, info] { self->Adopt(image_id, info); });
      });
}

void ImageSweep::ViewPublished(const model::NodeView& view) {
  std::vector<std::string> removable;
  {
    MutexLock lock(mutex_);
    if (seen_.IsSame(view.images)) return;
    view.images.DiffFrom(
        seen_,
        [&](const std::string& id, const auto&) {
          if (view.images.Find(id) == nullptr) removable.push_back(id);
        },
        [&](const std::string& id, const auto& image) {
          if (images::HasFileToRemove(*image)) removable.push_back(id);
        });
    seen_ = view.images;
  }
  for (const std::string& id : removable) Remove(id);
}

void ImageSweep::Remove(const std::string& image_id) {
  {
    MutexLock lock(mutex_);
    if (!removing_.insert(image_id).second) return;
  }
  with_.executor.Post([self = shared_from_this(), image_id] { self->RemoveNow(image_id); });
}

void ImageSweep::RemoveNow(const std::string& image_id) {
  with_.store.Delete(image_id, [self = shared_from_this(), image_id](const Status& status) {
    if (status.ok()) return self->Removed(image_id);
    self->with_.executor.PostAfter(kRetry, [self, image_id] { self->RemoveNow(image_id); });
  });
}

void ImageSweep::Removed(const std::string& image_id) {
  with_.ledger.Submit(
      [image_id](LedgerTxn& txn) {
        const auto image = txn.view().images.Find(image_id);
        if (image == nullptr || !images::HasFileToRemove(*image)) return OkStatus();
        model::Image freed = *image;
        freed.file_bytes = 0;
        txn.PutImage(std::move(freed));
        return OkStatus();
      },
      [self = shared_from_this(), image_id](const Status& status) {
        if (!status.ok())
          return self->with_.executor.PostAfter(kRetry,
                                                [self, image_id] { self->Removed(image_id); });
        MutexLock lock(self->mutex_);
        self->removing_.erase(image_id);
      });
}

}  // namespace berth
