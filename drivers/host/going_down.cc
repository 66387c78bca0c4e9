// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/going_down.h"

#include <systemd/sd-bus.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include "drivers/host/text_file.h"

namespace berth {
namespace {

constexpr uint64_t kTimeoutMicroseconds = 1'000'000;

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
struct FreeText {
  void operator()(char* text) const { std::free(text); }  // NOLINT: sd-bus allocates with malloc.
};

bool SystemdIsStopping() {
  sd_bus* opened = nullptr;
  if (sd_bus_open_system(&opened) < 0) return false;
  const std::unique_ptr<sd_bus, CloseBus> bus(opened);
  sd_bus_set_method_call_timeout(bus.get(), kTimeoutMicroseconds);
  char* state = nullptr;
  const int result = sd_bus_get_property_string(
      bus.get(), "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
      "org.freedesktop.systemd1.Manager", "SystemState", nullptr, &state);
  const std::unique_ptr<char, FreeText> owned(state);
  return result >= 0 && std::string_view(state) == "stopping";
}

}  // namespace

bool HostGoingDown(const HostPaths& paths) {
  if (Exists(paths.Under("/run/systemd/system"))) return SystemdIsStopping();
  return Exists(paths.Under("/run/nologin"));
}

}  // namespace berth
