// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/operation_plan.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/model/names.h"

namespace berth {
namespace {

using model::OperationKind;
using model::StepKind;

constexpr Duration kBackoffFirst{200};
constexpr Duration kBackoffMax{5000};
constexpr int kUnavailableTries = 12;
// Of what can be undone: longer than any image takes to be copied, shorter than anybody waits.
constexpr Duration kPatience = std::chrono::minutes(10);
constexpr int kOtherTries = 2;

std::vector<StepKind> StepsOf(OperationKind kind, const PlanOptions& options) {
  const bool force = options.force;
  switch (kind) {
    case OperationKind::kCreate:
      return {StepKind::kCheckImage, StepKind::kCreateDisk,  StepKind::kCreateSeed,
              StepKind::kDefine,     StepKind::kStartPaused, StepKind::kVerify,
              StepKind::kResume};
    case OperationKind::kStart:
      if (options.after_crash)
        return {StepKind::kDestroy,    StepKind::kBackOff, StepKind::kCheckImage,
                StepKind::kCreateSeed, StepKind::kDefine,  StepKind::kStartPaused,
                StepKind::kVerify,     StepKind::kResume};
      return {StepKind::kCheckImage,  StepKind::kCreateSeed, StepKind::kDefine,
              StepKind::kStartPaused, StepKind::kVerify,     StepKind::kResume};
    case OperationKind::kStop:
      if (options.after_crash) return {StepKind::kDump, StepKind::kDestroy};
      if (force) return {StepKind::kDestroy};
      return {StepKind::kAskShutdown, StepKind::kAwaitShutdown, StepKind::kDestroy};
    case OperationKind::kReboot:
      if (force) return {StepKind::kReset};
      return {StepKind::kAskReboot, StepKind::kAwaitReboot, StepKind::kReset};
    case OperationKind::kTerminate:
      if (force) return {StepKind::kDestroy, StepKind::kUndefine, StepKind::kDeleteFiles};
      return {StepKind::kAskShutdown, StepKind::kAwaitShutdown, StepKind::kDestroy,
              StepKind::kUndefine, StepKind::kDeleteFiles};
    case OperationKind::kResize:
      return {StepKind::kDefine};
    case OperationKind::kPullImage:
    case OperationKind::kImportImage:
      break;
  }
  Fatal(__FILE__, __LINE__, "an operation that is no instance's", model::Name(kind));
}

bool TakesAway(StepKind step) {
  return step == StepKind::kDestroy || step == StepKind::kUndefine ||
         step == StepKind::kDeleteFiles;
}

// Whether the same call could answer otherwise a moment later.
int TriesFor(StatusCode code) {
  switch (code) {
    case StatusCode::kUnavailable:
    case StatusCode::kAborted:
      return kUnavailableTries;
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kInternal:
    case StatusCode::kUnknown:
    case StatusCode::kCancelled:
      return kOtherTries;
    default:
      return 1;
  }
}

Duration Backoff(int attempt) {
  const int doublings = std::min(attempt - 1, 8);
  return std::min(kBackoffMax, kBackoffFirst * (1 << doublings));
}

}  // namespace

model::Operation MakeOperation(OperationKind kind, const std::string& operation_id,
                               const std::string& instance_id, const PlanOptions& options,
                               WallTime now) {
  model::Operation operation;
  operation.id = operation_id;
  operation.target = instance_id;
  operation.kind = kind;
  operation.grace = options.grace;
  operation.created = now;
  if (kind == OperationKind::kCreate || kind == OperationKind::kStart ||
      kind == OperationKind::kResize)
    operation.deadline = now + kPatience;
  for (const StepKind step : StepsOf(kind, options))
    operation.steps.push_back(model::Step{.kind = step});
  model::Step& first = operation.steps.front();
  first.state = model::StepState::kRunning;
  first.attempts = 1;
  first.started = now;
  return operation;
}

// The directory (disk, seed, log) goes with the first step of a create, since that is undone last.
// A failed start keeps the disk and the definition: the instance is stopped as it was before, and
// what is left of a guest that crashed is ended either way.
bool HasUndo(OperationKind operation, StepKind step) {
  if (operation == OperationKind::kStart && step == StepKind::kDestroy) return true;
  if (step == StepKind::kStartPaused || operation == OperationKind::kResize) return true;
  return operation == OperationKind::kCreate &&
         (step == StepKind::kDefine || step == StepKind::kCheckImage);
}

bool IsOptional(StepKind step) {
  return step == StepKind::kAskShutdown || step == StepKind::kAskReboot || step == StepKind::kDump;
}

bool IsAwait(StepKind step) {
  return step == StepKind::kAwaitShutdown || step == StepKind::kAwaitReboot ||
         step == StepKind::kBackOff;
}

RetryVerdict VerdictOn(StepKind step, bool undoing, int attempt, StatusCode code) {
  if (IsOptional(step)) return {};
  if (undoing || TakesAway(step) || attempt < TriesFor(code))
    return {.retry = true, .after = Backoff(attempt)};
  return {};
}

}  // namespace berth
