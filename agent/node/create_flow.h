// SPDX-License-Identifier: Apache-2.0
// One CreateInstance on its way: answered before? → every fault of the request → what it boots from
// → the transaction that admits it. Lives as long as its own callbacks.
//
// The steps run one after the other, each begun by the end of the one before, so nothing needs a
// lock.
#pragma once

#include <optional>
#include <string>

#include "agent/ledger/ledger_txn.h"
#include "agent/node/node_context.h"

namespace berth::node {

class CreateFlow : public std::enable_shared_from_this<CreateFlow> {
 public:
  CreateFlow(ContextPtr context, CallContext call, CreateInstanceArgs args,
             NodeAgent::DoneWith<model::InstanceRecord> done);
  void Start();

 private:
  // A repeat is answered before anything else is looked at: its image may be gone by now.
  void LookUp();
  void LookedUp(const Status& status);
  void CheckRequest();
  void CheckBoot();
  void BootChecked(const StatusOr<ImageInfo>& info);
  void Submit();
  // The body of the transaction.
  Status AdmitOrRefuse(LedgerTxn& txn);
  void Submitted(Status status);

  void Refuse(Status status);
  void Answer();

  const ContextPtr context_;
  CallContext call_;
  const CreateInstanceArgs args_;
  NodeAgent::DoneWith<model::InstanceRecord> done_;

  model::InstanceSpec spec_;  // Resolved.
  model::Topology topology_;  // As it was when it was submitted.
  int64_t default_root_disk_mib_ = 0;
  bool emulated_ = true;
  std::optional<model::InstanceRecord> answer_;
};

}  // namespace berth::node
