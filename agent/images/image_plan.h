// SPDX-License-Identifier: Apache-2.0
// How an image's record and its operation go on. Pure functions: the same input gives the same
// answer, and what is not written did not happen.
//
// An image is brought by two recorded steps: its bytes are fetched (download or copy), then it is
// published. What fails for good, or is cancelled, is undone: all files of it are removed, which is
// tried for ever; then it is FAILED, with the reason, and its operation FAILED or CANCELLED.
#pragma once

#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/status.h"
#include "core/model/image.h"
#include "core/model/operation.h"
#include "drivers/storage/image_store.h"

namespace berth::images {

// How long a source that brings nothing is tried.
inline constexpr Duration kPatience = std::chrono::minutes(30);

// The operation that brings `image` here, its first step running.
model::Operation NewOperation(const model::Image& image, const std::string& operation_id,
                              WallTime now);

// One attempt at one step, as it ended.
struct Outcome {
  std::string operation_id;
  size_t step = 0;
  int attempt = 0;
  model::Error error;
  FetchedImage fetched;  // Of a step that fetches,
  ImageInfo info;        // and of one that publishes; unless it failed.
};

struct Next {
  bool changed = false;  // False: an outcome that nobody waits for any more.
  model::Image image;
  model::Operation operation;
  Duration retry_after{0};  // How long the step that runs now waits before it is begun.
};

Next AfterStep(const model::Image& image, const model::Operation& operation, const Outcome& outcome,
               WallTime now);

// Begins to undo it. An operation that has ended, or is being undone, stays as it is.
Next Cancel(const model::Image& image, const model::Operation& operation, WallTime now);

}  // namespace berth::images
