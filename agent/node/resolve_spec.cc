// SPDX-License-Identifier: Apache-2.0
#include "agent/node/resolve_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/model/validate.h"

namespace berth::node {
namespace {

constexpr size_t kTypesNamed = 5;

size_t CommonPrefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

// Those that begin most alike: of "m2.larg", "m2.large" before the other m2.
std::string NearestTypes(std::string_view name, const std::vector<model::InstanceType>& types) {
  std::vector<std::string_view> names;
  for (const model::InstanceType& type : types) names.push_back(type.name);
  std::stable_sort(names.begin(), names.end(), [&](std::string_view a, std::string_view b) {
    return CommonPrefix(a, name) > CommonPrefix(b, name);
  });
  if (names.size() > kTypesNamed) names.resize(kTypesNamed);
  return fmt::format("{}", fmt::join(names, ", "));
}

FieldViolation UnknownType(const std::string& name, const std::vector<model::InstanceType>& types) {
  if (types.empty())
    return {"spec.instance_type", "this node has no instance types: give spec.shape instead"};
  return {"spec.instance_type",
          fmt::format("this node knows no \"{}\"; the nearest of its {} types: {}; or give "
                      "spec.shape instead",
                      name, types.size(), NearestTypes(name, types))};
}

bool Mentions(const std::vector<FieldViolation>& faults, std::string_view field) {
  return std::any_of(faults.begin(), faults.end(),
                     [&](const FieldViolation& fault) { return fault.field == field; });
}

}  // namespace

const model::InstanceType* FindType(const std::string& name,
                                    const std::vector<model::InstanceType>& types) {
  const auto it = std::find_if(types.begin(), types.end(),
                               [&](const model::InstanceType& type) { return type.name == name; });
  return it == types.end() ? nullptr : &*it;
}

std::vector<FieldViolation> CallFaults(const CallContext& call) {
  std::vector<FieldViolation> faults;
  if (!call.request_id.empty() && !IsRequestId(call.request_id))
    faults.push_back({"request_id", "give 1 to 64 printable ASCII characters without space"});
  if (call.control_epoch < 0) faults.push_back({"control_epoch", "give 0 (none) or more"});
  return faults;
}

StatusOr<ResolvedSpec> Resolve(const CallContext& call, const CreateInstanceArgs& args,
                               const std::vector<model::InstanceType>& types) {
  std::vector<FieldViolation> faults = CallFaults(call);
  if (!args.instance_id.empty() && !IsInstanceId(args.instance_id))
    faults.push_back(
        {"instance_id", "give \"i-\" and 17 lower-case hexadecimal digits, or leave it empty"});
  const std::vector<FieldViolation> of_spec = model::Validate(args.spec);
  faults.insert(faults.end(), of_spec.begin(), of_spec.end());

  ResolvedSpec resolved{args.spec, 0};
  const std::string& name = args.spec.instance_type;
  if (!name.empty()) {
    const model::InstanceType* type = FindType(name, types);
    if (args.spec.shape != model::Shape{})
      faults.push_back({"spec.shape", "give spec.instance_type or spec.shape, not both"});
    if (type == nullptr && !Mentions(faults, "spec.instance_type"))
      faults.push_back(UnknownType(name, types));
    if (type != nullptr) {
      resolved.spec.shape = type->shape;
      resolved.default_root_disk_mib = type->root_disk_mib;
    }
  }
  if (!faults.empty()) return InvalidFields(std::move(faults));
  return resolved;
}

StatusOr<ResolvedSpec> ResolveShape(const CallContext& call, const std::string& instance_type,
                                    const model::Shape& shape, const std::string& tenant_id,
                                    const std::vector<model::InstanceType>& types) {
  // An instance as it may become, for what is checked of both alike.
  CreateInstanceArgs like;
  like.spec.tenant_id = tenant_id;
  like.spec.instance_type = instance_type;
  like.spec.shape = shape;
  like.spec.boot.image = "any";
  auto resolved = Resolve(call, like, types);
  if (resolved.ok()) return resolved;
  constexpr std::string_view kSpec = "spec.";
  ErrorDetails details = DetailsOf(resolved.status());
  for (FieldViolation& fault : details.violations)
    if (fault.field.starts_with(kSpec)) fault.field.erase(0, kSpec.size());
  return InvalidFields(std::move(details.violations));
}

}  // namespace berth::node
