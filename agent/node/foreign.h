// SPDX-License-Identifier: Apache-2.0
// What foreign guests are charged: claims that are in no ledger, but in the book
// (docs/placement.md, "Foreign guests"). Pure.
#pragma once

#include <vector>

#include "core/model/claim.h"
#include "core/model/foreign_guest.h"
#include "scheduler/host_spec.h"

namespace berth::node {

// Foreign guests with what each is charged, in the same order.
struct ForeignHoldings {
  std::vector<model::ForeignGuest> guests;
  std::vector<model::Claim> claims;  // Ids have a space, as no claim of the ledger.
  model::Resources held;             // The sum of the claims.
};

// A vCPU that is pinned to dedicated CPUs alone takes all of these; any other that is not pinned to
// the host's own CPUs is a shared vCPU: on the node that has most of its CPUs, or, where it is
// pinned to none, dealt out in proportion to the nodes' shared CPUs. Memory is on the nodes it is
// bound to or, where it is not, where the kernel says it lies; else in proportion to the nodes'
// sizes.
ForeignHoldings HoldingsOf(std::vector<model::ForeignGuest> guests,
                           const placement::HostSpec& host);

}  // namespace berth::node
