// SPDX-License-Identifier: Apache-2.0
#include "agent/api/update_request.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "agent/api/spec_convert.h"
#include "core/model/validate.h"

namespace berth::api {
namespace {

using Take = void (*)(const model::InstanceSpec& from, model::SpecUpdate& into);

struct Changeable {
  std::string_view path;
  Take take;
};

constexpr std::array kChangeable = {
    Changeable{"name", [](const auto& from, auto& into) { into.name = from.name; }},
    Changeable{"tags", [](const auto& from, auto& into) { into.tags = from.tags; }},
    Changeable{"autostart", [](const auto& from, auto& into) { into.autostart = from.autostart; }},
    Changeable{
        "instance_initiated_shutdown_behavior",
        [](const auto& from, auto& into) { into.shutdown_behavior = from.shutdown_behavior; }},
    Changeable{"auto_recover",
               [](const auto& from, auto& into) { into.auto_recover = from.auto_recover; }},
    Changeable{"crash_behavior",
               [](const auto& from, auto& into) { into.crash_behavior = from.crash_behavior; }},
    Changeable{"termination_protection",
               [](const auto& from, auto& into) {
                 into.termination_protection = from.termination_protection;
               }},
};

const Changeable* FindChangeable(std::string_view path) {
  for (const Changeable& changeable : kChangeable)
    if (changeable.path == path) return &changeable;
  return nullptr;
}

std::string ChangeableNames() {
  std::string names;
  for (const Changeable& changeable : kChangeable)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", changeable.path);
  return names;
}

void RefusePath(std::string_view path, RequestFaults& faults) {
  const bool shape = path == "instance_type" || path.substr(0, 5) == "shape";
  faults.Invalid("update_mask",
                 fmt::format("\"{}\" cannot be updated{}; what can: {}", path,
                             shape ? " (ResizeInstance changes it)" : "", ChangeableNames()));
}

// Only what is updated is judged, so the rest is of a spec that has no fault.
void CheckValues(const model::SpecUpdate& update, RequestFaults& faults) {
  model::InstanceSpec any;
  any.tenant_id = ToTenant("");
  any.shape = {.vcpus = 1, .memory_mib = model::kMemoryMibMin};
  any.boot.image = "any";
  for (const FieldViolation& fault : model::Validate(model::Updated(std::move(any), update)))
    faults.Invalid(fault.field, fault.description);
}

}  // namespace

model::SpecUpdate ToUpdate(const v1::UpdateInstanceRequest& request, RequestFaults& faults) {
  model::SpecUpdate update;
  if (request.update_mask().paths().empty())
    faults.Invalid("update_mask", "required: name the fields to change, of: " + ChangeableNames());
  RequestFaults of_the_rest;
  const model::InstanceSpec values = ToSpec(request.spec(), of_the_rest);
  for (const std::string& path : request.update_mask().paths()) {
    if (const Changeable* changeable = FindChangeable(path))
      changeable->take(values, update);
    else
      RefusePath(path, faults);
  }
  CheckValues(update, faults);
  return update;
}

}  // namespace berth::api
