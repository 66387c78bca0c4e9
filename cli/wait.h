// SPDX-License-Identifier: Apache-2.0
// Waiting for an operation to end. An agent that goes away meanwhile is waited for as well:
// operations go on when it is back.
#pragma once

#include <string>

#include "berth/v1/instance.pb.h"
#include "berth/v1/operation.pb.h"
#include "cli/agent.h"
#include "cli/context.h"
#include "core/base/status.h"

namespace berth::cli {

// What is waited for, and how progress calls it.
struct Watched {
  std::string operation_id;
  std::string subject;     // "i-...".
  std::string state = {};  // What it is meanwhile: "PENDING"; "" = leave it out.
};

// The operation as it ended; one that failed is not an error here. DEADLINE_EXCEEDED kWaitTooLong:
// it is still under way after `limit`; NOT_FOUND OPERATION_NOT_FOUND; else as Agent::Call.
StatusOr<berth::v1::Operation> WaitForOperation(Agent& agent, const Context& context,
                                                const Watched& watched, Duration limit);

// Why an operation that has ended did not succeed; OK if it did.
Status OutcomeOf(const berth::v1::Operation& operation);

// Waits for the operation that `begun`, the reply to a verb, names, and gives the instance as it is
// then. At once if it names none. An operation that failed is that error.
StatusOr<berth::v1::Instance> WaitForInstance(Agent& agent, const Context& context,
                                              const berth::v1::Instance& begun, Duration limit);

}  // namespace berth::cli
