// SPDX-License-Identifier: Apache-2.0
// The codes of StateReason (instance_record.h) that the agent gives.
#pragma once

namespace berth::state_reasons {

// proto/berth/v1/instance.proto says what each means: EC2's where one exists, else Berth's own.
inline constexpr char kUserInitiatedShutdown[] = "Client.UserInitiatedShutdown";
inline constexpr char kInstanceInitiatedShutdown[] = "Client.InstanceInitiatedShutdown";
inline constexpr char kClientInternalError[] = "Client.InternalError";
inline constexpr char kServerInternalError[] = "Server.InternalError";
inline constexpr char kInsufficientInstanceCapacity[] = "Server.InsufficientInstanceCapacity";
inline constexpr char kStorageFull[] = "Server.StorageFull";
inline constexpr char kGuestCrashed[] = "Server.GuestCrashed";
inline constexpr char kGuestKilled[] = "Server.GuestKilled";
inline constexpr char kGuestDestroyed[] = "Server.GuestDestroyed";
inline constexpr char kGuestUndefined[] = "Server.GuestUndefined";
inline constexpr char kDiskMissing[] = "Server.DiskMissing";
inline constexpr char kHostRebooted[] = "Server.HostRebooted";
inline constexpr char kShutdownUnexplained[] = "Server.ShutdownUnexplained";

}  // namespace berth::state_reasons
