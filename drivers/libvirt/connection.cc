// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/connection.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <cstdlib>

#include "drivers/libvirt/error_map.h"

namespace berth::libvirt {
namespace {

// libvirt's usual answer: negative is failure.
Status Done(int answer, std::string_view doing) {
  return answer < 0 ? LastLibvirtError(doing) : OkStatus();
}

StatusOr<bool> Truth(int answer, std::string_view doing) {
  if (answer < 0) return LastLibvirtError(doing);
  return answer > 0;
}

// Takes over a string that libvirt allocated.
StatusOr<std::string> Text(char* text, std::string_view doing) {
  if (text == nullptr) return LastLibvirtError(doing);
  std::string copy(text);
  std::free(text);  // NOLINT: allocated by a C library.
  return copy;
}

void CallClosed(virConnectPtr, int, void* opaque) {
  (*static_cast<const Connection::Closed*>(opaque))();
}

}  // namespace

void Domain::Release() {
  if (domain_ != nullptr) virDomainFree(domain_);
  domain_ = nullptr;
}

std::string Domain::Name() const {
  const char* name = virDomainGetName(domain_);
  return name == nullptr ? "" : name;
}

std::string Domain::Uuid() const {
  char text[VIR_UUID_STRING_BUFLEN] = {};
  return virDomainGetUUIDString(domain_, text) == 0 ? text : "";
}

StatusOr<DomainState> Domain::GetState() const {
  DomainState state;
  if (virDomainGetState(domain_, &state.state, &state.reason, 0) < 0)
    return LastLibvirtError("virDomainGetState");
  return state;
}

StatusOr<std::string> Domain::GetXmlDesc(unsigned flags) const {
  return Text(virDomainGetXMLDesc(domain_, flags), "virDomainGetXMLDesc");
}

StatusOr<std::string> Domain::GetMetadata(const std::string& uri) const {
  char* text = virDomainGetMetadata(domain_, VIR_DOMAIN_METADATA_ELEMENT, uri.c_str(),
                                    VIR_DOMAIN_AFFECT_CURRENT);
  if (text == nullptr && LastErrorNumber() == VIR_ERR_NO_DOMAIN_METADATA)
    return Status(StatusCode::kNotFound, fmt::format("no metadata {}", uri));
  return Text(text, "virDomainGetMetadata");
}

StatusOr<bool> Domain::IsPersistent() const {
  return Truth(virDomainIsPersistent(domain_), "virDomainIsPersistent");
}

StatusOr<bool> Domain::HasManagedSaveImage() const {
  return Truth(virDomainHasManagedSaveImage(domain_, 0), "virDomainHasManagedSaveImage");
}

Status Domain::CreateWithFlags(unsigned flags) const {
  return Done(virDomainCreateWithFlags(domain_, flags), "virDomainCreateWithFlags");
}
Status Domain::Resume() const { return Done(virDomainResume(domain_), "virDomainResume"); }
Status Domain::ShutdownFlags(unsigned flags) const {
  return Done(virDomainShutdownFlags(domain_, flags), "virDomainShutdownFlags");
}
Status Domain::Reboot(unsigned flags) const {
  return Done(virDomainReboot(domain_, flags), "virDomainReboot");
}
Status Domain::Reset() const { return Done(virDomainReset(domain_, 0), "virDomainReset"); }
Status Domain::InjectNmi() const {
  return Done(virDomainInjectNMI(domain_, 0), "virDomainInjectNMI");
}
Status Domain::DumpMemory(const std::string& path) const {
  return Done(
      virDomainCoreDumpWithFormat(domain_, path.c_str(), VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB,
                                  VIR_DUMP_MEMORY_ONLY),
      "virDomainCoreDumpWithFormat");
}
Status Domain::DestroyFlags(unsigned flags) const {
  return Done(virDomainDestroyFlags(domain_, flags), "virDomainDestroyFlags");
}
Status Domain::UndefineFlags(unsigned flags) const {
  return Done(virDomainUndefineFlags(domain_, flags), "virDomainUndefineFlags");
}
Status Domain::ManagedSaveRemove() const {
  return Done(virDomainManagedSaveRemove(domain_, 0), "virDomainManagedSaveRemove");
}
Status Domain::SetAutostart(bool on) const {
  return Done(virDomainSetAutostart(domain_, on ? 1 : 0), "virDomainSetAutostart");
}

StatusOr<std::shared_ptr<Connection>> Connection::Open(const std::string& uri) {
  virConnectPtr connection = virConnectOpen(uri.c_str());
  if (connection == nullptr) return LastLibvirtError(fmt::format("connecting to {}", uri));
  return std::shared_ptr<Connection>(new Connection(connection));
}

Connection::~Connection() {
  for (const int token : event_callbacks_) virConnectDomainEventDeregisterAny(connection_, token);
  if (closed_ != nullptr) virConnectUnregisterCloseCallback(connection_, CallClosed);
  virConnectClose(connection_);
}

Status Connection::SetKeepAlive(int interval_s, unsigned count) const {
  if (virConnectSetKeepAlive(connection_, interval_s, count) >= 0) return OkStatus();
  if (LastErrorNumber() == VIR_ERR_NO_SUPPORT) return OkStatus();
  return LastLibvirtError("virConnectSetKeepAlive");
}

// Drivers inside this process answer OK and forget the callback without freeing it, so it stays
// ours.
Status Connection::OnClose(Closed closed) {
  closed_ = std::make_unique<const Closed>(std::move(closed));
  void* opaque = const_cast<Closed*>(closed_.get());
  if (virConnectRegisterCloseCallback(connection_, CallClosed, opaque, nullptr) >= 0)
    return OkStatus();
  Status status = LastLibvirtError("virConnectRegisterCloseCallback");
  closed_.reset();
  return status;
}

bool Connection::IsAlive() const { return virConnectIsAlive(connection_) == 1; }

StatusOr<unsigned long> Connection::GetLibVersion() const {
  unsigned long version = 0;
  if (virConnectGetLibVersion(connection_, &version) < 0)
    return LastLibvirtError("virConnectGetLibVersion");
  return version;
}

StatusOr<unsigned long> Connection::GetVersion() const {
  unsigned long version = 0;
  if (virConnectGetVersion(connection_, &version) < 0)
    return LastLibvirtError("virConnectGetVersion");
  return version;
}

StatusOr<std::vector<std::string>> Connection::GetCpuModelNames(const char* arch) const {
  char** models = nullptr;
  const int count = virConnectGetCPUModelNames(connection_, arch, &models, 0);
  if (count < 0) return LastLibvirtError("virConnectGetCPUModelNames");
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.emplace_back(models[i]);
    free(models[i]);
  }
  free(models);
  return names;
}

