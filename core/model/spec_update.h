// SPDX-License-Identifier: Apache-2.0
// What an owner changes of an instance that is there: each member that is set replaces the spec's.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/model/instance_spec.h"

namespace berth::model {

struct SpecUpdate {
  std::optional<std::string> name;
  std::optional<std::map<std::string, std::string>> tags;  // As a whole.
  std::optional<bool> autostart;
  std::optional<bool> auto_recover;
  std::optional<ShutdownBehavior> shutdown_behavior;
  std::optional<CrashBehavior> crash_behavior;
  std::optional<bool> termination_protection;
  bool operator==(const SpecUpdate&) const = default;
};

// `spec` with what the update sets. Not validated.
InstanceSpec Updated(InstanceSpec spec, const SpecUpdate& update);

}  // namespace berth::model
