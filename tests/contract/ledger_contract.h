// SPDX-License-Identifier: Apache-2.0
// What the contract's tests of ledgers begin with: a world of each kind, opened.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

#include "agent/ledger/ledger_samples.h"
#include "tests/contract/ledger_world.h"

namespace berth {

using WorldMaker = std::unique_ptr<LedgerWorld> (*)();

class LedgerContract : public testing::TestWithParam<WorldMaker> {
 protected:
  LedgerContract() { world_.Open(); }
  Status Do(Ledger::Body body) { return world_.Do(std::move(body)); }
  std::shared_ptr<const model::NodeView> View() { return world_.ledger().View(); }
  bool Has(int number) { return View()->instances.Find(SampleId(number)) != nullptr; }
  // What the ledger finds for the request that admitted sample `number`.
  std::optional<StoredRequest> FindRequest(int number) {
    std::optional<StoredRequest> found;
    const Status status = Do([&](LedgerTxn& txn) -> Status {
      BERTH_ASSIGN_OR_RETURN(found, txn.FindRequest(SampleRequest(SampleId(number), {}).key));
      return OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }
  void Reopen() {
    world_.Close();
    world_.Open();
  }

  std::unique_ptr<LedgerWorld> world_owner_ = GetParam()();
  LedgerWorld& world_ = *world_owner_;
};

// A held reservation with its claims, which then becomes an instance or ends.
inline Status HoldSample(LedgerTxn& txn) {
  txn.PutClaim({.id = "c-held",
                .owner = model::ClaimOwner::kReservation,
                .owner_id = "r-1",
                .held = {.vcpus = 3},
                .created = txn.now(),
                .expires = txn.now() + std::chrono::seconds(1)});
  txn.PutReservation({.id = "r-1", .run_claim_id = "c-held", .expires = txn.now()});
  return OkStatus();
}

}  // namespace berth
