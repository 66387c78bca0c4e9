// SPDX-License-Identifier: Apache-2.0
#include "agent/images/image_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/reasons.h"
#include "core/model/names.h"
#include "core/model/step.h"

namespace berth::images {
namespace {

using model::Image;
using model::ImageState;
using model::Operation;
using model::OperationState;
using model::Step;
using model::StepKind;
using model::StepState;

constexpr Duration kBackoffFirst{500};
constexpr Duration kBackoffMax = std::chrono::minutes(1);

Duration Backoff(int attempt) {
  return std::min(kBackoffMax, kBackoffFirst * (1 << std::min(attempt - 1, 10)));
}

// Whether the same could go well a moment later. A full disk is not waited for: what was brought
// takes part of it.
bool MayYetSucceed(StatusCode code) {
  return code == StatusCode::kUnavailable || code == StatusCode::kInternal ||
         code == StatusCode::kDeadlineExceeded;
}

// A source that sends nothing is given up sooner (HttpLimits), so an attempt of this length has
// brought something.
constexpr Duration kBringsSomething = std::chrono::minutes(2);

model::Error DigestFault(const Image& image, const FetchedImage& fetched) {
  const auto fault = [](const std::string& wanted, const std::string& is) -> model::Error {
    if (wanted.empty() || wanted == is) return {};
    return {StatusCode::kFailedPrecondition, reasons::kImageChecksumMismatch,
            fmt::format("its bytes have the digest {} and not {}", is, wanted)};
  };
  // What came once has to come again.
  for (const std::string& wanted : {image.source.sha256, image.sha256})
    if (model::Error error = fault(wanted, fetched.sha256); !error.ok()) return error;
  return fault(image.source.sha512, fetched.sha512);
}

void Undo(Operation& operation, size_t index, const model::Error& error, WallTime now) {
  operation.state = OperationState::kUndoing;
  operation.error = error;
  BeginStep(operation.steps[index], StepState::kUndoing, now);
}

void Finish(Image& image, Operation& operation, OperationState state, WallTime now) {
  operation.state = state;
  operation.ended = now;
  image.ended = now;
  image.state = state == OperationState::kSucceeded ? ImageState::kAvailable : ImageState::kFailed;
  image.state_message = operation.error.message;
}

void StepFailed(Next& next, size_t index, const model::Error& error, WallTime now) {
  Step& step = next.operation.steps[index];
  step.last_error = error;
  if (next.operation.deadline && now >= *step.started + kBringsSomething)
    next.operation.deadline = std::max(*next.operation.deadline, now + kPatience);
  const bool undoing = step.state == StepState::kUndoing;
  const bool overdue = next.operation.deadline && now >= *next.operation.deadline;
  if (undoing || (MayYetSucceed(error.code) && !overdue)) {
    next.retry_after = Backoff(step.attempts);
    BeginStep(step, step.state, now);
    return;
  }
  Undo(next.operation, index, error, now);
}

void StepDone(Next& next, size_t index, const Outcome& outcome, WallTime now) {
  Step& step = next.operation.steps[index];
  if (step.state == StepState::kUndoing) {
    EndStep(step, StepState::kUndone, now);
    const bool cancelled = next.operation.error.reason == reasons::kOperationCancelled;
    return Finish(next.image, next.operation,
                  cancelled ? OperationState::kCancelled : OperationState::kFailed, now);
  }
  if (step.kind == StepKind::kPublish) {
    EndStep(step, StepState::kDone, now);
    next.image.format = outcome.info.format;
    next.image.virtual_bytes = outcome.info.virtual_bytes;
    next.image.file_bytes = outcome.info.file_bytes;
    return Finish(next.image, next.operation, OperationState::kSucceeded, now);
  }
  if (const model::Error error = DigestFault(next.image, outcome.fetched); !error.ok()) {
    step.last_error = error;
    return Undo(next.operation, index, error, now);
  }
  next.image.sha256 = outcome.fetched.sha256;
  next.image.sha512 = outcome.fetched.sha512;
  EndStep(step, StepState::kDone, now);
  BeginStep(next.operation.steps[index + 1], StepState::kRunning, now);
}

}  // namespace

Operation NewOperation(const Image& image, const std::string& operation_id, WallTime now) {
  const bool pull = !image.source.url.empty();
  Operation operation;
  operation.id = operation_id;
  operation.target = image.id;
  operation.kind = pull ? model::OperationKind::kPullImage : model::OperationKind::kImportImage;
  operation.created = now;
  operation.deadline = now + kPatience;
  operation.steps = {{.kind = pull ? StepKind::kDownload : StepKind::kCopy},
                     {.kind = StepKind::kPublish}};
  BeginStep(operation.steps.front(), StepState::kRunning, now);
  return operation;
}

Next AfterStep(const Image& image, const Operation& operation, const Outcome& outcome,
               WallTime now) {
  Next next{.image = image, .operation = operation};
  const std::optional<size_t> active = ActiveStep(operation);
  if (outcome.operation_id != operation.id || active != outcome.step ||
      operation.steps[outcome.step].attempts != outcome.attempt)
    return next;
  next.changed = true;
  if (outcome.error.ok()) {
    StepDone(next, outcome.step, outcome, now);
  } else {
    StepFailed(next, outcome.step, outcome.error, now);
  }
  return next;
}

Next Cancel(const Image& image, const Operation& operation, WallTime now) {
  Next next{.image = image, .operation = operation};
  if (operation.state != OperationState::kRunning) return next;
  next.changed = true;
  Undo(next.operation, *ActiveStep(operation),
       {StatusCode::kCancelled, reasons::kOperationCancelled, "cancelled by request"}, now);
  return next;
}

}  // namespace berth::images
