// SPDX-License-Identifier: Apache-2.0
#include "cli/instance_watch.h"

#include <fmt/format.h>

#include "cli/agent.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/wire_text.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

constexpr Duration kPauseWhileAway = std::chrono::seconds(1);
constexpr Duration kAwayMax = std::chrono::minutes(2);

bool IsAway(const Status& status) {
  const std::string reason = ReasonOf(status);
  return status.ok() || status.code() == StatusCode::kUnavailable || reason == kNoReply ||
         reason == reasons::kSlowReader;
}

class Follower {
 public:
  Follower(const Context& context, const WatchArgs& args) : context_(context) {
    request_.set_tenant_id(args.tenant);
    request_.set_resume_token(args.resume_token);
  }

  ExitCode Run() {
    Agent agent(context_);
    SteadyTime heard = context_.clock.Now();
    for (;;) {
      const Status end =
          agent.Stream(&InstanceStub::WatchInstances, request_, [&](const auto& message) {
            heard = context_.clock.Now();
            Take(message);
          });
      if (ReasonOf(end) == reasons::kStaleResumeToken) {
        context_.err << "Too much has changed meanwhile, or the ledger is another; once more from "
                        "the beginning.\n";
        request_.clear_resume_token();
        continue;
      }
      if (!IsAway(end) || context_.clock.Now() - heard > kAwayMax)
        return Fail(context_, "watch", end);
      context_.pause(kPauseWhileAway);
    }
  }

 private:
  void Take(const v1::WatchInstancesResponse& message) {
    if (!message.resume_token().empty()) request_.set_resume_token(message.resume_token());
    if (context_.json()) {
      context_.out << ToJsonLine(message) << std::flush;
      return;
    }
    if (!message.has_change()) return;
    const v1::Instance& instance = message.change().instance();
    if (!std::exchange(titled_, true)) context_.out << Line("INSTANCE", "NAME", "STATE", "REASON");
    const bool removed = message.change().type() == v1::InstanceChange::TYPE_REMOVED;
    context_.out << Line(instance.instance_id(), instance.spec().name(),
                         removed ? "(removed)" : StateText(instance.status()),
                         instance.status().state_reason().message())
                 << std::flush;
  }
  static std::string Line(const std::string& id, const std::string& name, const std::string& state,
                          const std::string& reason) {
    return fmt::format("{:<19}  {:<20}  {:<13}  {}\n", id, name, state, reason);
  }

  const Context& context_;
  v1::WatchInstancesRequest request_;
  bool titled_ = false;
};

}  // namespace

ExitCode WatchInstances(const Context& context, const WatchArgs& args) {
  return Follower(context, args).Run();
}

}  // namespace berth::cli
