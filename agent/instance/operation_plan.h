// SPDX-License-Identifier: Apache-2.0
// What each operation consists of: the one visible list of steps, which of them are taken back when
// the operation fails, and how patient each is. Pure.
#pragma once

#include <vector>

#include "core/base/clock.h"
#include "core/base/status.h"
#include "core/model/operation.h"

namespace berth {

// How an operation was asked for, as far as its steps depend on it.
struct PlanOptions {
  bool force = false;  // Stop without asking, reboot by reset.
  // The guest is lost or has crashed. Start: what is left of it is ended first, and `grace` waited
  // for. Stop: its memory is kept first.
  bool after_crash = false;
  Duration grace{0};
};

// A new operation with all its steps pending but the first, which is running since `now`.
model::Operation MakeOperation(model::OperationKind kind, const std::string& operation_id,
                               const std::string& instance_id, const PlanOptions& options,
                               WallTime now);

// Whether a finished (or failed) step of this operation has something to take back.
bool HasUndo(model::OperationKind operation, model::StepKind step);

// Steps without which the operation may go on: the guest was only asked, or its memory only wanted.
bool IsOptional(model::StepKind step);

// Ends by an observation, if there is one that can end it, or by the passing of the operation's
// grace; there is no call to wait for.
bool IsAwait(model::StepKind step);

struct RetryVerdict {
  bool retry = false;
  Duration after{0};
};

// Whether a step that failed the `attempt`-th time with `code` is begun again, and when. Steps that
// take something away (destroy, undefine, delete, every undo) are begun again for ever: giving up
// would leak. The others give up at once when the answer cannot change (a bad image, no memory),
// and after some tries when it could have (libvirtd away: 12 tries, about half a minute).
RetryVerdict VerdictOn(model::StepKind step, bool undoing, int attempt, StatusCode code);

}  // namespace berth
