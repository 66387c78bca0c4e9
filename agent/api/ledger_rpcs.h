// SPDX-License-Identifier: Apache-2.0
// The ledger as a file, for operators.
#pragma once

#include "agent/api/rpc_service.h"
#include "agent/ledger/ledger_care.h"

namespace berth::api {

// Both outlive `service`, which is NodeService's.
void ServeLedger(RpcService& service, LedgerCare& care);

}  // namespace berth::api
