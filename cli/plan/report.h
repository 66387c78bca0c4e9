// SPDX-License-Identifier: Apache-2.0
// What `berthctl plan` writes. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "scheduler/host.h"
#include "scheduler/placement.h"

namespace berth::cli {

struct Plan {
  std::vector<placement::Placement> placements;  // In turn, each on what the ones before left.
  std::optional<placement::Refusal> refusal;     // Of the first that did not fit.
  double micros = 0;                             // All of them together.
};

// How many of each type fit, each as if it alone were asked for.
struct TypePlan {
  std::string name;
  int64_t count = 0;
  std::optional<placement::Refusal>
      limited_by;  // Why not one more; nullopt: nobody looked further.
};

// Each ends with a newline. `many`: --count was given.
std::string PlanAsJson(const Plan& plan, bool many);
std::string RenderPlan(const Plan& plan);
std::string TypesAsJson(const std::vector<TypePlan>& types, double micros);
std::string RenderTypes(const std::vector<TypePlan>& types);
// `input` is "host" or "request".
std::string FaultsAsJson(const std::string& input, const std::vector<FieldViolation>& faults);

}  // namespace berth::cli
