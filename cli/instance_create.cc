// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/create_request.h"
#include "cli/failure.h"
#include "cli/report.h"
#include "cli/shape_flags.h"
#include "cli/show.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

constexpr char kExamples[] =
    "Examples:\n"
    "  berthctl instance create --type t1.micro --image debian.qcow2 --name web-1 \\\n"
    "      --ssh-key ~/.ssh/id_ed25519.pub --user-data cloud-config.yaml --wait\n"
    "  berthctl instance create --vcpus 2 --memory 1536M --kernel vmlinuz --initrd initrd.img \\\n"
    "      --cmdline 'console=ttyS0'\n\n"
    "Images, kernels and initrds are file names in the agent's image directory.";

constexpr int64_t kCountMax = 100;

struct Args {
  CreateArgs create;
  CallArgs call;
  int64_t count = 1;
  bool best_effort = false;
  std::string reservation;
};

StatusOr<Duration> Check(const Args& args) {
  if (args.create.dry_run && args.call.wait)
    return BadUsage("--wait: a --dry-run makes nothing to wait for");
  if (args.count < 1 || args.count > kCountMax)
    return BadUsage(fmt::format("--count {}: it is 1 to {}", args.count, kCountMax));
  if (args.count > 1 && !args.create.id.empty())
    return BadUsage("--id: it names one instance, so leave it or --count out");
  if (args.best_effort && args.count == 1) return BadUsage("--best-effort: goes with --count");
  if (!args.reservation.empty() && (args.count > 1 || args.create.dry_run))
    return BadUsage("--reservation: it becomes one instance; leave --count and --dry-run out");
  const bool sized = !args.create.type.empty() || args.create.vcpus || !args.create.memory.empty();
  if (!args.reservation.empty() && !sized && GivesShape(args.create))
    return BadUsage("--reservation: its shape has its policies already; leave them out");
  return TimeOf("--wait-timeout", args.call.wait_timeout);
}

void ShowDryRun(const Context& context, const std::vector<v1::Instance>& instances) {
  ShowRows(context, instances);
  if (!context.json())
    context.err << fmt::format("{} would be admitted now; nothing was made.\n",
                               instances.size() == 1 ? "It" : "They");
}

// `name` is kept for one; of many each has its number behind it.
v1::BatchCreateInstancesRequest BatchOf(const v1::CreateInstanceRequest& one, const Args& args) {
  v1::BatchCreateInstancesRequest batch;
  batch.set_request_id(one.request_id());
  batch.set_control_epoch(one.control_epoch());
  batch.set_validate_only(one.validate_only());
  batch.set_mode(args.best_effort ? v1::BatchCreateInstancesRequest::MODE_BEST_EFFORT
                                  : v1::BatchCreateInstancesRequest::MODE_ATOMIC);
  for (int64_t i = 0; i < args.count; ++i) {
    v1::InstanceSpec& spec = *batch.add_entries()->mutable_spec();
    spec = one.spec();
    if (!spec.name().empty()) spec.set_name(fmt::format("{}-{}", spec.name(), i + 1));
  }
  return batch;
}

v1::CommitRequest CommitOf(const v1::CreateInstanceRequest& one, const Args& args) {
  v1::CommitRequest commit;
  commit.set_request_id(one.request_id());
  commit.set_control_epoch(one.control_epoch());
  commit.set_reservation_id(args.reservation);
  commit.set_instance_id(one.instance_id());
  *commit.mutable_spec() = one.spec();
  return commit;
}

// What was begun, and how many were refused.
struct Begun {
  std::vector<v1::Instance> instances;
  ExitCode worst = ExitCode::kOk;
};

StatusOr<Begun> BeginMany(Agent& agent, const Context& context,
                          const v1::BatchCreateInstancesRequest& batch) {
  BERTH_ASSIGN_OR_RETURN(const auto reply, agent.Call(&InstanceStub::BatchCreateInstances, batch));
  Begun begun;
  for (const v1::BatchCreateInstancesResult& result : reply.results()) {
    if (result.has_instance()) {
      begun.instances.push_back(result.instance());
      continue;
    }
    begun.worst = Worse(begun.worst, Fail(context, "create", FromRpc(result.error())));
  }
  return begun;
}

StatusOr<Begun> BeginCreate(Agent& agent, const Context& context,
                            const v1::CreateInstanceRequest& request, const Args& args) {
  if (args.count > 1) return BeginMany(agent, context, BatchOf(request, args));
  auto instance = args.reservation.empty()
                      ? agent.Call(&InstanceStub::CreateInstance, request)
                      : agent.Call(&ReservationStub::Commit, CommitOf(request, args));
  if (!instance.ok()) return instance.status();
  return Begun{{*std::move(instance)}};
}

// What was reserved need not be said again.
Status FillFromReservation(Agent& agent, const std::string& id, CreateArgs* args,
                           v1::InstanceSpec* reserved) {
  v1::GetReservationRequest request;
  request.set_reservation_id(id);
  BERTH_ASSIGN_OR_RETURN(const auto reservation,
                         agent.Call(&ReservationStub::GetReservation, request));
  if (args->tenant.empty()) args->tenant = reservation.tenant_id();
  if (!reservation.instance_type().empty())
    reserved->set_instance_type(reservation.instance_type());
  else
    *reserved->mutable_shape() = reservation.shape();
  return OkStatus();
}

