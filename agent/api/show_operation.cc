// SPDX-License-Identifier: Apache-2.0
#include "agent/api/show_operation.h"

#include <algorithm>

#include "agent/api/image_convert.h"
#include "agent/api/operation_convert.h"
#include "core/base/ids.h"

namespace berth::api {
namespace {

// Until its bytes are here; then there is still something to do.
constexpr int64_t kPercentWhileFetching = 99;

void AddTransfer(const TransferProgress& progress, v1::Operation& out) {
  *out.mutable_transfer() = FromProgress(progress);
  out.clear_progress_percent();
  if (progress.total_bytes && *progress.total_bytes > 0)
    out.set_progress_percent(static_cast<int>(
        std::min(progress.done_bytes * 100 / *progress.total_bytes, kPercentWhileFetching)));
}

v1::Operation ShowImageOperation(ImageCatalog& images, const model::Operation& operation) {
  v1::Operation out = FromOperation(operation, nullptr);
  if (operation.state == model::OperationState::kRunning)
    if (const auto progress = images.Progress(operation.target)) AddTransfer(*progress, out);
  if (operation.state != model::OperationState::kSucceeded) return out;
  if (const auto reading = images.Get(operation.target); reading.ok())
    *out.mutable_image() = FromImage(*reading);
  return out;
}

}  // namespace

v1::Operation ShowOperation(NodeAgent& node, const model::Operation& operation) {
  if (IsImageId(operation.target)) return ShowImageOperation(node.images(), operation);
  const auto record = node.GetInstance(operation.target);
  return FromOperation(operation, record.ok() ? record->get() : nullptr);
}

}  // namespace berth::api
