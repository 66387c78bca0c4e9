// SPDX-License-Identifier: Apache-2.0
#include "cli/verb.h"

#include <fmt/format.h>

#include "cli/failure.h"
#include "cli/instances.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/sizes.h"
#include "cli/wait.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

// What is wrong with the line, before anything is asked.
StatusOr<Duration> Check(const VerbArgs& args) {
  if (!args.call.request_id.empty() && args.words.size() > 1)
    return BadUsage("--request-id: it names one call, so give one instance with it");
  return TimeOf("--wait-timeout", args.call.wait_timeout);
}

}  // namespace

void AddCallOptions(Command& command, CallArgs* args) {
  command.Flag("--wait", &args->wait, "Wait until it is done, and show how far it is");
  command.Option("--wait-timeout", "TIME", &args->wait_timeout,
                 "How long to wait (5m); the work goes on after that");
  AddExactlyOnceOptions(command, args);
}

void AddExactlyOnceOptions(Command& command, CallArgs* args) {
  command.Group("For control planes and scripts");
  command.Option("--request-id", "ID", &args->request_id,
                 "Makes the call exactly once: a repeat with the same id gives the first answer");
  command.Option("--control-epoch", "N", &args->control_epoch, "Fences an older control plane off");
}

void AddVerbOptions(Command& command, VerbArgs* args) {
  command.Positionals("ID", &args->words, "Instances, by id or by unique name");
  AddCallOptions(command, &args->call);
}

StatusOr<Duration> TimeOf(const std::string& flag, const std::string& text) {
  StatusOr<Duration> time = ParseDuration(text);
  if (time.ok()) return time;
  return BadUsage(fmt::format("{} {}: {}", flag, text, MessageOf(time.status())));
}

StatusOr<std::optional<Duration>> GraceOf(const std::string& text) {
  if (text.empty()) return std::optional<Duration>();
  BERTH_ASSIGN_OR_RETURN(const Duration grace, TimeOf("--grace", text));
  return std::optional<Duration>(grace);
}

ExitCode RunVerb(Context& context, const std::string& verb, const VerbArgs& args,
                 const Begin& begin) {
  const StatusOr<Duration> limit = Check(args);
  if (!limit.ok()) return Fail(context, verb, limit.status());
  Agent agent(context);
  const auto ids = ResolveIds(agent, args.words);
  if (!ids.ok()) return Fail(context, verb, ids.status());

  ExitCode worst = ExitCode::kOk;
  const auto fail = [&](const std::string& id, const Status& status,
                        const std::string& request_id) {
    worst = Worse(worst, Fail(context, verb + " " + id, status, {.request_id = request_id}));
  };
  std::vector<v1::Instance> begun;
  for (const std::string& id : *ids) {
    const std::string request_id =
        args.call.request_id.empty() ? NewUuid(context.random) : args.call.request_id;
    auto instance = begin(agent, id, request_id);
    if (instance.ok()) {
      begun.push_back(*std::move(instance));
    } else {
      fail(id, instance.status(), request_id);
    }
  }
  std::vector<v1::Instance> results;
  for (const v1::Instance& instance : begun) {
    auto result = args.call.wait ? WaitForInstance(agent, context, instance, *limit)
                                 : StatusOr<v1::Instance>(instance);
    if (result.ok()) {
      results.push_back(*std::move(result));
    } else {
      fail(instance.instance_id(), result.status(), "");
    }
  }
  ShowRows(context, results);
  return worst;
}

}  // namespace berth::cli
