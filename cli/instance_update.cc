// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/create_request.h"
#include "cli/failure.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

// How often tags are read anew that somebody else has changed since they were read.
constexpr int kTries = 5;

struct Args {
  VerbArgs verb;
  std::optional<std::string> name;
  std::vector<std::string> tags;
  std::vector<std::string> untags;
  std::string autostart;
  std::string termination_protection;
  std::string shutdown_behavior;
  std::string auto_recover;
  std::string crash_behavior;
};

StatusOr<bool> YesOrNo(const char* flag, const std::string& text) {
  if (text == "yes") return true;
  if (text == "no") return false;
  return BadUsage(fmt::format("{} {}: it is yes or no", flag, text));
}

// All but the tags, which depend on those that are there.
StatusOr<v1::UpdateInstanceRequest> MakeRequest(const Args& args) {
  v1::UpdateInstanceRequest request;
  v1::InstanceSpec& spec = *request.mutable_spec();
  const auto change = [&](const char* path) { request.mutable_update_mask()->add_paths(path); };
  if (args.name) {
    spec.set_name(*args.name);
    change("name");
  }
  if (!args.autostart.empty()) {
    BERTH_ASSIGN_OR_RETURN(const bool on, YesOrNo("--autostart", args.autostart));
    spec.set_autostart(on);
    change("autostart");
  }
  if (!args.termination_protection.empty()) {
    BERTH_ASSIGN_OR_RETURN(const bool on,
                           YesOrNo("--termination-protection", args.termination_protection));
    spec.set_termination_protection(on);
    change("termination_protection");
  }
  if (!args.shutdown_behavior.empty()) {
    BERTH_RETURN_IF_ERROR(FillShutdownBehavior(args.shutdown_behavior, spec));
    change("instance_initiated_shutdown_behavior");
  }
  if (!args.auto_recover.empty()) {
    BERTH_ASSIGN_OR_RETURN(const bool on, YesOrNo("--auto-recover", args.auto_recover));
    spec.set_auto_recover(on);
    change("auto_recover");
  }
  if (!args.crash_behavior.empty()) {
    BERTH_RETURN_IF_ERROR(FillCrashBehavior(args.crash_behavior, spec));
    change("crash_behavior");
  }
  if (!args.tags.empty() || !args.untags.empty()) change("tags");
  v1::InstanceSpec only_tags;
  BERTH_RETURN_IF_ERROR(FillTags(args.tags, only_tags));
  if (request.update_mask().paths().empty()) return BadUsage("say what to change; see --help");
  return request;
}

// The tags that are there, with the changes; and that they still be the same when it is done.
Status FillTagsOf(Agent& agent, const std::string& id, const Args& args,
                  v1::UpdateInstanceRequest& request) {
  v1::GetInstanceRequest get;
  get.set_instance_id(id);
  BERTH_ASSIGN_OR_RETURN(const v1::Instance instance, agent.Call(&InstanceStub::GetInstance, get));
  v1::InstanceSpec changed;
  BERTH_RETURN_IF_ERROR(FillTags(args.tags, changed));
  auto& tags = *request.mutable_spec()->mutable_tags();
  tags = instance.spec().tags();
  for (const std::string& key : args.untags) tags.erase(key);
  for (const auto& [key, value] : changed.tags()) tags[key] = value;
  request.set_etag(instance.etag());
  return OkStatus();
}

// One refused because somebody was faster is asked again over what is there then.
StatusOr<v1::Instance> UpdateOne(Agent& agent, const Args& args,
                                 v1::UpdateInstanceRequest request) {
  if (args.tags.empty() && args.untags.empty())
    return agent.Call(&InstanceStub::UpdateInstance, request);
  for (int attempt = 1;; ++attempt) {
    BERTH_RETURN_IF_ERROR(FillTagsOf(agent, request.instance_id(), args, request));
    auto instance = agent.Call(&InstanceStub::UpdateInstance, request);
    if (instance.ok() || attempt == kTries || ReasonOf(instance.status()) != reasons::kEtagMismatch)
      return instance;
  }
}

ExitCode Update(Context& context, const Args& args) {
  auto request = MakeRequest(args);
  if (!request.ok()) return Fail(context, "update", request.status());
  request->set_control_epoch(args.verb.call.control_epoch);
  return RunVerb(context, "update", args.verb,
                 [&](Agent& agent, const std::string& id, const std::string& request_id) {
                   request->set_instance_id(id);
                   request->set_request_id(request_id);
                   return UpdateOne(agent, args, *request);
                 });
}

}  // namespace

void AddInstanceUpdate(Command& instance) {
  auto args = std::make_shared<Args>();
  Command update = instance.Sub("update", "Change labels and policy; the guest does not notice");
  update.Option("-n,--name", "NAME", &args->name, "Its label; \"\" takes it away");
  update.Options("--tag", "KEY=VALUE", &args->tags, "Set a tag; may be repeated");
  update.Options("--untag", "KEY", &args->untags, "Take a tag away; may be repeated");
  update.Option("--autostart", "yes|no", &args->autostart,
                "Start it again when the host was rebooted");
  update.Option("--termination-protection", "yes|no", &args->termination_protection,
                "Refuse to terminate it");
  update.Option("--shutdown-behavior", "stop|terminate", &args->shutdown_behavior,
                "What a shutdown from inside the guest does");
  update.Option("--auto-recover", "yes|no", &args->auto_recover,
                "Start it again when its guest is lost, at most 5 times an hour");
  update.Option("--crash-behavior", "stop|restart|dump", &args->crash_behavior,
                "What follows when the guest panics or its watchdog fires");
  update.Positionals("ID", &args->verb.words, "Instances, by id or by unique name");
  AddExactlyOnceOptions(update, &args->verb.call);
  update.Example(
      "Examples:\n"
      "  berthctl instance update web-1 --tag tier=gold --untag draft\n"
      "  berthctl instance update web-1 --termination-protection no");
  update.Run([args](Context& context) { return Update(context, *args); });
}

}  // namespace berth::cli
