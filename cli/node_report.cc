// SPDX-License-Identifier: Apache-2.0
#include "cli/node_report.h"

#include <fmt/format.h>

#include <map>

#include "cli/instance_facts.h"
#include "cli/node_resources.h"
#include "cli/sizes.h"
#include "cli/table.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

// These are bad news when they hold; all others are good news (common.proto).
bool IsBadWhenTrue(const std::string& type) {
  for (const char* bad : {"MemoryPressure", "DiskPressure", "Cordoned", "Draining", "GuestsStuck",
                          "OverCommitted", "LedgerRebuilt", "AccelerationMissing"})
    if (type == bad) return true;
  return false;
}

Tone ToneOf(const v1::Condition& condition) {
  if (condition.status() == v1::CONDITION_STATUS_UNKNOWN) return Tone::kCaution;
  const bool holds = condition.status() == v1::CONDITION_STATUS_TRUE;
  if (holds != IsBadWhenTrue(condition.type())) return Tone::kGood;
  return condition.type() == "AccelerationMissing" ? Tone::kCaution : Tone::kBad;
}

Cell HypervisorCell(const v1::HypervisorInfo& hypervisor) {
  std::string text = hypervisor.uri();
  if (!hypervisor.libvirt_version().empty())
    text += fmt::format(", libvirt {}", hypervisor.libvirt_version());
  if (!hypervisor.emulator_version().empty())
    text += fmt::format(", QEMU {}", hypervisor.emulator_version());
  if (hypervisor.connected()) return text;
  return {text + ", NOT CONNECTED: berthctl doctor says more", Tone::kBad};
}

Cell AcceleratorCell(const v1::HypervisorInfo& hypervisor) {
  const std::string name = AcceleratorText(hypervisor.accelerator());
  const std::string& why = hypervisor.accelerator_reason();
  if (name.empty() || why.empty()) return name + why;
  const bool slow = hypervisor.accelerator() == v1::ACCELERATOR_TCG;
  return {fmt::format("{}: {}", name, why), slow ? Tone::kCaution : Tone::kPlain};
}

std::string InstancesText(const v1::Node& node) {
  std::string text;
  for (const v1::InstanceCount& count : node.instance_counts())
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", count.count(), StateName(count.state()));
  return text.empty() ? "none" : text;
}

std::string Identity(const v1::Node& node, const NodeReportOptions& options) {
  Fields fields;
  fields.Add("Node", fmt::format("{} ({})", node.hostname(), node.node_id()));
  fields.Add("Agent",
             fmt::format("berthd {}, started {} ago, start {} over this ledger", node.version(),
                         AgeText(node.start_time(), options.now), node.agent_epoch()));
  fields.Add("Ledger", fmt::format("{}, revision {}", node.ledger_id(), node.revision()));
  fields.Add("Hypervisor", HypervisorCell(node.hypervisor()));
  fields.Add("Accelerator", AcceleratorCell(node.hypervisor()));
  fields.Add("Instances", InstancesText(node));
  if (node.cordoned())
    fields.Add("Cordoned",
               {node.cordon_reason().empty() ? "yes" : node.cordon_reason(), Tone::kBad});
  fields.Add("Draining", node.drain_operation());
  return fields.Render(options.colour);
}

std::string Conditions(const v1::Node& node, const NodeReportOptions& options) {
  if (node.conditions().empty()) return "";
  Table table({"CONDITION", "STATUS", "REASON", ">AGE", "MESSAGE"});
  for (const v1::Condition& condition : node.conditions())
    table.Add({condition.type(),
               {ShortName(condition.status(), "CONDITION_STATUS_"), ToneOf(condition)},
               condition.reason(),
               AgeText(condition.last_transition_time(), options.now),
               condition.message()});
  return table.Render(options.colour);
}

std::string ForeignGuests(const v1::Node& node, const NodeReportOptions& options) {
  if (node.foreign_guests().empty()) return "";
  Table table({"FOREIGN GUEST", ">VCPUS", ">MEMORY", "DOMAIN"});
  for (const v1::ForeignGuest& guest : node.foreign_guests())
    table.Add({guest.name(), std::to_string(guest.vcpus()), HumanMib(guest.memory_mib()),
               guest.domain_uuid()});
  return table.Render(options.colour);
}

std::string More(const v1::Node& node, const NodeReportOptions& options) {
  Fields fields;
  fields.Add("Boot id", node.boot_id());
  fields.Add("Control epoch", std::to_string(node.control_epoch()));
  fields.Add("Overcommit", fmt::format("vCPUs {}, memory {}, disk {}", node.cpu_overcommit(),
                                       node.memory_overcommit(), node.disk_overcommit()));
  fields.Add("Online CPUs", node.topology().online_cpus());
  fields.Add("Host's CPUs", node.topology().reserved_cpus());
  fields.Add("Shared CPUs", node.topology().shared_cpus());
  fields.Add("Dedicated CPUs", node.topology().dedicated_cpus());
  for (const v1::Socket& socket : node.topology().sockets())
    fields.Add("Socket", fmt::format("{}: CPUs {}  {}", socket.socket_id(), socket.cpus(),
                                     socket.model_name()));
  std::string features;
  for (const std::string& feature : node.features())
    features += (features.empty() ? "" : ", ") + feature;
  fields.Add("Features", features);
  for (const auto& [key, value] : std::map(node.labels().begin(), node.labels().end()))
    fields.Add("Label", fmt::format("{}={}", key, value));
  return fields.Render(options.colour);
}

}  // namespace

std::string RenderNode(const v1::Node& node, const NodeReportOptions& options) {
  std::string text = Identity(node, options);
  const auto add = [&](const std::string& section) {
    if (!section.empty()) text += "\n" + section;
  };
  if (options.wide) add(More(node, options));
  add(RenderResources(node, options.colour));
  add(RenderNumaNodes(node, options.colour));
  add(Conditions(node, options));
  add(ForeignGuests(node, options));
  return text;
}

}  // namespace berth::cli
