// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/hypervisor_metrics.h"

namespace berth {

MetricFamilies HypervisorFamilies(const HypervisorHealth& health) {
  return {
      SingleGauge("berth_libvirt_up", "1 while the agent is connected to the hypervisor.",
                  health.connected ? 1 : 0),
      FamilyBuilder::Gauge("berth_hypervisor_info", "The hypervisor and how it runs guests.")
          .Add({{"version", health.version}, {"uri", health.uri}, {"accel", health.accel}}, 1)
          .Done(),
      SingleGauge("berth_hypervisor_abandoned_calls",
                  "Calls given up past their deadline that have not come back.",
                  health.abandoned_calls),
      SingleGauge("berth_hypervisor_stuck_guests", "Guests that did not answer; only destroyed.",
                  static_cast<double>(health.stuck_guests.size()))};
}

}  // namespace berth
