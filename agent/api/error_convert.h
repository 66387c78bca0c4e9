// SPDX-License-Identifier: Apache-2.0
// The one place where an error of ours becomes an error of the wire: a gRPC status whose trailing
// metadata carries a google.rpc.Status with ErrorInfo always, and BadRequest, RetryInfo and
// ResourceInfo where they say more.
//
// Bounds: trailing metadata beyond 8 KiB is refused by most clients, which would then lose the
// error altogether. So messages are cut at kErrorMessageBytesMax, and violations and metadata that
// do not fit are left out, counted in ErrorInfo.metadata ("violations_omitted",
// "metadata_omitted").
//
// INTERNAL, UNKNOWN and DATA_LOSS are faults of Berth: their words may hold SQL, XML or paths and
// stay in the agent's log. The client is told so instead.
//
// Pure functions, thread-safe.
#pragma once

#include <grpcpp/support/status.h>

#include <map>
#include <string>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/model/error.h"
#include "google/rpc/status.pb.h"

namespace berth::api {

inline constexpr char kErrorDomain[] = "berth.v1";
inline constexpr size_t kErrorMessageBytesMax = 1024;
inline constexpr size_t kErrorDetailsBytesMax = 4096;  // Of the whole google.rpc.Status.

// OK stays OK.
grpc::Status ToGrpcStatus(const Status& status);

// What a finished operation failed of, or one entry of a batch. Unlike above, the words of an
// INTERNAL error are kept: steps write them for people, and state_reason shows them too.
google::rpc::Status ToRpcStatus(const model::Error& error,
                                const std::map<std::string, std::string>& metadata = {});

// True for the codes whose words a client must not see.
bool IsFaultOfOurs(StatusCode code);

}  // namespace berth::api
