// SPDX-License-Identifier: Apache-2.0
#include "agent/api/request_faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <utility>

#include "core/base/reasons.h"

namespace berth::api {
namespace {

// Enough to see what is wrong; a request of 1 MiB can hold a hundred thousand faults.
constexpr size_t kFaultsMax = 100;

// "spec.shape" holds "spec.shape.vcpus", and itself.
bool Holds(std::string_view field, std::string_view part) {
  return part.starts_with(field) && (part.size() == field.size() || part[field.size()] == '.');
}

}  // namespace

// One word on each field is enough, and one on a part of it, or on the whole, is one on the field.
void RequestFaults::Invalid(std::string field, std::string cure) {
  if (violations_.size() == kFaultsMax) return;
  for (const FieldViolation& said : violations_)
    if (Holds(said.field, field) || Holds(field, said.field)) return;
  violations_.push_back({std::move(field), std::move(cure)});
}

void RequestFaults::Unknown(std::string field, std::string type) {
  Invalid(std::move(field),
          fmt::format("not known to this agent ({}); leave it out, or ask an agent "
                      "of a newer version",
                      type));
  if (unknown_types_.size() < kFaultsMax) unknown_types_.push_back(std::move(type));
}

void RequestFaults::NotBuilt(std::string field) {
  if (not_built_.size() < kFaultsMax) not_built_.push_back(std::move(field));
}

void RequestFaults::Add(const RequestFaults& part, const std::string& path) {
  for (const FieldViolation& fault : part.violations_)
    Invalid(path + fault.field, fault.description);
  for (const std::string& field : part.not_built_) NotBuilt(path + field);
}

Status RequestFaults::ToStatus() const {
  if (!unknown_types_.empty()) {
    const std::string types = fmt::format("{}", fmt::join(unknown_types_, ", "));
    return MakeError(StatusCode::kInvalidArgument,
                     fmt::format("the request has fields this agent does not know: {}", types),
                     {.reason = reasons::kUnknownField,
                      .metadata = {{"fields", types}},
                      .violations = violations_});
  }
  if (!violations_.empty()) return InvalidFields(violations_);
  if (not_built_.empty()) return OkStatus();
  const std::string fields = fmt::format("{}", fmt::join(not_built_, ", "));
  return MakeError(StatusCode::kUnimplemented,
                   fmt::format("not built yet in this agent: {}; leave it out", fields),
                   {.reason = reasons::kNotImplemented, .metadata = {{"field", fields}}});
}

}  // namespace berth::api
