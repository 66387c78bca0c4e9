// SPDX-License-Identifier: Apache-2.0
#include "cli/instance_table.h"

#include <fmt/format.h>

#include <map>

#include "cli/instance_facts.h"
#include "cli/sizes.h"
#include "cli/table.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

std::string PidText(const v1::InstanceStatus& status) {
  return status.guest().pid() == 0 ? "" : std::to_string(status.guest().pid());
}

std::vector<Cell> RowOf(const v1::Instance& instance, const InstanceTableOptions& options) {
  const v1::InstanceStatus& status = instance.status();
  const v1::Shape& shape = ShapeOf(instance);
  std::vector<Cell> row = {instance.instance_id(),
                           instance.spec().name(),
                           StateCell(status),
                           TypeText(instance),
                           std::to_string(shape.vcpus()),
                           HumanMib(shape.memory_mib()),
                           AgeText(instance.create_time(), options.now)};
  if (options.wide) {
    row.insert(row.end(), {DiskText(instance), BootText(instance.spec()),
                           instance.spec().tenant_id(), NodesText(status), PidText(status),
                           AcceleratorText(status.guest().accelerator()), status.operation()});
  }
  row.emplace_back(status.state_reason().code());
  return row;
}

std::string Since(const v1::InstanceStatus& status, WallTime now) {
  const std::string age = AgeText(status.state_time(), now);
  return age.empty() ? "" : fmt::format(", for {}", age);
}

std::string ReasonText(const v1::StateReason& reason) {
  if (reason.message().empty()) return reason.code();
  return reason.code().empty() ? reason.message()
                               : fmt::format("{}: {}", reason.code(), reason.message());
}

std::string GuestText(const v1::GuestStatus& guest) {
  std::string text = AcceleratorText(guest.accelerator());
  if (!guest.machine_type().empty()) text += " " + guest.machine_type();
  if (guest.pid() != 0) text += fmt::format(", pid {}", guest.pid());
  if (guest.stuck()) text += ", STUCK: it does not answer its monitor";
  if (!guest.paused_reason().empty()) text += ", paused: " + guest.paused_reason();
  return text;
}

// "": it only stops, as most do.
std::string CrashText(v1::CrashBehavior behavior) {
  if (behavior == v1::CRASH_BEHAVIOR_RESTART) return "restart";
  return behavior == v1::CRASH_BEHAVIOR_DUMP_AND_STOP ? "keep a dump, then stop" : "";
}

void AddSpec(const v1::Instance& instance, Fields& fields) {
  const v1::InstanceSpec& spec = instance.spec();
  const v1::Shape& shape = ShapeOf(instance);
  fields.Add("Tenant", spec.tenant_id());
  fields.Add("Tags", TagsText(spec));
  fields.Add("Type", fmt::format("{}: {} vCPU{}, {}", TypeText(instance), shape.vcpus(),
                                 shape.vcpus() == 1 ? "" : "s", HumanMib(shape.memory_mib())));
  fields.Add("CPU", CpuText(spec));
  fields.Add("Boot", BootText(spec));
  fields.Add("Root disk", DiskText(instance));
  fields.Add("Hostname", spec.seed().hostname());
  fields.Add("Autostart", spec.autostart() ? "yes" : "");
  fields.Add("Auto-recover", spec.auto_recover() ? "yes" : "");
  fields.Add("After a crash", CrashText(spec.crash_behavior()));
  fields.Add("Protected", spec.termination_protection() ? "against termination" : "");
}

void AddStatus(const v1::InstanceStatus& status, const InstanceTableOptions& options,
               Fields& fields) {
  fields.Add("State", {StateText(status) + Since(status, options.now), ToneOf(status.state())});
  if (!status.reachable() && status.state() != v1::INSTANCE_STATE_TERMINATED)
    fields.Add("Reachable", {"no: the state is the last known", Tone::kBad});
  fields.Add("Reason", ReasonText(status.state_reason()));
  fields.Add("Operation", status.operation());
  if (status.has_guest()) fields.Add("Guest", GuestText(status.guest()));
  if (status.boot_count() > 0) fields.Add("Boots", std::to_string(status.boot_count()));
}

void AddDisks(const v1::InstanceStatus& status, Fields& fields) {
  for (const v1::DiskStatus& disk : status.disks()) {
    std::string text = fmt::format("{} {}, {}", disk.target(), ShortName(disk.kind(), "KIND_"),
                                   HumanMib(disk.size_mib()));
    if (disk.has_allocated_bytes())
      text += fmt::format(", {} on the host", HumanBytes(disk.allocated_bytes()));
    fields.Add("Disk", std::move(text));
  }
}

// "NUMA node 1: vCPU 0 on CPU 3, shared vCPUs 1-2, 512 MiB in pages of 2048 KiB"
std::string CellText(const v1::PlacementCell& cell) {
  std::string text = fmt::format("NUMA node {}: ", cell.node());
  for (const auto& [vcpu, cpu] : std::map(cell.vcpu_pins().begin(), cell.vcpu_pins().end()))
    text += fmt::format("vCPU {} on CPU {}, ", vcpu, cpu);
  if (!cell.shared_vcpus().empty()) text += fmt::format("shared vCPUs {}, ", cell.shared_vcpus());
  text += HumanMib(cell.memory_mib());
  if (cell.page_size_kib() > 4) text += fmt::format(" in pages of {} KiB", cell.page_size_kib());
  return text;
}

void AddWide(const v1::Instance& instance, Fields& fields) {
  const v1::InstanceStatus& status = instance.status();
  for (const v1::PlacementCell& cell : status.placement().cells())
    fields.Add("Placed", CellText(cell));
  AddDisks(status, fields);
  for (const v1::NetworkInterfaceStatus& nic : status.network_interfaces())
    fields.Add("Network", fmt::format("{} {}", nic.network_interface_id(), nic.mac_address()));
  fields.Add("Domain", status.guest().domain_uuid());
  fields.Add("Generation",
             fmt::format("{} (observed {})", instance.generation(), status.observed_generation()));
  fields.Add("Etag", instance.etag());
  if (instance.revision() != 0) fields.Add("Revision", std::to_string(instance.revision()));
}

}  // namespace

std::string RenderInstances(const google::protobuf::RepeatedPtrField<v1::Instance>& instances,
                            const InstanceTableOptions& options) {
  std::vector<std::string> header = {"INSTANCE", "NAME",    "STATE", "TYPE",
                                     ">VCPUS",   ">MEMORY", ">AGE"};
  if (options.wide)
    header.insert(header.end(), {">DISK", "BOOT", "TENANT", "NODES", ">PID", "ACCEL", "OPERATION"});
  header.emplace_back("REASON");
  Table table(header);
  for (const v1::Instance& instance : instances) table.Add(RowOf(instance, options));
  return table.Render(options.colour);
}

std::string RenderInstance(const v1::Instance& instance, const InstanceTableOptions& options) {
  Fields fields;
  fields.Add("Instance", instance.instance_id());
  fields.Add("Name", instance.spec().name());
  AddStatus(instance.status(), options, fields);
  AddSpec(instance, fields);
  fields.Add("Created", TimeText(instance.create_time()));
  fields.Add("Terminated", TimeText(instance.terminate_time()));
  if (options.wide) AddWide(instance, fields);
  return fields.Render(options.colour);
}

}  // namespace berth::cli
