// SPDX-License-Identifier: Apache-2.0
// The life of one instance, as a function from (instance, event) to (instance, operation, claims).
//
// Nothing here blocks, reads a clock, or knows about threads: the same input always gives the same
// output, which lets tests/sim replay a failure from its seed. Decide runs inside a ledger
// transaction on the record as it is there, so no event ever acts on an old copy; running the steps
// and feeding their outcomes back as events is the work of InstanceActor (actor.h).
//
// Invariants (lifecycle_property_test.cc):
//   1. A step is kRunning or kUndoing in the returned operation before its effect begins.
//   2. At most one step of an instance is kRunning or kUndoing.
//   3. kTerminated is final: every later event changes nothing.
//   4. An outcome of an older operation or attempt changes nothing.
//   5. `generation` grows only with the spec or the intent, never by an observation.
//   6. A guest is destroyed or undefined only by a step of an operation whose record has the intent
//      STOPPED or TERMINATED, or to undo a start that failed.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/clock.h"
#include "core/base/status.h"
#include "core/model/instance_record.h"
#include "core/model/operation.h"
#include "core/model/spec_update.h"
#include "drivers/hypervisor.h"

namespace berth {

// Verbs. Refused with FAILED_PRECONDITION (INCORRECT_INSTANCE_STATE or OPERATION_IN_PROGRESS)
// naming the state and what would be allowed; a verb that asks for what is so already succeeds and
// changes nothing (stop of a stopped instance, terminate of a terminated one), as EC2's do.
struct StartRequested {};
struct StopRequested {
  bool force = false;  // At once, without asking the guest.
  Duration grace{0};   // How long the guest may take before it is forced.
};
struct RebootRequested {
  bool hard = false;
  Duration grace{0};
};
struct TerminateRequested {
  Duration grace{0};  // How long the guest may take to shut down first; 0: it is ended at once.
};
// A STOPPED instance becomes another type or shape. The claim that it will hold is taken beside the
// one it has, and one of them is given back when the operation ends.
struct ResizeRequested {
  std::string instance_type;  // "" = a custom shape.
  model::Shape shape;         // Of the type, where one is named.
};
// What can be changed at any time before the end; the guest does not notice.
struct UpdateRequested {
  model::SpecUpdate update;
};
// Ends what goes on and takes it back, as far as it can be taken back: create (the instance ends
// TERMINATED), start and resize (it stays STOPPED). Others: FAILED_PRECONDITION
// OPERATION_NOT_CANCELLABLE. Nothing goes on: no change.
struct CancelRequested {};
// Whether a non-maskable interrupt may be sent now; changes nothing.
struct InterruptRequested {};

// A step has ended. Ignored unless it names the step that runs now.
struct StepEnded {
  std::string operation_id;
  size_t step = 0;
  int attempt = 0;
  model::Error error{};  // ok() = it is done.
  std::string accel{};   // kVerify's findings; "" and 0 else.
  int64_t guest_pid = 0;
};

// What the hypervisor says of the guest now (a level, asked for after an event or by recovery).
struct GuestObserved {
  bool defined = false;
  Power power = Power::kOff;
  OffReason off_reason = OffReason::kUnknown;
  bool crashed = false;                // It stands still, and never goes on.
  int64_t pid = 0;                     // 0: not known.
  std::optional<bool> disk_missing{};  // Its root disk; nullopt: not looked for, or it has none.
  // True when the agent has just started: nothing is outstanding, and what happened since the last
  // observation was not seen.
  bool at_recovery = false;
};

// An instance that is started again by itself (crash_behavior, auto_recover) waits before that: the
// longer, the more often it was within the last hour. The fourth time it has waited 15 s in all;
// after the fifth it is left STOPPED.
inline constexpr size_t kRecoveriesMax = 5;
inline constexpr Duration kRecoveriesCounted = std::chrono::hours(1);
inline constexpr Duration kRecoveryBackOff = std::chrono::seconds(1);  // Doubled each time.

// The guest went through a reset: a reboot asked for, or its own.
struct GuestRebooted {};

using LifecycleEvent =
    std::variant<StartRequested, StopRequested, RebootRequested, TerminateRequested,
                 ResizeRequested, UpdateRequested, CancelRequested, InterruptRequested, StepEnded,
                 GuestObserved, GuestRebooted>;

// What Decide may use beside the instance itself.
struct LifecycleContext {
  WallTime now{};
  std::string boot_id;           // Of the host, now.
  std::string new_operation_id;  // Used where the event begins an operation, as are these:
  std::string principal{};       // who asked; "": nobody, the event is no verb,
  std::string request_id{};      // and the call's, if it carried one.
  bool host_going_down = false;
};

struct Decision {
  model::InstanceRecord record;
  // The operation to store: the one changed or begun. nullopt: none is touched.
  std::optional<model::Operation> operation;
  // The one that the new operation has cut short, cancelled.
  std::optional<model::Operation> superseded;
  // The verb succeeds only if a claim for running can be had, which `record` then names.
  bool acquire_run_claim = false;
  std::vector<std::string> release;  // Claims to give back; `record` names them no more.
  // The running step is to be begun again only after this long.
  Duration retry_after{0};
  bool changed = false;  // False: nothing is to be written at all.
};

// The operation that creates an instance; its first step is running already.
model::Operation NewCreateOperation(const std::string& operation_id, const std::string& instance_id,
                                    WallTime now);

// What `event` means for `record`, whose current operation is `operation` (null if it has none).
StatusOr<Decision> Decide(const model::InstanceRecord& record, const model::Operation* operation,
                          const LifecycleEvent& event, const LifecycleContext& context);

// Whether CancelRequested would be taken.
bool IsCancellable(const model::Operation& operation);

// As it was before the resize that is under way; `record` has resized_from.
model::InstanceRecord BeforeResize(model::InstanceRecord record);

// An etag over what a client may have read: changes whenever the generation or state does.
std::string EtagOf(const model::InstanceRecord& record);

}  // namespace berth
