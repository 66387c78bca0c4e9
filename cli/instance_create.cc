// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/create_request.h"
#include "cli/failure.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  berthctl instance create --type t1.micro --image debian.qcow2 --name web-1 \\\n"
    "      --ssh-key ~/.ssh/id_ed25519.pub --user-data cloud-config.yaml --wait\n"
    "  berthctl instance create --vcpus 2 --memory 1536M --kernel vmlinuz --initrd initrd.img \\\n"
    "      --cmdline 'console=ttyS0'\n\n"
    "Images, kernels and initrds are file names in the agent's image directory.";

struct Args {
  CreateArgs create;
  CallArgs call;
};

StatusOr<Duration> Check(const Args& args) {
  if (args.create.dry_run && args.call.wait)
    return BadUsage("--wait: a --dry-run makes nothing to wait for");
  return TimeOf("--wait-timeout", args.call.wait_timeout);
}

void ShowDryRun(const Context& context, const berth::v1::Instance& instance) {
  ShowRows(context, {instance});
  if (!context.json()) context.err << "It would be admitted now; nothing was made.\n";
}

ExitCode Create(Context& context, const Args& args) {
  const StatusOr<Duration> limit = Check(args);
  if (!limit.ok()) return Fail(context, "create", limit.status());
  auto request = MakeCreateRequest(args.create);
  if (!request.ok()) return Fail(context, "create", request.status());
  request->set_control_epoch(args.call.control_epoch);
  request->set_request_id(args.call.request_id.empty() ? NewUuid(context.random)
                                                       : args.call.request_id);
  Agent agent(context);
  auto instance = agent.Call(&InstanceStub::CreateInstance, *request);
  if (!instance.ok())
    return Fail(context, "create", instance.status(), {.request_id = request->request_id()});
  if (args.create.dry_run) {
    ShowDryRun(context, *instance);
    return ExitCode::kOk;
  }
  if (args.call.wait) {
    const std::string id = instance->instance_id();
    instance = WaitForInstance(agent, context, *instance, *limit);
    if (!instance.ok()) return Fail(context, "create " + id, instance.status());
  }
  ShowRows(context, {*instance});
  return ExitCode::kOk;
}

void AddShape(Command& create, CreateArgs& args) {
  create.Group("Shape");
  create.Option("-t,--type", "TYPE", &args.type, "An instance type (berthctl types)");
  create.Option("--vcpus", "N", &args.vcpus, "Without --type: number of vCPUs");
  create.Option("--memory", "SIZE", &args.memory, "Without --type: memory, as in 512M or 2G");
  create.Option("--cpu-policy", "shared|dedicated|mixed", &args.cpu_policy,
                "How its vCPUs get CPUs (shared)");
  create.Option("--dedicated-vcpus", "LIST", &args.dedicated_vcpus,
                "With mixed: the vCPUs that get a CPU each");
  create.Option("--smt-policy", "prefer|require|isolate", &args.smt_policy,
                "What dedicated vCPUs want of sibling threads (prefer)");
  create.Option("--core-sharing", "same-tenant|none|any", &args.core_sharing,
                "Who else may sit on its cores (same-tenant)");
  create.Option("--emulator-policy", "shared|isolate", &args.emulator_policy,
                "Where the emulator's own threads run (shared)");
  create.Option("--page-size", "small|large|any|KIB", &args.page_size,
                "Pages that back its memory (small)");
  create.Option("--numa-cells", "N", &args.numa_cells, "So many equal NUMA cells (as few as fit)");
  create.Options("--node", "ID", &args.nodes, "Only this NUMA node of the host; may be repeated");
  create.Option("--disk", "SIZE", &args.disk,
                "Root disk; the type's or image's own size if left out");
}

void AddBoot(Command& create, CreateArgs& args) {
  create.Group("What to boot");
  create.Option("--image", "FILE", &args.image, "Base image of the root disk, qcow2 or raw");
  create.Option("--kernel", "FILE", &args.kernel, "Boot this kernel directly");
  create.Option("--initrd", "FILE", &args.initrd, "With --kernel: its initial RAM disk");
  create.Option("--cmdline", "TEXT", &args.cmdline, "With --kernel: its command line");
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
  create.Flag("--termination-protection", &args.termination_protection, "Refuse to terminate it");
  create.Option("--shutdown-behavior", "stop|terminate", &args.shutdown_behavior,
                "What a shutdown from inside the guest does (stop)");
}

}  // namespace

void AddInstanceCreate(Command& instance) {
  auto args = std::make_shared<Args>();
  Command create = instance.Sub("create", "Create an instance and start it");
  AddShape(create, args->create);
  AddBoot(create, args->create);
  AddSeed(create, args->create);
  AddPolicy(create, args->create);
  create.Group("The call");
  create.Flag("--dry-run", &args->create.dry_run, "Check everything, room included; make nothing");
  create.Option("--id", "ID", &args->create.id, "The instance id; the agent makes one if left out");
  AddCallOptions(create, &args->call);
  create.Example(kExamples);
  create.Run([args](Context& context) { return Create(context, *args); });
}

}  // namespace berth::cli
