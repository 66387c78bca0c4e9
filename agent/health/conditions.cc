// SPDX-License-Identifier: Apache-2.0
#include "agent/health/conditions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace berth {
namespace {

using model::Condition;
using model::ConditionStatus;

Condition Make(const char* type, ConditionStatus status, std::string reason, std::string message) {
  return {
      .type = type, .status = status, .reason = std::move(reason), .message = std::move(message)};
}

Condition CheckLibvirt(const HypervisorHealth& health) {
  if (!health.connected)
    return Make(
        kConditionLibvirt, ConditionStatus::kFalse, "NotConnected",
        fmt::format("{}; instances cannot be changed until it is back, the agent connects by "
                    "itself",
                    health.error.empty() ? fmt::format("not connected to {} yet", health.uri)
                                         : health.error));
  if (!health.stuck_guests.empty())
    return Make(kConditionLibvirt, ConditionStatus::kTrue, "GuestsStuck",
                fmt::format("connected; {} guests do not answer, the first is {}",
                            health.stuck_guests.size(), health.stuck_guests.front()));
  return Make(kConditionLibvirt, ConditionStatus::kTrue, "Connected",
              fmt::format("{} at {}", health.version, health.uri));
}

Condition CheckLedger(const model::Error& ledger) {
  if (ledger.ok()) return Make(kConditionLedger, ConditionStatus::kTrue, "Answers", "");
  const bool damaged = ledger.code == StatusCode::kDataLoss;
  return Make(kConditionLedger, ConditionStatus::kFalse, damaged ? "Unreadable" : "NotAnswering",
              ledger.message);
}

Condition CheckStorage(const HealthInputs& inputs, const HealthReport& before) {
  if (!inputs.storage.ok())
    return Make(kConditionStorage, ConditionStatus::kFalse, "Unreadable", inputs.storage.message);
  if (!inputs.space)
    return Make(kConditionStorage, ConditionStatus::kUnknown, "NotYetRead",
                "the file system has not answered yet");
  const Condition* last = FindCondition(before, kConditionStorage);
  const bool was_low = last != nullptr && last->reason == "DiskSpaceLow";
  const int64_t limit = was_low ? 2 * kFreeBytesMin : kFreeBytesMin;
  const int64_t free_mib = inputs.space->free_bytes >> 20;
  if (inputs.space->free_bytes < limit)
    return Make(
        kConditionStorage, ConditionStatus::kFalse, "DiskSpaceLow",
        fmt::format("{} MiB are free where instances are kept, {} MiB are needed; terminate "
                    "instances or make room",
                    free_mib, limit >> 20));
  // Without the figure, so that the statement stays the same while the disk fills and empties.
  return Make(kConditionStorage, ConditionStatus::kTrue, "SpaceAvailable", "");
}

Condition CheckRecovery(const HealthInputs& inputs) {
  if (inputs.recovery_done) return Make(kConditionRecovery, ConditionStatus::kTrue, "Compared", "");
  return Make(kConditionRecovery, ConditionStatus::kFalse, "NotYetCompared",
              inputs.recovery.ok()
                  ? "ledger and hypervisor have not been compared since the start"
                  : fmt::format("ledger and hypervisor could not be compared yet: {}",
                                inputs.recovery.message));
}

Condition CheckOverCommitment(const std::vector<std::string>& where) {
  if (where.empty()) return Make(kConditionOverCommitted, ConditionStatus::kFalse, "ClaimsFit", "");
  constexpr size_t kShown = 3;
  const size_t shown = std::min(where.size(), kShown);
  std::string message =
      fmt::format("{}", fmt::join(where.begin(), where.begin() + static_cast<long>(shown), "; "));
  if (where.size() > shown) message += fmt::format("; and {} more", where.size() - shown);
  return Make(kConditionOverCommitted, ConditionStatus::kTrue, "CapacityShrank",
              message + "; nobody loses anything, and nobody new gets any of it");
}

Condition CheckAdopted(int64_t adopted) {
  if (adopted == 0)
    return Make(kConditionLedgerRebuilt, ConditionStatus::kFalse, "NoneAdopted", "");
  return Make(
      kConditionLedgerRebuilt, ConditionStatus::kTrue, "InstancesAdopted",
      fmt::format("{} instances have records that were made anew from their guests: what was "
                  "updated since their last start, and their request ids, are lost; this ends "
                  "with the next verb of each",
                  adopted));
}

// The one statement over all others: false with the first cause, named.
Condition Summarise(const std::vector<Condition>& checks) {
  const auto bad = std::find_if_not(checks.begin(), checks.end(), IsGood);
  if (bad == checks.end())
    return Make(kConditionReady, ConditionStatus::kTrue, "AllChecksPass", "");
  return Make(kConditionReady, ConditionStatus::kFalse, bad->reason,
              fmt::format("{}: {}", bad->type, bad->message));
}

void KeepTimes(const HealthReport& before, WallTime now, HealthReport& report) {
  for (Condition& condition : report.conditions) {
    const Condition* last = FindCondition(before, condition.type);
    condition.since = last != nullptr && last->status == condition.status ? last->since : now;
  }
}

}  // namespace

HealthReport Evaluate(const HealthInputs& inputs, const HealthReport& before, WallTime now) {
  std::vector<Condition> checks = {CheckLibvirt(inputs.hypervisor), CheckLedger(inputs.ledger),
                                   CheckRecovery(inputs), CheckStorage(inputs, before)};
  const Condition over_committed = CheckOverCommitment(inputs.over_committed);
  HealthReport report;
  report.ready = std::all_of(checks.begin(), checks.end(), IsGood);
  report.serving = std::all_of(checks.begin(), checks.end(), [](const Condition& check) {
    return IsGood(check) || check.type == kConditionStorage;
  });
  report.conditions = {Summarise(checks)};
  report.conditions.insert(report.conditions.end(), checks.begin(), checks.end());
  report.conditions.push_back(over_committed);
  report.conditions.push_back(CheckAdopted(inputs.adopted));
  KeepTimes(before, now, report);
  return report;
}

bool IsGood(const Condition& condition) {
  const bool wanted =
      condition.type != kConditionOverCommitted && condition.type != kConditionLedgerRebuilt;
  return condition.status == (wanted ? ConditionStatus::kTrue : ConditionStatus::kFalse);
}

const Condition* FindCondition(const HealthReport& report, std::string_view type) {
  const auto found =
      std::find_if(report.conditions.begin(), report.conditions.end(),
                   [type](const Condition& condition) { return condition.type == type; });
  return found == report.conditions.end() ? nullptr : &*found;
}

bool SameStatements(const HealthReport& a, const HealthReport& b) {
  return std::equal(a.conditions.begin(), a.conditions.end(), b.conditions.begin(),
                    b.conditions.end(), [](const Condition& x, const Condition& y) {
                      return x.type == y.type && x.status == y.status && x.reason == y.reason &&
                             x.message == y.message;
                    });
}

}  // namespace berth
