// SPDX-License-Identifier: Apache-2.0
// Every setting of berthd with its default: this file is the one place that states them. A Config
// is made by ParseConfig (parse.h), which has checked all of it; nothing later has to.
//
// The file is JSON with comments, its members named as here. Values only: no I/O, no threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/log.h"

namespace berth {

enum class LogFormat { kText, kJson };
enum class HypervisorDriver { kLibvirt, kFake };
enum class AccelChoice { kAuto, kKvm, kTcg };

// gRPC on the local socket.
struct ApiConfig {
  std::string socket = "/run/berth/berthd.sock";
  int64_t socket_mode = 0660;   // In the file as text, octal: "0660".
  std::string socket_group;     // Group that may connect beside root; "" = the agent's own.
  int64_t max_in_flight = 256;  // Calls worked on at a time; more are answered UNAVAILABLE.
  bool operator==(const ApiConfig&) const = default;
};

// /metrics, /healthz and /readyz.
struct HttpConfig {
  std::string address = "127.0.0.1:9443";  // IP:PORT, port 0 = any free one; "off" = not served.
  std::string port_file;  // Where the port is written once it is bound; "" = nowhere.
  bool operator==(const HttpConfig&) const = default;
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  std::string file;  // Rolled at 16 MiB, three kept; "" = standard error.
  LogFormat format = LogFormat::kText;
  bool operator==(const LogConfig&) const = default;
};

// How long the driver waits for a call before it gives it up (drivers/hypervisor.h).
struct HypervisorDeadlines {
  std::chrono::seconds query{10};      // Inspect, list, statistics.
  std::chrono::seconds lifecycle{60};  // Define, start, resume, shutdown, reboot, reset, undefine.
  std::chrono::seconds destroy{30};
  bool operator==(const HypervisorDeadlines&) const = default;
};

struct HypervisorConfig {
  HypervisorDriver driver = HypervisorDriver::kLibvirt;
  std::string uri = "qemu:///system";
  AccelChoice accel = AccelChoice::kAuto;  // auto: KVM where it really works, else TCG.
  HypervisorDeadlines deadlines;
  std::string
      fake_state_file;  // Of the fake driver: its guests outlive the agent here; "" = they do not.
  bool operator==(const HypervisorConfig&) const = default;
};

// What is kept back for the host, and how far vCPUs are shared. nullopt is "auto" in the file:
// chosen by the host's size (drivers/host/host_capacity.h).
struct CapacityConfig {
  std::optional<int64_t> reserved_cpus;  // With shared_cpus "auto" only.
  std::string shared_cpus = "auto";      // A CPU list; "auto": all others.
  std::string dedicated_cpus;            // A CPU list; "": no guest gets a CPU to itself.
  std::optional<int64_t> reserved_memory_mib;
  std::optional<int64_t> reserved_disk_mib;
  double cpu_overcommit = 4.0;  // Shared vCPUs per shared CPU.
  bool operator==(const CapacityConfig&) const = default;
};

struct ImagesConfig {
  std::string exchange_dir;     // Imports come from here, exports go here; "" = STATE_DIR/exchange.
  int64_t cache_limit_mib = 0;  // Of all images together; 0 = as much as the disk has.
  bool operator==(const ImagesConfig&) const = default;
};

struct Config {
  std::string state_dir = "/var/lib/berth";
  std::string image_dir;  // "" = STATE_DIR/images.
  std::string ledger;     // "" = STATE_DIR/ledger.db.
  std::string node_id;    // A UUID; "" = made with the first ledger.
  std::string instance_types = "/etc/berth/instance-types.json";  // "" = custom shapes only.
  std::chrono::seconds terminated_visible{3600};  // "terminated_visible_seconds" in the file.
  ApiConfig api;
  HttpConfig http;
  LogConfig log;
  HypervisorConfig hypervisor;
  CapacityConfig capacity;
  ImagesConfig images;
  bool operator==(const Config&) const = default;

  std::string ImageDir() const { return image_dir.empty() ? state_dir + "/images" : image_dir; }
  std::string ExchangeDir() const {
    return images.exchange_dir.empty() ? state_dir + "/exchange" : images.exchange_dir;
  }
  std::string LedgerPath() const { return ledger.empty() ? state_dir + "/ledger.db" : ledger; }
};

}  // namespace berth
