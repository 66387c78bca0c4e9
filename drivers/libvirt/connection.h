// SPDX-License-Identifier: Apache-2.0
// libvirt's C API with owners and Status: one method per call used, named as libvirt names it, no
// logic inside. Every method blocks for as long as libvirt likes; calls.h bounds that. The one
// place that holds virConnectPtr and virDomainPtr.
//
// Thread-safe, as libvirt's objects are. A Connection is shared by the calls in flight on it;
// whoever lets go last closes it, which may block, so never on a thread that others wait for.
#pragma once

#include <libvirt/libvirt.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"

namespace berth::libvirt {

struct DomainState {
  int state = 0;   // virDomainState.
  int reason = 0;  // Of that state's own enum, as virDomainShutoffReason.
};

// A handle of a domain, counted by libvirt; it keeps its connection open.
class Domain {
 public:
  explicit Domain(virDomainPtr domain) : domain_(domain) {}
  ~Domain() { Release(); }
  Domain(Domain&& other) noexcept : domain_(std::exchange(other.domain_, nullptr)) {}
  Domain& operator=(Domain&& other) noexcept {
    std::swap(domain_, other.domain_);
    return *this;
  }

  std::string Name() const;
  std::string Uuid() const;
  StatusOr<DomainState> GetState() const;
  // The live definition of an active domain, else the stored one, unless VIR_DOMAIN_XML_INACTIVE.
  StatusOr<std::string> GetXmlDesc(unsigned flags = 0) const;
  // The metadata element of a namespace; NOT_FOUND if the domain has none.
  StatusOr<std::string> GetMetadata(const std::string& uri) const;
  StatusOr<bool> IsPersistent() const;
  StatusOr<bool> HasManagedSaveImage() const;

  Status CreateWithFlags(unsigned flags) const;
  Status Resume() const;
  Status ShutdownFlags(unsigned flags) const;
  Status Reboot(unsigned flags) const;
  Status Reset() const;
  Status InjectNmi() const;
  // As a compressed kernel dump; the memory alone.
  Status DumpMemory(const std::string& path) const;
  Status DestroyFlags(unsigned flags) const;
  Status UndefineFlags(unsigned flags) const;
  Status ManagedSaveRemove() const;
  Status SetAutostart(bool on) const;

 private:
  void Release();
  virDomainPtr domain_;
};

class Connection {
 public:
  // Called when the connection breaks, from the event loop's thread; may only post.
  using Closed = std::function<void()>;

  // Blocks until the daemon answers, which may be never.
  static StatusOr<std::shared_ptr<Connection>> Open(const std::string& uri);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Breaks the connection when `count` probes sent every `interval_s` stay without an answer.
  // Drivers inside this process have nothing to probe: OK.
  Status SetKeepAlive(int interval_s, unsigned count) const;
  Status OnClose(Closed closed);
  bool IsAlive() const;

  StatusOr<unsigned long> GetLibVersion() const;
  StatusOr<unsigned long> GetVersion() const;  // Of the hypervisor behind it.
  std::string GetType() const;                 // "QEMU", "TEST".
  // Names that a guest's <cpu> may be of.
  StatusOr<std::vector<std::string>> GetCpuModelNames(const char* arch) const;

  StatusOr<Domain> LookupByUuid(const std::string& uuid) const;
  StatusOr<Domain> LookupByName(const std::string& name) const;
  StatusOr<Domain> DefineXml(const std::string& xml, unsigned flags) const;
  StatusOr<std::vector<Domain>> ListAllDomains(unsigned flags = 0) const;

  // For all domains, until the connection is closed. `opaque` belongs to libvirt from here on, also
  // on failure; `free` is called on it exactly once.
  Status DomainEventRegisterAny(int event_id, virConnectDomainEventGenericCallback callback,
                                void* opaque, virFreeCallback free);

 private:
  explicit Connection(virConnectPtr connection) : connection_(connection) {}
  virConnectPtr connection_;
  std::unique_ptr<const Closed> closed_;  // libvirt holds a pointer to it until unregistered.
  std::vector<int> event_callbacks_;      // Each holds the connection open until deregistered.
};

}  // namespace berth::libvirt
