// SPDX-License-Identifier: Apache-2.0
// One piece of work on one instance, as a list of steps. Each step is recorded before it runs and
// again when it has ended, so a crash leaves exactly one question: did the one kRunning step take
// effect? Since every step is safe to run twice, the answer is to run it again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/error.h"

namespace berth::model {

enum class OperationKind {
  kCreate,
  kStart,
  kStop,
  kReboot,
  kTerminate,
  kResize,
  kPullImage,
  kImportImage,
};
enum class OperationState {
  kRunning,    // Working forwards.
  kUndoing,    // A step failed for good; finished steps are undone in reverse.
  kSucceeded,  // Final.
  kFailed,     // Final; `error` says why. Everything is undone.
  kCancelled,  // Final; a later verb took over before the end, or it was cancelled and undone.
};

// What a step does forwards, and backwards where undoing it makes sense (agent/instance/steps.h).
enum class StepKind {
  kCheckImage,     // The base image, kernel and initrd are there and are what they say.
  kCreateDisk,     // Root disk: an overlay on the base image. Undo: delete it.
  kCreateSeed,     // NoCloud seed. Undo: delete it.
  kDefine,         // Domain in libvirt, anew. Undo: undefine it; of a resize, define the old one.
  kStartPaused,    // Undo: destroy.
  kVerify,         // What libvirt made is what was asked.
  kResume,         // The guest runs.
  kAskShutdown,    // ACPI power button.
  kAwaitShutdown,  // Until the guest is off, or the operation's grace has passed.
  kDestroy,        // Off now, whatever it did.
  kAskReboot,      // The guest is asked to reboot by itself.
  kAwaitReboot,    // Until it did, or the operation's grace has passed.
  kReset,          // As the reset button.
  kDump,           // The guest's memory, into a file.
  kBackOff,        // Until the operation's grace has passed.
  kUndefine,
  kDeleteFiles,  // Disk, seed and console log.
  kDownload,     // An image's bytes, by http. Undo: remove what has come.
  kCopy,         // Likewise, from a file of the host.
  kPublish,      // It is looked at, converted, and given its name.
};

enum class StepState {
  kPending,
  kRunning,  // Recorded before the effect begins.
  kDone,
  kSkipped,  // An earlier outcome made it needless.
  kFailed,   // For good; undoing starts at the step before (and includes this one).
  kUndoing,  // Recorded before the undo begins.
  kUndone,
};

struct Step {
  StepKind kind = StepKind::kCheckImage;
  StepState state = StepState::kPending;
  int attempts = 0;  // How often it was begun, undoing included; names the attempt in late results.
  std::optional<WallTime> started;
  std::optional<WallTime> ended;
  Error last_error;
  bool operator==(const Step&) const = default;
};

struct Operation {
  std::string id;
  std::string target;  // What it works on: an instance, or an image.
  OperationKind kind = OperationKind::kCreate;
  OperationState state = OperationState::kRunning;
  std::string principal;   // Who asked; "": the agent itself.
  std::string request_id;  // Of the call that began it; "": it carried none.
  std::vector<Step> steps;
  Duration grace{0};  // How long kAwaitShutdown, kAwaitReboot and kBackOff wait.
  // The instance's when it began: what is defined for an older one is not its work. 0: not known.
  int64_t generation = 0;
  // When a step that fails is no longer begun again but undone; nullopt: it never gives up.
  std::optional<WallTime> deadline;
  WallTime created{};
  std::optional<WallTime> ended;
  Error error;
  bool operator==(const Operation&) const = default;

  bool final() const {
    return state != OperationState::kRunning && state != OperationState::kUndoing;
  }
};

// Index of the step that runs or is being undone; nullopt if the operation waits for nothing.
std::optional<size_t> ActiveStep(const Operation& operation);

}  // namespace berth::model
