// SPDX-License-Identifier: Apache-2.0
// What start, stop, reboot and terminate share: several instances by id or name, each result shown,
// and waiting for the end.
#pragma once

#include <google/protobuf/util/time_util.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "berth/v1/instance.pb.h"
#include "cli/agent.h"
#include "cli/command.h"
#include "cli/context.h"
#include "core/base/status.h"

namespace berth::cli {

// Of every mutating call.
struct CallArgs {
  std::string request_id;  // "" = one is made, so that a try after a broken connection is safe.
  int64_t control_epoch = 0;
  bool wait = false;
  std::string wait_timeout = "5m";
};

struct VerbArgs {
  std::vector<std::string> words;  // Ids or names.
  CallArgs call;
};

// Declares --request-id and --control-epoch.
void AddExactlyOnceOptions(Command& command, CallArgs* args);
// Likewise, and --wait and --wait-timeout.
void AddCallOptions(Command& command, CallArgs* args);
// Likewise, and the ids.
void AddVerbOptions(Command& command, VerbArgs* args);

// A time given with `flag`; kBadUsage names the flag.
StatusOr<Duration> TimeOf(const std::string& flag, const std::string& text);

// Likewise --grace, where it is given.
StatusOr<std::optional<Duration>> GraceOf(const std::string& text);

// The fields that the requests of all verbs share; the grace for those that have one.
template <typename Request>
Request VerbRequest(const std::string& instance_id, const std::string& request_id,
                    const CallArgs& call) {
  Request request;
  request.set_instance_id(instance_id);
  request.set_request_id(request_id);
  request.set_control_epoch(call.control_epoch);
  return request;
}
template <typename Request>
Request VerbRequest(const std::string& instance_id, const std::string& request_id,
                    const CallArgs& call, const std::optional<Duration>& grace) {
  Request request = VerbRequest<Request>(instance_id, request_id, call);
  if (grace)
    *request.mutable_timeout() =
        google::protobuf::util::TimeUtil::MillisecondsToDuration(grace->count());
  return request;
}

// Begins the verb on one instance.
using Begin = std::function<StatusOr<berth::v1::Instance>(Agent&, const std::string& instance_id,
                                                          const std::string& request_id)>;

// Begins it on all, then waits if that is asked, then shows the results. Errors are told one by one
// and do not keep the others from being done; the worst is the exit code.
ExitCode RunVerb(Context& context, const std::string& verb, const VerbArgs& args,
                 const Begin& begin);

}  // namespace berth::cli
