// SPDX-License-Identifier: Apache-2.0
// Records for guests of ours that the ledger knows nothing of: the file was lost and is new, or an
// older copy was put in its place. What the guest's metadata keeps (agent/instance/guest_record.h)
// becomes its record again, with claims as it was placed, so that no room is given out twice. What
// runs is wanted; what is off is stopped, since why it went off is not known to be anybody's wish.
//
// Lost for good: request ids, operations, events, reservations, and what was updated since the
// guest's last start.
#pragma once

#include <string>
#include <vector>

#include "agent/ledger/ledger_txn.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "drivers/hypervisor.h"

namespace berth::recovery {

struct Adoption {
  std::vector<std::string> adopted;  // Instances that have a record now.
  // Their instance was terminated, and so long ago that only its id is known still: what is there
  // is left over, and that is the evidence to end it.
  std::vector<std::string> left_over;
  std::vector<Status> refused;  // DATA_LOSS, naming the guest: left alone.
};

// One transaction for all. Claims may come to more than there is: then the node is overcommitted,
// as it is. Guests whose record has come meanwhile are passed over.
Status Adopt(LedgerTxn& txn, const std::vector<GuestState>& guests, Random& random, Adoption* out);

// The same where the ledger is only a picture of the guests, all of which are in `guests`: records
// follow what they are now, and one whose guest is gone goes with it.
Status Mirror(LedgerTxn& txn, const std::vector<GuestState>& guests, Random& random, Adoption* out);

}  // namespace berth::recovery
