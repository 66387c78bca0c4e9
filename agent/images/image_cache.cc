// SPDX-License-Identifier: Apache-2.0
#include "agent/images/image_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/base/reasons.h"

namespace berth::images {
namespace {

using ImagePtr = std::shared_ptr<const model::Image>;

bool Uses(const model::InstanceRecord& record, const std::string& image_id) {
  return record.state != model::InstanceState::kTerminated && record.spec.boot.image == image_id;
}

WallTime LastUse(const model::Image& image) {
  return std::max(image.last_used.value_or(WallTime{}), image.ended.value_or(image.created));
}

// Those that may go, the first to go first.
std::vector<ImagePtr> Evictable(const model::NodeView& view, const std::string& arrived) {
  const auto users = CountUsers(view);
  std::vector<ImagePtr> images;
  view.images.ForEach([&](const std::string& id, const ImagePtr& image) {
    if (image->state == model::ImageState::kAvailable && !image->pinned && id != arrived &&
        users.find(id) == users.end())
      images.push_back(image);
  });
  std::stable_sort(images.begin(), images.end(),
                   [](const ImagePtr& a, const ImagePtr& b) { return LastUse(*a) < LastUse(*b); });
  return images;
}

constexpr std::string_view kCure = "delete images that nobody needs, terminate instances";

Status CacheFull(const model::Image& arrived, const Limits& limits) {
  return MakeError(
      StatusCode::kResourceExhausted,
      fmt::format("its file has {} bytes, and the image cache may have {}, of which the rest is in "
                  "use or pinned; {}, or raise images.cache_limit_mib",
                  arrived.file_bytes, limits.cache_bytes, kCure),
      {.reason = reasons::kStorageFull});
}

Status DiskFull(const model::Image& arrived, int64_t left_mib) {
  const int64_t wanted = DiskMibOf(arrived.file_bytes);
  return MakeError(StatusCode::kResourceExhausted,
                   fmt::format("short of disk by {} MiB: {} wanted for its file, {} free; {}",
                               wanted - left_mib, wanted, left_mib, kCure),
                   {.reason = reasons::kInsufficientCapacity,
                    .metadata = {{"disk_mib_wanted", std::to_string(wanted)},
                                 {"disk_mib_free", std::to_string(left_mib)},
                                 {"disk_mib_short", std::to_string(wanted - left_mib)}}});
}

}  // namespace

std::map<std::string, int32_t> CountUsers(const model::NodeView& view) {
  std::map<std::string, int32_t> users;
  view.instances.ForEach([&](const std::string&, const auto& record) {
    const std::string& image = record->spec.boot.image;
    if (!image.empty() && Uses(*record, image)) ++users[image];
  });
  return users;
}

int32_t UsersOf(const model::NodeView& view, const std::string& image_id) {
  int32_t users = 0;
  view.instances.ForEach([&](const std::string&, const auto& record) {
    if (Uses(*record, image_id)) ++users;
  });
  return users;
}

int64_t BytesOf(const model::NodeView& view) {
  int64_t bytes = 0;
  view.images.ForEach(
      [&](const std::string&, const ImagePtr& image) { bytes += image->file_bytes; });
  return bytes;
}

int64_t DiskMibOf(int64_t bytes) { return (bytes + (1 << 20) - 1) >> 20; }

StatusOr<std::vector<std::string>> MakeRoom(const model::NodeView& view,
                                            const model::Image& arrived, const Limits& limits) {
  const int64_t wanted_mib = DiskMibOf(arrived.file_bytes);
  int64_t used_bytes = arrived.file_bytes;
  view.images.ForEach([&](const std::string& id, const ImagePtr& image) {
    if (id != arrived.id && image->state == model::ImageState::kAvailable)
      used_bytes += image->file_bytes;
  });
  int64_t left_mib = limits.disk_mib - view.allocated.disk_mib;
  const auto cache_fits = [&] {
    return limits.cache_bytes == 0 || used_bytes <= limits.cache_bytes;
  };
  std::vector<std::string> evicted;
  for (const ImagePtr& image : Evictable(view, arrived.id)) {
    if (cache_fits() && wanted_mib <= left_mib) break;
    BERTH_PROBE("an image makes room for another");
    evicted.push_back(image->id);
    used_bytes -= image->file_bytes;
    left_mib += DiskMibOf(image->file_bytes);
  }
  if (!cache_fits()) return CacheFull(arrived, limits);
  if (wanted_mib > left_mib) return DiskFull(arrived, left_mib);
  return evicted;
}

Status Admit(LedgerTxn& txn, model::Image& arrived, const Limits& limits,
             const std::string& claim_id) {
  BERTH_ASSIGN_OR_RETURN(const auto evicted, MakeRoom(txn.view(), arrived, limits));
  for (const std::string& id : evicted)
    Evict(txn, *txn.view().images.Find(id), "it made room for others; pull it again to use it");
  Claim(txn, arrived, claim_id);
  return OkStatus();
}

void Evict(LedgerTxn& txn, model::Image image, const std::string& why) {
  txn.EraseClaim(image.disk_claim_id);
  image.disk_claim_id.clear();
  image.state = model::ImageState::kEvicted;
  image.state_message = why;
  txn.PutImage(std::move(image));
}

void Claim(LedgerTxn& txn, model::Image& image, const std::string& claim_id) {
  image.disk_claim_id = claim_id;
  txn.PutClaim({.id = claim_id,
                .owner = model::ClaimOwner::kImage,
                .owner_id = image.id,
                .held = {.disk_mib = DiskMibOf(image.file_bytes)},
                .created = txn.now()});
}

bool HasFileToRemove(const model::Image& image) {
  return image.state != model::ImageState::kAvailable && image.file_bytes > 0;
}

}  // namespace berth::images
