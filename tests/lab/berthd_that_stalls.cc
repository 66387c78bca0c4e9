// SPDX-License-Identifier: Apache-2.0
// The agent in which an instance stands still at the step that its tag "stall-at" names, with the
// kind of its operation: "create.define:before", "create.define:after" (tests/support/step_seam.h).
// Each is told on standard error.
#include <fmt/format.h>

#include <cstdio>

#include "tests/support/step_seam.h"

bool berth::GoesOn(const model::InstanceRecord& record, const model::Operation& operation,
                   const std::string& step, const char* when) {
  const std::string place = fmt::format("{}.{}{}", model::Name(operation.kind), step, when);
  const auto tag = record.spec.tags.find("stall-at");
  if (tag == record.spec.tags.end() || tag->second != place) return true;
  fmt::print(stderr, "stalled {} at {}\n", record.id, place);
  return false;
}
