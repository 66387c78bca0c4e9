// SPDX-License-Identifier: Apache-2.0
// What each step does to the world, and how to take it back. Steps are safe to run twice; each ends
// with one call of `done`, from an unspecified thread. Thread-safe.
#pragma once

#include <functional>
#include <string>

#include "agent/instance/guest_layout.h"
#include "core/base/status.h"
#include "core/model/instance_record.h"
#include "core/model/operation.h"
#include "drivers/hypervisor.h"
#include "drivers/storage/storage.h"

namespace berth {

struct StepOutcome {
  Status status;
  // Set by kVerify.
  std::string accel{};
  int64_t guest_pid = 0;
};

class StepRunner {
 public:
  using Done = std::function<void(StepOutcome)>;

  // All outlive this. `node_id` and `ledger_id` go into each domain's metadata.
  StepRunner(Hypervisor& hypervisor, Storage& storage, HostLayout host, std::string node_id,
             std::string ledger_id);

  // Forwards if the step is kRunning, backwards if it is kUndoing. Await steps never come here: the
  // actor waits for those.
  void Run(const model::InstanceRecord& record, const model::Operation& operation, size_t step,
           Done done);

 private:
  void Forward(const model::InstanceRecord& record, const model::Operation& operation,
               model::StepKind kind, Done done);
  void Backward(const model::InstanceRecord& record, model::StepKind kind, Done done);
  // `since`: the lowest generation that the definition may be of.
  void Verify(const model::InstanceRecord& record, int64_t since, Done done);
  GuestSpec GuestSpecOf(const model::InstanceRecord& record) const;

  Hypervisor& hypervisor_;
  Storage& storage_;
  const HostLayout host_;
  const std::string node_id_;
  const std::string ledger_id_;
};

}  // namespace berth
