// SPDX-License-Identifier: Apache-2.0
#include "agent/images/image_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/images/image_plan.h"
#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"

namespace berth::images {
namespace {

using model::Image;
using model::ImageState;
using ImagePtr = std::shared_ptr<const Image>;

// Whether what is wanted to have `digest` is that image: by what was asked for, or what came.
bool DigestFits(const std::string& digest, const std::string& asked, const std::string& came) {
  return digest.empty() || digest == asked || digest == came;
}

bool IsSame(const Image& image, const model::ImageSource& wanted) {
  const model::ImageSource& source = image.source;
  if (source.url != wanted.url || source.path != wanted.path) return false;
  if (!wanted.format.empty() && wanted.format != source.format) return false;
  const bool unchecked = wanted.sha256.empty() && wanted.sha512.empty();
  if (!wanted.path.empty() && unchecked && image.state != ImageState::kPending) return false;
  return DigestFits(wanted.sha256, source.sha256, image.sha256) &&
         DigestFits(wanted.sha512, source.sha512, image.sha512);
}

// What is here is better than what is on its way, and that better than what has to come again.
int Preference(ImageState state) {
  switch (state) {
    case ImageState::kAvailable:
      return 0;
    case ImageState::kPending:
      return 1;
    case ImageState::kEvicted:
      return 2;
    case ImageState::kFailed:
      break;
  }
  return 3;
}

ImagePtr FindShared(const model::NodeView& view, const model::ImageSource& wanted) {
  ImagePtr best;
  view.images.ForEach([&](const std::string&, const ImagePtr& image) {
    if (image->state == ImageState::kFailed || !IsSame(*image, wanted)) return;
    if (best == nullptr || Preference(image->state) < Preference(best->state)) best = image;
  });
  return best;
}

Status Exists(const std::string& id, const std::string& why) {
  return MakeError(StatusCode::kAlreadyExists,
                   fmt::format("image_id {} {}; give another id, or none", id, why),
                   {.reason = reasons::kImageExists, .metadata = {{"image_id", id}}});
}

StatusOr<ImagePtr> FindWanted(const model::NodeView& view, const Wanted& wanted, bool id_was_used) {
  if (wanted.id.empty()) return FindShared(view, wanted.source);
  if (id_was_used) return Exists(wanted.id, "was an image that has been deleted");
  const ImagePtr image = view.images.Find(wanted.id);
  if (image == nullptr) return image;
  if (image->state == ImageState::kFailed) return Exists(wanted.id, "is an image that failed");
  // By its id it is the same also where a file of the host may have changed.
  Image as_pending = *image;
  as_pending.state = ImageState::kPending;
  if (!IsSame(as_pending, wanted.source))
    return Exists(wanted.id, "is an image of another source or digest");
  return image;
}

// The operation that brought it here may be forgotten by now.
model::Operation Finished(const Image& image, const std::string& operation_id, WallTime now) {
  model::Operation operation = NewOperation(image, operation_id, now);
  operation.steps.clear();
  operation.deadline.reset();
  operation.state = model::OperationState::kSucceeded;
  operation.ended = now;
  return operation;
}

Grant Bring(Image image, const Made& made, WallTime now) {
  image.state = ImageState::kPending;
  image.state_message.clear();
  image.ended.reset();
  image.operation_id = made.operation_id;
  Grant grant{.image = {}, .operation = NewOperation(image, made.operation_id, now)};
  grant.image = std::move(image);
  grant.write_operation = true;
  return grant;
}

Grant Share(const model::NodeView& view, const Image& image, const Wanted& wanted, const Made& made,
            WallTime now) {
  Grant grant{.image = {}, .operation = {}, .hit = true};
  if (const auto known = view.operations.Find(image.operation_id)) {
    grant.operation = *known;
  } else {
    grant.operation = Finished(image, made.operation_id, now);
    grant.write_operation = true;
  }
  if ((wanted.pinned && !image.pinned) || grant.write_operation) {
    grant.image = image;
    grant.image->pinned |= wanted.pinned;
    grant.image->operation_id = grant.operation.id;
  }
  return grant;
}

}  // namespace

StatusOr<Grant> Want(const model::NodeView& view, const Wanted& wanted, const Made& made,
                     WallTime now) {
  BERTH_ASSIGN_OR_RETURN(const ImagePtr image, FindWanted(view, wanted, made.id_was_used));
  if (image == nullptr) {
    Image fresh{.id = wanted.id.empty() ? made.image_id : wanted.id,
                .name = wanted.name,
                .source = wanted.source,
                .pinned = wanted.pinned,
                .created = now};
    return Bring(std::move(fresh), made, now);
  }
  if (image->state != ImageState::kEvicted) return Share(view, *image, wanted, made, now);
  BERTH_PROBE("an image that was evicted is brought again");
  Image again = *image;
  again.pinned |= wanted.pinned;
  return Bring(std::move(again), made, now);
}

}  // namespace berth::images
