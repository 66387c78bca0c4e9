// SPDX-License-Identifier: Apache-2.0
// The stored form of the model: JSON text, so that an operator can read a ledger with sqlite3 and a
// rebuilt agent can read a domain's metadata. Encoding is exact: Decode(Encode(x)) == x.
//
// Decode answers DATA_LOSS for text that is not what Encode writes, naming the field; unknown
// members are refused too, since dropping what a newer agent wrote would lose it.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/model/batch_outcome.h"
#include "core/model/claim.h"
#include "core/model/event.h"
#include "core/model/image.h"
#include "core/model/instance_record.h"
#include "core/model/operation.h"
#include "core/model/reservation.h"

namespace berth::model {

std::string Encode(const InstanceSpec& spec);
std::string Encode(const InstanceRecord& record);
std::string Encode(const Operation& operation);
std::string Encode(const Claim& claim);
std::string Encode(const Reservation& reservation);
std::string Encode(const Image& image);
std::string Encode(const BatchOutcome& outcome);
// Without number, time, revision and subject, which the ledger keeps beside it.
std::string Encode(const Event& event);

// What becomes of members that are not there: a ledger is migrated and has them all; what lies
// elsewhere may have been written before they were known.
enum class Missing { kRefused, kDefault };

StatusOr<InstanceSpec> DecodeInstanceSpec(std::string_view text);
StatusOr<InstanceRecord> DecodeInstanceRecord(std::string_view text,
                                              Missing missing = Missing::kRefused);
StatusOr<Operation> DecodeOperation(std::string_view text);
StatusOr<Claim> DecodeClaim(std::string_view text);
StatusOr<Reservation> DecodeReservation(std::string_view text);
StatusOr<Image> DecodeImage(std::string_view text);
StatusOr<BatchOutcome> DecodeBatchOutcome(std::string_view text);
StatusOr<Event> DecodeEvent(std::string_view text);

}  // namespace berth::model
