// SPDX-License-Identifier: Apache-2.0
// The named checks: what is known of the agent's surroundings -> the conditions of the node and one
// verdict. Pure: the same input gives the same conditions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/model/condition.h"
#include "core/model/error.h"
#include "drivers/hypervisor.h"
#include "drivers/storage/storage.h"

namespace berth {

inline constexpr char kConditionReady[] = "Ready";
inline constexpr char kConditionLibvirt[] = "LibvirtReady";
inline constexpr char kConditionLedger[] = "LedgerReady";
inline constexpr char kConditionStorage[] = "StorageReady";
inline constexpr char kConditionRecovery[] = "RecoveryDone";
// Good when it is false; it keeps nobody from being served.
inline constexpr char kConditionOverCommitted[] = "OverCommitted";
// Likewise: instances are there whose records were made anew from their guests.
inline constexpr char kConditionLedgerRebuilt[] = "LedgerRebuilt";

// Below this the disk counts as full; it counts as free again above twice as much.
inline constexpr int64_t kFreeBytesMin = 256LL << 20;

struct HealthInputs {
  HypervisorHealth hypervisor;
  model::Error ledger;         // ok() if it answers.
  bool recovery_done = false;  // Ledger and hypervisor have been compared once since the start.
  model::Error recovery;       // Why the last comparison could not be made; ok() else.
  model::Error storage;        // Why the space could not be read.
  int64_t adopted = 0;         // Instances whose record was lost, and that had no verb since.
  std::vector<std::string> over_committed;  // Where claims hold more than there is.
  std::optional<FileSystemSpace> space;     // nullopt: not known yet, or `storage` says why.
};

struct HealthReport {
  std::vector<model::Condition> conditions;  // Ready first, then the checks in a fixed order.
  bool ready = false;                        // All are good: new instances can be placed here.
  bool serving = false;  // Instances can be worked on; a full disk alone does not forbid that.
};

// `before` is the previous report (its `since` is kept where a status has not changed), or empty.
HealthReport Evaluate(const HealthInputs& inputs, const HealthReport& before, WallTime now);

// Whether it says that all is well.
bool IsGood(const model::Condition& condition);

// Of that type; nullptr if there is none.
const model::Condition* FindCondition(const HealthReport& report, std::string_view type);

// True if both say the same; the times do not count.
bool SameStatements(const HealthReport& a, const HealthReport& b);

}  // namespace berth
