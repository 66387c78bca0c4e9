// SPDX-License-Identifier: Apache-2.0
// Instances for the ledger's tests, and transactions that admit and end them as the agent does.
#pragma once

#include <fmt/format.h>

#include <string>

#include "agent/ledger/ledger.h"
#include "core/base/error.h"

namespace berth {

inline std::string SampleId(int number) { return fmt::format("i-{:017x}", number); }

inline StoredRequest SampleRequest(const std::string& instance_id, WallTime now) {
  return {.key = {"uid:0", "CreateInstance", "request-" + instance_id},
          .message = std::string("message\0of ", 11) + instance_id,
          .reply = std::string("reply\xff to ", 10) + instance_id,
          .instance_id = instance_id,
          .created = now};
}

// Writes an instance with its operation, both claims and the request that asked for it.
inline Status AdmitSample(LedgerTxn& txn, int number, int64_t vcpus = 2) {
  const std::string id = SampleId(number);
  model::InstanceRecord record{.id = id, .created = txn.now()};
  record.spec.name = fmt::format("sample {}", number);
  record.spec.shape = {.vcpus = static_cast<int32_t>(vcpus), .memory_mib = 64};
  record.operation_id = "op-" + id;
  record.run_claim_id = "c-run-" + id;
  record.disk_claim_id = "c-disk-" + id;
  txn.PutClaim({.id = record.run_claim_id,
                .owner_id = id,
                .held = {.vcpus = vcpus, .memory_mib = 80},
                .overhead_mib = 16});
  txn.PutClaim({.id = record.disk_claim_id, .owner_id = id, .held = {.disk_mib = 1024}});
  txn.PutOperation({.id = record.operation_id,
                    .target = id,
                    .steps = {{.kind = model::StepKind::kCheckImage,
                               .state = model::StepState::kRunning,
                               .attempts = 1,
                               .started = txn.now()}},
                    .created = txn.now()});
  txn.SaveRequest(SampleRequest(id, txn.now()));
  txn.PutInstance(std::move(record));
  return OkStatus();
}

inline Ledger::Body Admit(int number, int64_t vcpus = 2) {
  return [=](LedgerTxn& txn) { return AdmitSample(txn, number, vcpus); };
}

// As Admit, but only while fewer than `limit` vCPUs are taken.
inline Ledger::Body AdmitWithin(int number, int64_t limit) {
  return [=](LedgerTxn& txn) -> Status {
    if (txn.view().allocated.vcpus + 2 > limit)
      return MakeError(StatusCode::kResourceExhausted, "INSUFFICIENT_CAPACITY", "no vCPUs left");
    return AdmitSample(txn, number);
  };
}

// Takes away all that Admit wrote but the request.
inline Ledger::Body Forget(int number) {
  return [=](LedgerTxn& txn) {
    const auto record = txn.view().instances.Find(SampleId(number));
    if (record == nullptr) return OkStatus();
    txn.EraseClaim(record->run_claim_id);
    txn.EraseClaim(record->disk_claim_id);
    txn.EraseOperation(record->operation_id);
    txn.EraseInstance(record->id);
    return OkStatus();
  };
}

// Empty, or the first way in which `view` holds only a part of sample `number`.
inline std::string HalfThere(const model::NodeView& view, int number) {
  const auto record = view.instances.Find(SampleId(number));
  if (record == nullptr) {
    const bool left = view.claims.Find("c-run-" + SampleId(number)) != nullptr ||
                      view.operations.Find("op-" + SampleId(number)) != nullptr;
    return left ? "something is left of what is not there" : "";
  }
  if (view.operations.Find(record->operation_id) == nullptr) return "its operation is missing";
  if (view.claims.Find(record->run_claim_id) == nullptr) return "its run claim is missing";
  if (view.claims.Find(record->disk_claim_id) == nullptr) return "its disk claim is missing";
  return "";
}

}  // namespace berth
