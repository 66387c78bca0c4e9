// SPDX-License-Identifier: Apache-2.0
// The one spelling of every enum of the model: stored JSON, log, metrics labels and CLI all use it.
#pragma once

#include <optional>
#include <string_view>

#include "core/model/claim.h"
#include "core/model/image.h"
#include "core/model/instance_record.h"
#include "core/model/operation.h"
#include "core/model/reservation.h"

namespace berth::model {

std::string_view Name(CpuPolicy value);         // "shared"
std::string_view Name(SmtPolicy value);         // "prefer"
std::string_view Name(CoreSharing value);       // "same_tenant"
std::string_view Name(EmulatorPolicy value);    // "shared"
std::string_view Name(Affinity value);          // "preferred"
std::string_view Name(PageSize::Kind value);    // "small"
std::string_view Name(Numa::Kind value);        // "auto"
std::string_view Name(CpuModelPolicy value);    // "host_model"
std::string_view Name(ShutdownBehavior value);  // "stop"
std::string_view Name(CrashBehavior value);     // "dump_and_stop"
std::string_view Name(InstanceState value);     // "RUNNING"
std::string_view Name(Intent value);            // "RUNNING"
std::string_view Name(ClaimOwner value);        // "instance"
std::string_view Name(ReservationState value);  // "HELD"
std::string_view Name(ImageState value);        // "AVAILABLE"
std::string_view Name(OperationKind value);     // "create"
std::string_view Name(OperationState value);    // "running"
std::string_view Name(StepKind value);          // "start_paused"
std::string_view Name(StepState value);         // "done"

// The value of that name; nullopt if there is none. Defined for the enums above.
template <typename Enum>
std::optional<Enum> FromName(std::string_view name);

}  // namespace berth::model
