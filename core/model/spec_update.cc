// SPDX-License-Identifier: Apache-2.0
#include "core/model/spec_update.h"

#include <utility>

namespace berth::model {

InstanceSpec Updated(InstanceSpec spec, const SpecUpdate& update) {
  if (update.name) spec.name = *update.name;
  if (update.tags) spec.tags = *update.tags;
  if (update.autostart) spec.autostart = *update.autostart;
  if (update.auto_recover) spec.auto_recover = *update.auto_recover;
  if (update.crash_behavior) spec.crash_behavior = *update.crash_behavior;
  if (update.shutdown_behavior) spec.shutdown_behavior = *update.shutdown_behavior;
  if (update.termination_protection) spec.termination_protection = *update.termination_protection;
  return spec;
}

}  // namespace berth::model
