// SPDX-License-Identifier: Apache-2.0
#include "cli/agent.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>

#include <algorithm>

#include "cli/failure.h"
#include "cli/socket_probe.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using std::chrono::milliseconds;

constexpr int kTriesMax = 5;
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kPauseMax{2000};

// A socket's path as gRPC wants it: what is special in a URI is escaped.
std::string TargetOf(const std::string& socket) {
  std::string target = "unix:";
  for (const char c : socket) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
        std::string_view("/._-~").find(c) != std::string_view::npos) {
      target += c;
    } else {
      target += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return target;
}

bool WorthRepeating(const Status& status) {
  if (status.code() != StatusCode::kUnavailable) return false;
  const std::string reason = ReasonOf(status);
  return reason != kUnreachable && reason != reasons::kHypervisorUnavailable &&
         reason != reasons::kHypervisorTimeout;
}

Duration PauseAfter(const Status& status, int tries) {
  const Duration own = kFirstPause * (1 << (tries - 1));
  return std::min<Duration>(kPauseMax, std::max(own, DetailsOf(status).retry_after.value_or(own)));
}

}  // namespace

Agent::Agent(const Context& context) : context_(context), stubs_(Connect(context.options.socket)) {}

Agent::Stubs Agent::Connect(const std::string& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // Try() is the one place that repeats.
  const auto channel =
      grpc::CreateCustomChannel(TargetOf(socket), grpc::InsecureChannelCredentials(), arguments);
  return {berth::v1::InstanceService::NewStub(channel), berth::v1::NodeService::NewStub(channel),
          berth::v1::OperationService::NewStub(channel),
          berth::v1::ReservationService::NewStub(channel),
          berth::v1::ImageService::NewStub(channel)};
}

Status Agent::Try(Duration waits, const Attempt& attempt) {
  Status last;
  for (int tries = 1; tries <= kTriesMax; ++tries) {
    if (tries > 1) context_.pause(PauseAfter(last, tries - 1));
    Status status = TryOnce(attempt, context_.options.timeout + waits);
    if (!WorthRepeating(status)) return status;
    last = std::move(status);
  }
  return last;
}

Status Agent::TryOnce(const Attempt& attempt, std::optional<Duration> limit) {
  grpc::ClientContext call;
  if (limit) call.set_deadline(gpr_time_from_millis(limit->count(), GPR_TIMESPAN));
  const grpc::Status status = attempt(call);
  if (status.ok()) {
    spoken_ = true;
    return OkStatus();
  }
  Status error = FromGrpc(status);
  if (!ReasonOf(error).empty()) {
    spoken_ = true;
    return error;
  }
  error = Interpret(status);
  stubs_ = Connect(context_.options.socket);
  // Whatever comes from here on, an earlier try may have been heard.
  if (ReasonOf(error) != kUnreachable) spoken_ = true;
  return error;
}

Status Agent::Interpret(const grpc::Status& status) const {
  const std::string& socket = context_.options.socket;
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
    return MakeError(StatusCode::kDeadlineExceeded, kNoReply,
                     fmt::format("no reply from the agent at {} within {} s", socket,
                                 static_cast<double>(context_.options.timeout.count()) / 1000));
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return FromGrpc(status);
  const SocketProbe probe = ProbeSocket(socket);
  if (probe.state == SocketState::kAnswers || spoken_)
    return MakeError(
        StatusCode::kUnavailable, kNoReply,
        fmt::format("the connection to the agent at {} broke: {}", socket, status.error_message()));
  return MakeError(StatusCode::kUnavailable, fmt::format("no agent at {}: {}", socket, probe.why),
                   {.reason = kUnreachable,
                    .metadata = {{"socket_state", Name(probe.state)}, {"group", probe.group}}});
}

}  // namespace berth::cli
