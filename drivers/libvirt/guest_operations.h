// SPDX-License-Identifier: Apache-2.0
// What each call of the Hypervisor does on a connection, one blocking function each, with the
// contract of drivers/hypervisor.h: idempotent, and never touching a guest that is not this node's.
// A domain that carries our UUID but another node's metadata, or none, is foreign:
// FAILED_PRECONDITION.
//
// Thread-safe: functions over values and a Connection.
#pragma once

#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/base/status.h"
#include "drivers/hypervisor.h"
#include "drivers/libvirt/connection.h"
#include "drivers/libvirt/domain_xml.h"

namespace berth::libvirt {

// What all operations share.
struct OperationContext {
  std::string node_id;
  std::string pid_directory;  // Where libvirt writes NAME.pid.
  std::string root;           // Before /proc; "" but in tests.
};

Status DefineGuest(const Connection& connection, const OperationContext& context,
                   const GuestSpec& spec, const DomainSettings& settings);
// A managed save is removed first, so that no old memory comes back with old pins; logged.
Status StartGuestPaused(const Connection& connection, const OperationContext& context,
                        const std::string& id, Log& log);
Status ResumeGuest(const Connection& connection, const OperationContext& context,
                   const std::string& id);
Status AskGuestShutdown(const Connection& connection, const OperationContext& context,
                        const std::string& id);
Status AskGuestReboot(const Connection& connection, const OperationContext& context,
                      const std::string& id);
Status ResetGuest(const Connection& connection, const OperationContext& context,
                  const std::string& id);
Status InterruptGuest(const Connection& connection, const OperationContext& context,
                      const std::string& id);
Status DumpGuest(const Connection& connection, const OperationContext& context,
                 const std::string& id, const std::string& path);
Status DestroyGuest(const Connection& connection, const OperationContext& context,
                    const std::string& id);
// FAILED_PRECONDITION while it runs: undefining would turn it into a guest without a definition.
Status UndefineGuest(const Connection& connection, const OperationContext& context,
                     const std::string& id);
StatusOr<GuestState> InspectGuest(const Connection& connection, const OperationContext& context,
                                  const std::string& id);
StatusOr<std::vector<GuestState>> ListGuests(const Connection& connection,
                                             const OperationContext& context);
// Is the domain that has this UUID defined by this node? NOT_FOUND: there is none.
StatusOr<bool> IsOurs(const Connection& connection, const std::string& node_id,
                      const std::string& uuid);

}  // namespace berth::libvirt
