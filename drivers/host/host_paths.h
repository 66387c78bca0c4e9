// SPDX-License-Identifier: Apache-2.0
// Where the readers of this room look; tests hand in a directory tree instead of the host.
#pragma once

#include <string>

namespace berth {

struct HostPaths {
  std::string root;  // Put before /proc, /sys, /etc and /run; "" = the host itself.
  std::string state_dir = "/var/lib/berth";  // Taken as it is.

  std::string Under(const std::string& path) const { return root + path; }
};

}  // namespace berth
