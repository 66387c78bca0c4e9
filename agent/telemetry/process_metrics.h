// SPDX-License-Identifier: Apache-2.0
// The agent's own figures, by the names that Prometheus's client libraries share. Reads /proc at
// each scrape; the kernel answers these from memory.
#pragma once

#include <cstdint>
#include <string>

#include "agent/telemetry/families.h"

namespace berth {

struct ProcessFigures {
  int64_t resident_bytes = 0;
  int64_t anonymous_bytes = 0;  // Of the resident: what no file backs. What the agent itself costs.
  int64_t virtual_bytes = 0;
  int64_t threads = 0;
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // Since the epoch.
  int64_t open_fds = 0;
  int64_t max_fds = 0;
};

// Of this process. What cannot be read stays 0. `proc` is "/proc" but in tests.
ProcessFigures ReadProcessFigures(const std::string& proc = "/proc");

MetricFamilies ProcessFamilies(const ProcessFigures& figures);

}  // namespace berth
