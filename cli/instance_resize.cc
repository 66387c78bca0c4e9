// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/create_request.h"
#include "cli/failure.h"
#include "cli/instances.h"
#include "cli/json_output.h"
#include "cli/operation_text.h"
#include "cli/report.h"
#include "cli/shape_flags.h"
#include "cli/show.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

struct Args {
  std::string word;
  CreateArgs shape;
  CallArgs call;
};

StatusOr<v1::ResizeInstanceRequest> MakeRequest(const Args& args) {
  v1::InstanceSpec spec;
  BERTH_RETURN_IF_ERROR(FillShape(args.shape, spec));
  v1::ResizeInstanceRequest request;
  if (spec.has_shape())
    *request.mutable_shape() = spec.shape();
  else
    request.set_instance_type(spec.instance_type());
  request.set_validate_only(args.shape.dry_run);
  request.set_control_epoch(args.call.control_epoch);
  return request;
}

// The instance after the operation's end, else the operation.
ExitCode ShowResult(Context& context, Agent& agent, const v1::Operation& operation) {
  const Status outcome = operation.done() ? OutcomeOf(operation) : OkStatus();
  if (!outcome.ok()) return Fail(context, "resize " + operation.target(), outcome);
  if (!operation.done()) {
    ShowOperations(context, {operation});
    return ExitCode::kOk;
  }
  v1::GetInstanceRequest get;
  get.set_instance_id(operation.target());
  const auto instance = agent.Call(&InstanceStub::GetInstance, get);
  if (!instance.ok()) return Fail(context, "resize " + operation.target(), instance.status());
  ShowRows(context, {*instance});
  return ExitCode::kOk;
}

ExitCode Resize(Context& context, const Args& args) {
  if (args.shape.dry_run && args.call.wait)
    return Fail(context, "resize", BadUsage("--wait: a --dry-run begins nothing to wait for"));
  const auto limit = TimeOf("--wait-timeout", args.call.wait_timeout);
  if (!limit.ok()) return Fail(context, "resize", limit.status());
  auto request = MakeRequest(args);
  if (!request.ok()) return Fail(context, "resize", request.status());
  Agent agent(context);
  const auto ids = ResolveIds(agent, {args.word});
  if (!ids.ok()) return Fail(context, "resize", ids.status());
  request->set_instance_id(ids->front());
  request->set_request_id(args.call.request_id.empty() ? NewUuid(context.random)
                                                       : args.call.request_id);
  auto operation = agent.Call(&InstanceStub::ResizeInstance, *request);
  if (operation.ok() && args.call.wait)
    operation = WaitForOperation(agent, context,
                                 {operation->operation_id(), ids->front(), "STOPPED"}, *limit);
  if (!operation.ok())
    return Fail(context, "resize " + ids->front(), operation.status(),
                {.request_id = request->request_id()});
  if (args.shape.dry_run) {
    if (!context.json()) context.err << "It would be resized now; nothing was changed.\n";
    return ExitCode::kOk;
  }
  return ShowResult(context, agent, *operation);
}

}  // namespace

void AddInstanceResize(Command& instance) {
  auto args = std::make_shared<Args>();
  Command resize = instance.Sub("resize", "Give a stopped instance another type or shape");
  resize.Positional("ID", &args->word, "An instance, by id or by unique name");
  AddShapeFlags(resize, &args->shape);
  resize.Group("The call");
  resize.Flag("--dry-run", &args->shape.dry_run, "Check everything, room included; change nothing");
  AddCallOptions(resize, &args->call);
  resize.Example(
      "Examples:\n"
      "  berthctl instance resize web-1 --type m1.large --wait\n"
      "  berthctl instance resize web-1 --vcpus 2 --memory 1536M --dry-run");
  resize.Run([args](Context& context) { return Resize(context, *args); });
}

}  // namespace berth::cli
