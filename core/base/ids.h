// SPDX-License-Identifier: Apache-2.0
// Identifiers: how they look, and how they are made. All are plain strings on the wire and in the
// ledger; these functions are the only place that knows their form.
#pragma once

#include <string>
#include <string_view>

#include "core/base/random.h"

namespace berth {

// "i-" and 17 lower-case hex digits, as EC2's.
std::string NewInstanceId(Random& random);
bool IsInstanceId(std::string_view text);

// "r-" and 17 hex digits.
std::string NewReservationId(Random& random);
bool IsReservationId(std::string_view text);

// "img-" and 17 hex digits.
std::string NewImageId(Random& random);
bool IsImageId(std::string_view text);

// "op-" and 17 hex digits; "c-" likewise for a claim.
std::string NewOperationId(Random& random);
std::string NewClaimId(Random& random);

// A random (version 4) UUID in its usual text form; for node_id and ledger_id.
std::string NewUuid(Random& random);
bool IsUuid(std::string_view text);

// The UUID of an instance's libvirt domain, made from the instance id alone (RFC 9562 version 8),
// so that a domain can be told to be ours even where the ledger is lost. `instance_id` is valid.
std::string DomainUuid(std::string_view instance_id);

// A MAC address in the locally administered range made from an interface's or instance's id: the
// same id always gives the same address. FNV-1a over the text; 46 free bits.
std::string MacAddress(std::string_view id);

// True if 1-64 characters, all printable ASCII without space.
bool IsRequestId(std::string_view text);

}  // namespace berth
