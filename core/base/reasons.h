// SPDX-License-Identifier: Apache-2.0
// The reason codes a caller may branch on; part of the API (proto/berth/v1/common.proto lists the
// same names). Never reused for another meaning.
#pragma once

namespace berth::reasons {

inline constexpr char kInvalidField[] = "INVALID_FIELD";
inline constexpr char kUnknownField[] = "UNKNOWN_FIELD";
inline constexpr char kInsufficientCapacity[] = "INSUFFICIENT_CAPACITY";
inline constexpr char kInstanceNotFound[] = "INSTANCE_NOT_FOUND";
inline constexpr char kInstanceExists[] = "INSTANCE_EXISTS";
inline constexpr char kIncorrectInstanceState[] = "INCORRECT_INSTANCE_STATE";
inline constexpr char kReservationNotFound[] = "RESERVATION_NOT_FOUND";
inline constexpr char kReservationNotHeld[] = "RESERVATION_NOT_HELD";
inline constexpr char kReservationExists[] = "RESERVATION_EXISTS";
inline constexpr char kOperationNotFound[] = "OPERATION_NOT_FOUND";
inline constexpr char kOperationCancelled[] = "OPERATION_CANCELLED";
inline constexpr char kOperationDeadlineExceeded[] = "OPERATION_DEADLINE_EXCEEDED";
inline constexpr char kOperationNotCancellable[] = "OPERATION_NOT_CANCELLABLE";
inline constexpr char kOperationInProgress[] = "OPERATION_IN_PROGRESS";
inline constexpr char kOperationNotPermitted[] = "OPERATION_NOT_PERMITTED";
inline constexpr char kIdempotentParameterMismatch[] = "IDEMPOTENT_PARAMETER_MISMATCH";
inline constexpr char kEtagMismatch[] = "ETAG_MISMATCH";
inline constexpr char kStaleEpoch[] = "STALE_EPOCH";
inline constexpr char kStalePageToken[] = "STALE_PAGE_TOKEN";
inline constexpr char kStaleResumeToken[] = "STALE_RESUME_TOKEN";
inline constexpr char kSlowReader[] = "SLOW_READER";
inline constexpr char kImageNotFound[] = "IMAGE_NOT_FOUND";
inline constexpr char kImageInvalid[] = "IMAGE_INVALID";
inline constexpr char kImageExists[] = "IMAGE_EXISTS";
inline constexpr char kImageInUse[] = "IMAGE_IN_USE";
inline constexpr char kImageSourceUnavailable[] = "IMAGE_SOURCE_UNAVAILABLE";
inline constexpr char kImageChecksumMismatch[] = "IMAGE_CHECKSUM_MISMATCH";
inline constexpr char kStorageFull[] = "STORAGE_FULL";
inline constexpr char kHypervisorUnavailable[] = "HYPERVISOR_UNAVAILABLE";
inline constexpr char kHypervisorTimeout[] = "HYPERVISOR_TIMEOUT";
inline constexpr char kGuestStuck[] = "GUEST_STUCK";
inline constexpr char kLedgerUnavailable[] = "LEDGER_UNAVAILABLE";
inline constexpr char kLedgerForeign[] = "LEDGER_OF_ANOTHER_NODE";
inline constexpr char kLedgerNewer[] = "LEDGER_NEWER";
inline constexpr char kLedgerReadable[] = "LEDGER_READABLE";
inline constexpr char kOverloaded[] = "OVERLOADED";
inline constexpr char kNodeCordoned[] = "NODE_CORDONED";
inline constexpr char kNotReady[] = "NOT_READY";
inline constexpr char kNotImplemented[] = "NOT_IMPLEMENTED_YET";
inline constexpr char kNoConsoleOutput[] = "NO_CONSOLE_OUTPUT";
inline constexpr char kAgentStopping[] = "AGENT_STOPPING";
inline constexpr char kReplyTooLarge[] = "REPLY_TOO_LARGE";
inline constexpr char kInternalFault[] = "INTERNAL_FAULT";

}  // namespace berth::reasons
