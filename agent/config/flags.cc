// SPDX-License-Identifier: Apache-2.0
#include "agent/config/flags.h"

#include <CLI/CLI.hpp>
#include <array>
#include <sstream>

namespace berth {
namespace {

constexpr int kUsageExitCode = 2;

struct SettingFlag {
  const char* flag;
  const char* path;
  const char* value;
  const char* help;
};

constexpr auto kSettingFlags = std::to_array<SettingFlag>({
    {"--state-dir", "state_dir", "DIR", "Everything the agent keeps"},
    {"--image-dir", "image_dir", "DIR", "Base images and kernels (STATE_DIR/images)"},
    {"--ledger", "ledger", "FILE", "The ledger (STATE_DIR/ledger.db)"},
    {"--node-id", "node_id", "UUID", "Identity of this node (made with the first ledger)"},
    {"--instance-types", "instance_types", "FILE", "Catalogue of instance types"},
    {"--terminated-visible-seconds", "terminated_visible_seconds", "N",
     "How long a terminated instance is listed"},
    {"--socket", "api.socket", "PATH", "Unix socket of the gRPC API"},
    {"--socket-mode", "api.socket_mode", "OCTAL", "Its permissions"},
    {"--socket-group", "api.socket_group", "GROUP", "Its group"},
    {"--max-in-flight", "api.max_in_flight", "N", "Calls worked on at a time"},
    {"--http", "http.address", "IP:PORT", "Address of /metrics, /healthz, /readyz, or \"off\""},
    {"--http-port-file", "http.port_file", "FILE", "File that the bound HTTP port is written to"},
    {"--log-level", "log.level", "LEVEL", "debug, info, warning or error"},
    {"--log-file", "log.file", "FILE", "Log file (standard error)"},
    {"--log-format", "log.format", "FORMAT", "text or json"},
    {"--hypervisor", "hypervisor.driver", "DRIVER", "libvirt or fake"},
    {"--hypervisor-uri", "hypervisor.uri", "URI", "libvirt's URI"},
    {"--accel", "hypervisor.accel", "ACCEL", "auto, kvm or tcg"},
    {"--query-deadline-seconds", "hypervisor.deadlines.query_seconds", "N",
     "Patience with libvirt's queries"},
    {"--lifecycle-deadline-seconds", "hypervisor.deadlines.lifecycle_seconds", "N",
     "Patience with define, start, shutdown and the like"},
    {"--destroy-deadline-seconds", "hypervisor.deadlines.destroy_seconds", "N",
     "Patience with destroy"},
    {"--fake-state-file", "hypervisor.fake_state_file", "FILE",
     "Where the fake driver's guests outlive the agent"},
    {"--reserved-cpus", "capacity.reserved_cpus", "N", "CPUs kept back for the host"},
    {"--shared-cpus", "capacity.shared_cpus", "LIST", "CPUs that shared vCPUs run on"},
    {"--dedicated-cpus", "capacity.dedicated_cpus", "LIST", "CPUs that guests get to themselves"},
    {"--reserved-memory-mib", "capacity.reserved_memory_mib", "MIB", "Memory kept back"},
    {"--reserved-disk-mib", "capacity.reserved_disk_mib", "MIB", "Disk kept back"},
    {"--cpu-overcommit", "capacity.cpu_overcommit", "RATIO", "Shared vCPUs per shared CPU"},
    {"--exchange-dir", "images.exchange_dir", "DIR", "Where images are imported from"},
    {"--image-cache-limit-mib", "images.cache_limit_mib", "MIB", "Of all images; 0: the disk's"},
});

// Adds every flag; the values that come in are in the order of the table.
void AddSettingFlags(CLI::App& app, std::array<std::string, kSettingFlags.size()>& values) {
  for (size_t i = 0; i < kSettingFlags.size(); ++i)
    app.add_option(kSettingFlags[i].flag, values[i], kSettingFlags[i].help)
        ->type_name(kSettingFlags[i].value)
        ->group("Settings (each overrides the file)");
}

FlagsOutcome Ending(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  const int cli_code = app.exit(error, out, out);
  FlagsOutcome outcome;
  outcome.go_on = false;
  outcome.exit_code = cli_code == 0 ? 0 : kUsageExitCode;
  outcome.message = out.str();
  return outcome;
}

}  // namespace

FlagsOutcome ParseFlags(int argc, const char* const* argv, const std::string& version) {
  FlagsOutcome outcome;
  Flags& flags = outcome.flags;
  std::array<std::string, kSettingFlags.size()> values;
  CLI::App app("The node agent: turns this host into instances.", "berthd");
  app.set_version_flag("--version", "berthd " + version);
  app.add_option("--config", flags.config_file, "Config file, JSON with comments")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--check-config", flags.check_config, "Check the config and end (0 good, 2 bad)");
  app.add_flag("--print-config", flags.print_config, "Print the effective config and end");
  AddSettingFlags(app, values);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Ending(app, error);
  }
  flags.config_file_given = app.count("--config") > 0;
  for (size_t i = 0; i < kSettingFlags.size(); ++i)
    if (app.count(kSettingFlags[i].flag) > 0)
      flags.overrides.push_back({kSettingFlags[i].path, values[i]});
  return outcome;
}

std::vector<std::string> FlagPaths() {
  std::vector<std::string> paths;
  for (const SettingFlag& flag : kSettingFlags) paths.emplace_back(flag.path);
  return paths;
}

}  // namespace berth
