// SPDX-License-Identifier: Apache-2.0
// What can go wrong, as a Status: errors of the agent as they came over the wire, and berthctl's
// own, which carry the reasons below.
#pragma once

#include <grpcpp/support/status.h>

#include <string_view>

#include "cli/exit_code.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "google/rpc/status.pb.h"

namespace berth::cli {

// Never sent by an agent.
inline constexpr char kBadUsage[] = "BERTHCTL_BAD_USAGE";
inline constexpr char kUnreachable[] = "BERTHCTL_UNREACHABLE";  // Metadata `socket_state`.
inline constexpr char kNoReply[] = "BERTHCTL_NO_REPLY";         // Sent, and the answer never came.
inline constexpr char kAmbiguousName[] = "BERTHCTL_AMBIGUOUS_NAME";
inline constexpr char kWaitTooLong[] = "BERTHCTL_WAIT_TOO_LONG";  // Metadata `operation_id`.

// The command line, or a file it names, is at fault. `what` begins with the flag.
Status BadUsage(std::string_view what);

// An error of a call with the details that came with it: ErrorInfo as reason and metadata,
// BadRequest and PreconditionFailure as violations, RetryInfo as retry_after. Details that cannot
// be read are left out. No ErrorInfo: the reason is empty.
Status FromGrpc(const grpc::Status& status);
Status FromRpc(const google::rpc::Status& status);

// The message as a std::string_view, which absl's is not; lives as long as `status`.
inline std::string_view MessageOf(const Status& status) {
  return {status.message().data(), status.message().size()};
}

// True where a mutating call may or may not have taken effect.
bool OutcomeUnknown(const Status& status);

ExitCode ExitCodeOf(const Status& status);

}  // namespace berth::cli
