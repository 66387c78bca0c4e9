// SPDX-License-Identifier: Apache-2.0
// What a guest's metadata keeps of its instance, so that a lost ledger is made anew from the guests
// (agent/recovery/adoption.h): everything that only the ledger knows and that outlives an
// operation. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/model/instance_record.h"

namespace berth {

// The record without what is of the moment: state, operation, claims' ids, a resize under way.
std::string GuestRecordText(const model::InstanceRecord& record);

// The same back. Members that an older agent did not know yet have their defaults. DATA_LOSS: it is
// not what an agent wrote, or a newer one did.
StatusOr<model::InstanceRecord> ReadGuestRecord(std::string_view text);

}  // namespace berth
