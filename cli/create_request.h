// SPDX-License-Identifier: Apache-2.0
// From the options of `instance create` to the request. What is wrong with a value the agent says;
// here only what cannot be put into a request, or would be guessed wrongly, is refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/v1/instance_service.pb.h"
#include "core/base/status.h"

namespace berth::cli {

// As typed; "" = not given.
struct CreateArgs {
  std::string type;
  std::optional<int64_t> vcpus;
  std::string memory;
  std::string cpu_policy;
  std::string dedicated_vcpus;
  std::string smt_policy;
  std::string core_sharing;
  std::string emulator_policy;
  std::string page_size;
  std::optional<int64_t> numa_cells;
  std::vector<std::string> nodes;
  bool reserve_when_stopped = false;
  std::string cpu_model;
  std::string image;
  std::string kernel;
  std::string initrd;
  std::string cmdline;
  std::string disk;
  std::string name;
  std::string hostname;
  std::vector<std::string> ssh_keys;  // Files.
  std::string user_data;              // A file.
  std::string network_config;         // A file.
  std::vector<std::string> tags;
  std::string tenant;
  bool autostart = false;
  bool auto_recover = false;
  bool termination_protection = false;
  std::string shutdown_behavior;
  std::string crash_behavior;
  std::string id;
  bool dry_run = false;
};

// Whether a type or any part of a shape is given.
bool GivesShape(const CreateArgs& args);

// The type or shape that is given. kBadUsage names the flag at fault.
Status FillShape(const CreateArgs& args, berth::v1::InstanceSpec& spec);

// Tags, each KEY=VALUE. kBadUsage as above.
Status FillTags(const std::vector<std::string>& tags, berth::v1::InstanceSpec& spec);

// "stop" or "terminate". kBadUsage as above.
Status FillShutdownBehavior(const std::string& word, berth::v1::InstanceSpec& spec);
Status FillCrashBehavior(const std::string& word, berth::v1::InstanceSpec& spec);

// MiB of --disk; 0 where it is not given.
StatusOr<int64_t> DiskOf(const CreateArgs& args);

// The request, without request_id and control_epoch. `begun` has the type or shape where `args`
// gives none. kBadUsage names the flag at fault. Reads the files that are named.
StatusOr<berth::v1::CreateInstanceRequest> MakeCreateRequest(
    const CreateArgs& args, const berth::v1::InstanceSpec& begun = {});

}  // namespace berth::cli
