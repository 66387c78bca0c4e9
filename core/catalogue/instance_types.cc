// SPDX-License-Identifier: Apache-2.0
#include "core/catalogue/instance_types.h"

#include <fmt/format.h>

#include <set>
#include <string>

#include "core/base/error.h"
#include "core/json/json_reader.h"
#include "core/json/json_text.h"
#include "core/model/validate.h"

namespace berth {
namespace {

using model::InstanceType;

constexpr size_t kCatalogueBytesMax = 1 << 20;
constexpr size_t kTypeNameBytesMax = 63;

// A type's name is typed at a prompt and stands in URLs and labels.
bool IsTypeName(std::string_view name) {
  return !name.empty() && name.size() <= kTypeNameBytesMax &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
}

void ReadName(JsonReader& reader, InstanceType& type) {
  reader.Text("name", type.name);
  reader.Require("name");
  if (reader.Has("name") && !IsTypeName(type.name))
    reader.Fault("name",
                 fmt::format("must be 1 to {} of a-z, 0-9, '.' and '-'", kTypeNameBytesMax));
}

InstanceType ReadType(JsonReader& reader) {
  InstanceType type;
  ReadName(reader, type);
  reader.Text("family", type.family, kTypeNameBytesMax);
  reader.Require("family");
  reader.Text("description", type.description);
  int64_t vcpus = 0;
  reader.Integer("vcpus", vcpus, 1, model::kVcpusMax);
  reader.Require("vcpus");
  type.shape.vcpus = static_cast<int32_t>(vcpus);
  reader.Integer("memory_mib", type.shape.memory_mib, model::kMemoryMibMin, model::kMemoryMibMax);
  reader.Require("memory_mib");
  reader.Integer("root_disk_mib", type.root_disk_mib, 0, model::kRootDiskMibMax);
  reader.Choice<model::CpuPolicy>(
      "cpu_policy", type.shape.cpu_policy,
      {{"shared", model::CpuPolicy::kShared}, {"dedicated", model::CpuPolicy::kDedicated}});
  reader.Choice<model::SmtPolicy>("smt_policy", type.shape.smt_policy,
                                  {{"prefer", model::SmtPolicy::kPrefer},
                                   {"require", model::SmtPolicy::kRequire},
                                   {"isolate", model::SmtPolicy::kIsolate}});
  reader.Choice<model::CoreSharing>("core_sharing", type.shape.core_sharing,
                                    {{"same_tenant", model::CoreSharing::kSameTenant},
                                     {"none", model::CoreSharing::kNone},
                                     {"any", model::CoreSharing::kAny}});
  reader.Choice<model::EmulatorPolicy>(
      "emulator_policy", type.shape.emulator_policy,
      {{"shared", model::EmulatorPolicy::kShared}, {"isolate", model::EmulatorPolicy::kIsolate}});
  reader.Choice<model::PageSize::Kind>("page_size", type.shape.page_size.kind,
                                       {{"small", model::PageSize::Kind::kSmall},
                                        {"large", model::PageSize::Kind::kLarge},
                                        {"any", model::PageSize::Kind::kAny}});
  reader.Flag("reserve_when_stopped", type.shape.reserve_when_stopped);
  reader.RefuseUnknown();
  return type;
}

std::vector<InstanceType> ReadTypes(std::vector<JsonReader> elements) {
  std::vector<InstanceType> types;
  std::set<std::string> names;
  for (JsonReader& element : elements) {
    types.push_back(ReadType(element));
    if (!types.back().name.empty() && !names.insert(types.back().name).second)
      element.Fault("name", fmt::format("is \"{}\" like an earlier type's; give it another",
                                        types.back().name));
  }
  return types;
}

}  // namespace

StatusOr<std::vector<InstanceType>> ParseInstanceTypes(std::string_view text) {
  if (text.size() > kCatalogueBytesMax)
    return InvalidField("", fmt::format("is longer than the {} bytes allowed", kCatalogueBytesMax));
  std::vector<FieldViolation> faults;
  const nlohmann::json root = ParseJsonText(text, faults);
  if (root.is_discarded()) return InvalidFields(std::move(faults));
  JsonReader reader(root, "", faults);
  std::vector<InstanceType> types = ReadTypes(reader.Array("instance_types"));
  reader.Require("instance_types");
  reader.RefuseUnknown();
  if (!faults.empty()) return InvalidFields(std::move(faults));
  return types;
}

}  // namespace berth