StatusOr<v1::CreateInstanceRequest> MakeRequest(Agent& agent, const Args& args) {
  CreateArgs create = args.create;
  v1::InstanceSpec reserved;
  if (!args.reservation.empty() && !GivesShape(create))
    BERTH_RETURN_IF_ERROR(FillFromReservation(agent, args.reservation, &create, &reserved));
  BERTH_ASSIGN_OR_RETURN(v1::CreateInstanceRequest request, MakeCreateRequest(create, reserved));
  request.set_control_epoch(args.call.control_epoch);
  return request;
}

ExitCode Create(Context& context, const Args& args) {
  const StatusOr<Duration> limit = Check(args);
  if (!limit.ok()) return Fail(context, "create", limit.status());
  Agent agent(context);
  auto request = MakeRequest(agent, args);
  if (!request.ok()) return Fail(context, "create", request.status());
  request->set_request_id(args.call.request_id.empty() ? NewUuid(context.random)
                                                       : args.call.request_id);
  auto begun = BeginCreate(agent, context, *request, args);
  if (!begun.ok())
    return Fail(context, "create", begun.status(), {.request_id = request->request_id()});
  if (args.create.dry_run) {
    ShowDryRun(context, begun->instances);
    return begun->worst;
  }
  if (args.call.wait) {
    for (const v1::Instance& instance : std::exchange(begun->instances, {})) {
      auto ended = WaitForInstance(agent, context, instance, *limit);
      if (ended.ok())
        begun->instances.push_back(*std::move(ended));
      else
        begun->worst =
            Worse(begun->worst, Fail(context, "create " + instance.instance_id(), ended.status()));
    }
  }
  ShowRows(context, begun->instances);
  return begun->worst;
}

void AddBoot(Command& create, CreateArgs& args) {
  create.Group("What to boot");
  create.Option("--image", "FILE", &args.image, "Base image of the root disk, qcow2 or raw");
  create.Option("--kernel", "FILE", &args.kernel, "Boot this kernel directly");
  create.Option("--initrd", "FILE", &args.initrd, "With --kernel: its initial RAM disk");
  create.Option("--cmdline", "TEXT", &args.cmdline, "With --kernel: its command line");
  create.Option("--cpu-model", "host-passthrough|host-model|NAME", &args.cpu_model,
                "What CPU the guest sees (host-passthrough under KVM)");
}

void AddSeed(Command& create, CreateArgs& args) {
  create.Group("What the guest is told at its first boot (cloud-init)");
  create.Option("--hostname", "NAME", &args.hostname, "Its host name; the instance id if left out");
  create.Options("--ssh-key", "FILE", &args.ssh_keys, "A file with public keys; may be repeated");
  create.Option("--user-data", "FILE", &args.user_data, "User data, at most 16 KiB");
  create.Option("--network-config", "FILE", &args.network_config, "Network configuration");
}

void AddPolicy(Command& create, CreateArgs& args) {
  create.Group("Labels and policy");
  create.Option("-n,--name", "NAME", &args.name, "A label for people");
  create.Options("--tag", "KEY=VALUE", &args.tags, "A tag; may be repeated");
  create.Option("--tenant", "ID", &args.tenant, "Whom it belongs to (default)");
  create.Flag("--autostart", &args.autostart, "Start it again when the host was rebooted");
  create.Flag("--auto-recover", &args.auto_recover,
              "Start it again when its guest is lost, at most 5 times an hour");
  create.Option("--crash-behavior", "stop|restart|dump", &args.crash_behavior,
                "What follows when the guest panics or its watchdog fires");
  create.Flag("--termination-protection", &args.termination_protection, "Refuse to terminate it");
  create.Option("--shutdown-behavior", "stop|terminate", &args.shutdown_behavior,
                "What a shutdown from inside the guest does (stop)");
}

}  // namespace

void AddInstanceCreate(Command& instance) {
  auto args = std::make_shared<Args>();
  Command create = instance.Sub("create", "Create an instance and start it");
  AddShapeFlags(create, &args->create, "Root disk; the type's or image's own size if left out");
  AddBoot(create, args->create);
  AddSeed(create, args->create);
  AddPolicy(create, args->create);
  create.Group("The call");
  create.Flag("--dry-run", &args->create.dry_run, "Check everything, room included; make nothing");
  create.Option("--id", "ID", &args->create.id, "The instance id; the agent makes one if left out");
  create.Option("--reservation", "ID", &args->reservation,
                "Use the room that this reservation holds, and its shape if none is given");
  create.Option("--count", "N", &args->count, "So many alike, all or none; names get a number");
  create.Flag("--best-effort", &args->best_effort, "With --count: as many as there is room for");
  AddCallOptions(create, &args->call);
  create.Example(kExamples);
  create.Run([args](Context& context) { return Create(context, *args); });
}

}  // namespace berth::cli