std::string Connection::GetType() const {
  const char* type = virConnectGetType(connection_);
  return type == nullptr ? "" : type;
}

StatusOr<Domain> Connection::LookupByUuid(const std::string& uuid) const {
  virDomainPtr domain = virDomainLookupByUUIDString(connection_, uuid.c_str());
  if (domain == nullptr) return LastLibvirtError("virDomainLookupByUUIDString");
  return Domain(domain);
}

StatusOr<Domain> Connection::LookupByName(const std::string& name) const {
  virDomainPtr domain = virDomainLookupByName(connection_, name.c_str());
  if (domain == nullptr) return LastLibvirtError("virDomainLookupByName");
  return Domain(domain);
}

StatusOr<Domain> Connection::DefineXml(const std::string& xml, unsigned flags) const {
  virDomainPtr domain = virDomainDefineXMLFlags(connection_, xml.c_str(), flags);
  if (domain == nullptr) return LastLibvirtError("virDomainDefineXMLFlags");
  return Domain(domain);
}

StatusOr<std::vector<Domain>> Connection::ListAllDomains(unsigned flags) const {
  virDomainPtr* found = nullptr;
  const int count = virConnectListAllDomains(connection_, &found, flags);
  if (count < 0) return LastLibvirtError("virConnectListAllDomains");
  std::vector<Domain> domains;
  domains.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) domains.emplace_back(found[i]);
  std::free(found);  // NOLINT: allocated by a C library.
  return domains;
}

Status Connection::DomainEventRegisterAny(int event_id,
                                          virConnectDomainEventGenericCallback callback,
                                          void* opaque, virFreeCallback free) {
  const int token =
      virConnectDomainEventRegisterAny(connection_, nullptr, event_id, callback, opaque, free);
  if (token < 0) {
    Status status = LastLibvirtError("virConnectDomainEventRegisterAny");
    free(opaque);
    return status;
  }
  event_callbacks_.push_back(token);
  return OkStatus();
}

}  // namespace berth::libvirt
