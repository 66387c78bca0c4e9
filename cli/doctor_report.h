// SPDX-License-Identifier: Apache-2.0
// Findings as text or JSON. Pure; ends with a newline.
#pragma once

#include <string>
#include <vector>

#include "drivers/host/finding.h"

namespace berth::cli {

// Findings on one subject: "Host".
struct FindingGroup {
  std::string title;
  std::vector<Finding> findings;
};

// A mark, the check and the fact in a line each, the cure below it, and a verdict at the end.
std::string RenderFindings(const std::vector<FindingGroup>& groups, bool colour);

// {"verdict": "ok|warning|problem", "findings": [{"group", "check", "level", "what", "cure"}]}.
std::string FindingsAsJson(const std::vector<FindingGroup>& groups);

// The worst there is.
FindingLevel Verdict(const std::vector<FindingGroup>& groups);

}  // namespace berth::cli
