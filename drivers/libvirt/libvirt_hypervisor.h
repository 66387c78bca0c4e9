// SPDX-License-Identifier: Apache-2.0
// The Hypervisor over libvirt. It keeps separate connections for queries and events, for lifecycle
// calls and for destroys, so that a stuck guest or a frozen daemon costs only the calls that touch
// it; opens them by itself, also when the daemon comes late or comes back; and answers UNAVAILABLE
// at once while there is none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/log.h"
#include "drivers/hypervisor.h"
#include "drivers/libvirt/accel.h"

namespace berth {

struct LibvirtOptions {
  std::string uri = "qemu:///system";
  std::string node_id;  // Guests of other nodes are never touched.
  AccelMode accel = AccelMode::kAuto;
  // libvirt's name of the CPU that emulated guests see; KVM guests see the host's. Nehalem is
  // x86-64-v2, which newer distributions demand, and boots as fast under TCG as the oldest model
  // does.
  std::string tcg_cpu_model = "Nehalem";

  // Past these a call is abandoned (design: a call into libvirt cannot be cancelled).
  Duration query_deadline = std::chrono::seconds(10);
  Duration lifecycle_deadline = std::chrono::seconds(60);
  Duration destroy_deadline = std::chrono::seconds(30);
  Duration dump_deadline = std::chrono::minutes(10);  // Of a guest's memory to its file.
  Duration connect_deadline = std::chrono::seconds(10);

  // Calls in flight per connection. libvirtd works on 5 of one client at a time
  // (max_client_requests) and lets the sixth wait, so none of these exceeds 4. Lifecycle calls and
  // destroys have two connections; with queries and a dump that leaves one of libvirtd's 20 workers
  // (max_workers).
  int queries_in_flight = 2;
  int lifecycle_in_flight = 4;
  int destroys_in_flight = 4;
  // Threads per connection that may be lost in abandoned calls. Past it calls of its kind are
  // answered UNAVAILABLE until one comes back.
  int abandoned_cap = 8;

  Duration reconnect_first = std::chrono::milliseconds(200);  // Doubles up to reconnect_max.
  Duration reconnect_max = std::chrono::seconds(5);
  int keepalive_interval_s = 5;
  unsigned keepalive_count = 3;

  // Where libvirt's QEMU driver writes NAME.pid.
  std::string pid_directory = "/run/libvirt/qemu";
  // Put before /proc and /dev; "" but in tests.
  std::string root;
  // libvirt's domain type where it does not follow from the accel: "test" for test:///default.
  std::string domain_type;
};

struct LibvirtDependencies {
  Executor& executor;    // Timers and short work; never blocked.
  Executor& event_loop;  // One thread for nothing else: libvirt's event loop holds it from here on.
  Log& log;
};

// Never fails: trouble shows in Health() and in the calls' answers. All dependencies outlive it; it
// is destroyed before they are shut down. At most one at a time per process, as libvirt's event
// loop is the process's. Its destructor answers what is outstanding with UNAVAILABLE, waits a few
// seconds for calls inside libvirt, and leaves behind the threads of those that do not come back.
std::unique_ptr<Hypervisor> MakeLibvirtHypervisor(LibvirtOptions options,
                                                  LibvirtDependencies dependencies);

}  // namespace berth
