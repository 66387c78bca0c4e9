// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/doctor.h"

#include <fmt/format.h>

#include <memory>

#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/doctor_report.h"
#include "cli/socket_probe.h"
#include "drivers/libvirt/preflight.h"

namespace berth::cli {
namespace {

struct Args {
  std::string uri = "qemu:///system";
  std::string state_dir = "/var/lib/berth";
};

// An agent that is not there yet is no fault of the host's, so nothing here is a problem.
Finding CheckAgent(Context& context) {
  const std::string& socket = context.options.socket;
  const SocketProbe probe = ProbeSocket(socket);
  if (probe.state != SocketState::kAnswers)
    return {"berthd", FindingLevel::kWarning, fmt::format("no agent at {}: {}", socket, probe.why),
            probe.state == SocketState::kDenied
                ? fmt::format("run this as root, or as a member of the group {}", probe.group)
                : "start it: systemctl start berthd, or deploy/berthd-up without systemd"};
  context.options.timeout = std::min<Duration>(context.options.timeout, std::chrono::seconds(5));
  Agent agent(context);
  const auto node = agent.Call(&NodeStub::GetNode, berth::v1::GetNodeRequest());
  if (!node.ok())
    return {"berthd", FindingLevel::kWarning, std::string(node.status().message()),
            "see its log: journalctl -u berthd"};
  return {"berthd", FindingLevel::kOk,
          fmt::format("version {} answers at {}", node->version(), socket), ""};
}

ExitCode Doctor(Context& context, const Args& args) {
  const std::vector<FindingGroup> groups = {
      {"Host", CheckHost(HostPaths{.state_dir = args.state_dir})},
      {"KVM and libvirt", CheckLibvirt(args.uri)},
      {"Agent", {CheckAgent(context)}}};
  context.out << (context.json() ? FindingsAsJson(groups)
                                 : RenderFindings(groups, context.colour_out()));
  return Verdict(groups) == FindingLevel::kProblem ? ExitCode::kFailed : ExitCode::kOk;
}

}  // namespace

void AddDoctor(Command& top) {
  auto args = std::make_shared<Args>();
  Command doctor = top.Sub("doctor", "Is this host fit to run instances? Needs no agent");
  doctor.Option("--uri", "URI", &args->uri, "The libvirt to look at (qemu:///system)");
  doctor.Option("--state-dir", "DIR", &args->state_dir,
                "Where the agent keeps disks (/var/lib/berth)");
  doctor.Example(
      "Example:\n  berthctl doctor\n\nChanges nothing. Exit status 1 if there is a problem.");
  doctor.Run([args](Context& context) { return Doctor(context, *args); });
}

}  // namespace berth::cli
