// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/guest_operations.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "core/base/ids.h"
#include "drivers/libvirt/guest_kernel_view.h"
#include "drivers/libvirt/guest_pid.h"
#include "drivers/libvirt/power.h"

namespace berth::libvirt {
namespace {

Status Refused(const std::string& message) {
  return Status(StatusCode::kFailedPrecondition, message);
}

bool Missing(const Status& status) { return status.code() == StatusCode::kNotFound; }

Status CheckId(const std::string& id) {
  if (IsInstanceId(id)) return OkStatus();
  return Status(StatusCode::kInvalidArgument, fmt::format("\"{}\" is no instance id", id));
}

StatusOr<bool> HasOurMetadata(const Domain& domain, const std::string& node_id) {
  const auto metadata = domain.GetMetadata(kMetadataUri);
  if (Missing(metadata.status())) return false;
  BERTH_RETURN_IF_ERROR(metadata.status());
  return NodeIdOf(*metadata) == node_id;
}

// The guest's domain, if it is ours. NOT_FOUND: there is none; FAILED_PRECONDITION: it is foreign.
StatusOr<Domain> FindOurs(const Connection& connection, const OperationContext& context,
                          const std::string& id) {
  BERTH_RETURN_IF_ERROR(CheckId(id));
  BERTH_ASSIGN_OR_RETURN(Domain domain, connection.LookupByUuid(DomainUuid(id)));
  BERTH_ASSIGN_OR_RETURN(const bool ours, HasOurMetadata(domain, context.node_id));
  if (!ours)
    return Refused(fmt::format("domain {} is not of this node; it is not touched", domain.Name()));
  return domain;
}

StatusOr<Power> PowerOf(const Domain& domain) {
  BERTH_ASSIGN_OR_RETURN(const DomainState state, domain.GetState());
  return PowerFrom(state);
}

// Our guest with its power, where it being unknown is no error: then it is off.
struct Found {
  std::optional<Domain> domain;
  Power power = Power::kOff;
};
StatusOr<Found> FindWithPower(const Connection& connection, const OperationContext& context,
                              const std::string& id) {
  StatusOr<Domain> domain = FindOurs(connection, context, id);
  if (Missing(domain.status())) return Found{};
  BERTH_RETURN_IF_ERROR(domain.status());
  BERTH_ASSIGN_OR_RETURN(const Power power, PowerOf(*domain));
  return Found{*std::move(domain), power};
}

// Two calls raced, or the guest went by itself between our look and our call: if it is now as
// wanted, the call has done its work.
Status OkIfNow(const Domain& domain, Power wanted, const Status& status) {
  if (status.code() != StatusCode::kFailedPrecondition) return status;
  const StatusOr<Power> power = PowerOf(domain);
  return power.ok() && *power == wanted ? OkStatus() : status;
}

Status RemoveManagedSave(const Domain& domain, const std::string& id, Log& log) {
  BERTH_ASSIGN_OR_RETURN(const bool saved, domain.HasManagedSaveImage());
  if (!saved) return OkStatus();
  log.Warning("removing a saved memory image: the guest starts afresh", {{"instance_id", id}});
  return domain.ManagedSaveRemove();
}

// What the domain's own XML does not say.
struct Keeping {
  bool persistent = true;
  bool managed_save = false;
};

StatusOr<Keeping> KeepingOf(const Domain& domain) {
  BERTH_ASSIGN_OR_RETURN(const bool persistent, domain.IsPersistent());
  // Drivers without managed save have none.
  return Keeping{persistent, persistent && domain.HasManagedSaveImage().value_or(false)};
}

StatusOr<GuestState> ReadGuest(const Domain& domain, const OperationContext& context,
                               const Keeping& keeping) {
  BERTH_ASSIGN_OR_RETURN(const DomainState state, domain.GetState());
  BERTH_ASSIGN_OR_RETURN(const std::string xml, domain.GetXmlDesc());
  BERTH_ASSIGN_OR_RETURN(GuestState guest, ReadDomain(xml));
  guest.power = PowerFrom(state);
  if (guest.power == Power::kOff) guest.off_reason = OffReasonFrom(state);
  guest.crashed = IsCrashed(state);
  guest.persistent = keeping.persistent;
  guest.managed_save = keeping.managed_save;
  if (guest.power != Power::kOff)
    guest.pid = ReadGuestPid(context.root, context.pid_directory, guest.name, guest.uuid);
  return guest;
}

}  // namespace

Status DefineGuest(const Connection& connection, const OperationContext& context,
                   const GuestSpec& spec, const DomainSettings& settings) {
  Status found = FindOurs(connection, context, spec.instance_id).status();
  if (!found.ok() && !Missing(found)) return found;
  BERTH_ASSIGN_OR_RETURN(const std::string xml, DomainXml(spec, settings));
  // The test driver does not know this flag; there is no schema to check against either.
  const unsigned flags = settings.type == "test" ? 0 : VIR_DOMAIN_DEFINE_VALIDATE;
  BERTH_ASSIGN_OR_RETURN(const Domain domain, connection.DefineXml(xml, flags));
  return domain.SetAutostart(false);  // Someone may have set it; it survives a new definition.
}

Status StartGuestPaused(const Connection& connection, const OperationContext& context,
                        const std::string& id, Log& log) {
  BERTH_ASSIGN_OR_RETURN(const Domain domain, FindOurs(connection, context, id));
  BERTH_ASSIGN_OR_RETURN(const Power power, PowerOf(domain));
  if (power != Power::kOff) return OkStatus();
  BERTH_RETURN_IF_ERROR(RemoveManagedSave(domain, id, log));
  const bool test = connection.GetType() == "TEST";  // Knows neither of the other flags.
  return domain.CreateWithFlags(VIR_DOMAIN_START_PAUSED |
                                (test ? 0U : unsigned{VIR_DOMAIN_START_FORCE_BOOT}));
}

Status ResumeGuest(const Connection& connection, const OperationContext& context,
                   const std::string& id) {
  BERTH_ASSIGN_OR_RETURN(const Found found, FindWithPower(connection, context, id));
  if (found.power == Power::kOff) return Refused(fmt::format("{} is off", id));
  if (found.power == Power::kRunning) return OkStatus();
  return OkIfNow(*found.domain, Power::kRunning, found.domain->Resume());
}

Status AskGuestShutdown(const Connection& connection, const OperationContext& context,
                        const std::string& id) {
  BERTH_ASSIGN_OR_RETURN(const Found found, FindWithPower(connection, context, id));
  if (found.power == Power::kOff) return OkStatus();
  return OkIfNow(*found.domain, Power::kOff,
                 found.domain->ShutdownFlags(VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN));
}

Status AskGuestReboot(const Connection& connection, const OperationContext& context,
                      const std::string& id) {
  BERTH_ASSIGN_OR_RETURN(const Found found, FindWithPower(connection, context, id));
  if (found.power == Power::kOff) return Refused(fmt::format("{} is off", id));
  return found.domain->Reboot(VIR_DOMAIN_REBOOT_ACPI_POWER_BTN);
}

Status ResetGuest(const Connection& connection, const OperationContext& context,
                  const std::string& id) {
  BERTH_ASSIGN_OR_RETURN(const Found found, FindWithPower(connection, context, id));
  if (found.power == Power::kOff) return Refused(fmt::format("{} is off", id));
  return found.domain->Reset();
}

Status InterruptGuest(const Connection& connection, const OperationContext& context,
                      const std::string& id) {
  BERTH_ASSIGN_OR_RETURN(const Found found, FindWithPower(connection, context, id));
  if (found.power == Power::kOff) return Refused(fmt::format("{} is off", id));
  return found.domain->InjectNmi();
}

Status DumpGuest(const Connection& connection, const OperationContext& context,
                 const std::string& id, const std::string& path) {
  BERTH_ASSIGN_OR_RETURN(const Found found, FindWithPower(connection, context, id));
  if (found.power == Power::kOff) return Refused(fmt::format("{} is off", id));
  return found.domain->DumpMemory(path);
}

Status DestroyGuest(const Connection& connection, const OperationContext& context,
                    const std::string& id) {
  BERTH_ASSIGN_OR_RETURN(const Found found, FindWithPower(connection, context, id));
  if (found.power == Power::kOff) return OkStatus();
  const Status status = found.domain->DestroyFlags(VIR_DOMAIN_DESTROY_DEFAULT);
  if (Missing(status)) return OkStatus();  // It had no definition and went meanwhile.
  return OkIfNow(*found.domain, Power::kOff, status);
}

Status UndefineGuest(const Connection& connection, const OperationContext& context,
                     const std::string& id) {
  BERTH_ASSIGN_OR_RETURN(const Found found, FindWithPower(connection, context, id));
  if (!found.domain.has_value()) return OkStatus();
  if (found.power != Power::kOff) return Refused(fmt::format("{} is not off", id));
  unsigned flags = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
  if (connection.GetType() != "TEST")
    flags |= VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM |
             VIR_DOMAIN_UNDEFINE_TPM;
  const Status status = found.domain->UndefineFlags(flags);
  return Missing(status) ? OkStatus() : status;
}

StatusOr<GuestState> InspectGuest(const Connection& connection, const OperationContext& context,
                                  const std::string& id) {
  BERTH_RETURN_IF_ERROR(CheckId(id));
  BERTH_ASSIGN_OR_RETURN(const Domain domain, connection.LookupByUuid(DomainUuid(id)));
  BERTH_ASSIGN_OR_RETURN(const Keeping keeping, KeepingOf(domain));
  BERTH_ASSIGN_OR_RETURN(GuestState guest, ReadGuest(domain, context, keeping));
  GuestKernelView view = ReadGuestKernelView(context.root, guest.pid, guest.vcpus);
  guest.vcpu_cpus = std::move(view.vcpu_cpus);
  guest.emulator_cpus = std::move(view.emulator_cpus);
  guest.bound_nodes = std::move(view.bound_nodes);
  return guest;
}

namespace {

// Only of a guest that is to be charged without our having placed it, and that is bound to no node.
void ReadWhereMemoryLies(const OperationContext& context, GuestState& guest) {
  const bool ours = !guest.instance_id.empty() && guest.node_id == context.node_id;
  if (ours || guest.power == Power::kOff || !guest.holds.bound_nodes.empty()) return;
  guest.holds.resident_mib = ReadResidentMib(context.root, guest.pid);
}

StatusOr<std::set<std::string>> UuidsOf(const Connection& connection, unsigned flags) {
  BERTH_ASSIGN_OR_RETURN(const std::vector<Domain> domains, connection.ListAllDomains(flags));
  std::set<std::string> uuids;
  for (const Domain& domain : domains) uuids.insert(domain.Uuid());
  return uuids;
}

}  // namespace

// Asking each of a thousand guests is what takes the time, so what lists can tell is not asked.
StatusOr<std::vector<GuestState>> ListGuests(const Connection& connection,
                                             const OperationContext& context) {
  BERTH_ASSIGN_OR_RETURN(const std::vector<Domain> domains, connection.ListAllDomains());
  BERTH_ASSIGN_OR_RETURN(const auto transient,
                         UuidsOf(connection, VIR_CONNECT_LIST_DOMAINS_TRANSIENT));
  // Drivers without managed save have none.
  const auto saved =
      UuidsOf(connection, VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE).value_or(std::set<std::string>());
  std::vector<GuestState> guests;
  guests.reserve(domains.size());
  for (const Domain& domain : domains) {
    const std::string uuid = domain.Uuid();
    StatusOr<GuestState> guest =
        ReadGuest(domain, context,
                  {.persistent = !transient.contains(uuid), .managed_save = saved.contains(uuid)});
    if (Missing(guest.status())) continue;  // Gone since we asked for the list.
    BERTH_RETURN_IF_ERROR(guest.status());
    ReadWhereMemoryLies(context, *guest);
    guests.push_back(*std::move(guest));
  }
  return guests;
}

StatusOr<bool> IsOurs(const Connection& connection, const std::string& node_id,
                      const std::string& uuid) {
  BERTH_ASSIGN_OR_RETURN(const Domain domain, connection.LookupByUuid(uuid));
  return HasOurMetadata(domain, node_id);
}

}  // namespace berth::libvirt
