// SPDX-License-Identifier: Apache-2.0
// Two walks. One goes over the bytes beside the descriptor, since the parsed message does not keep
// what was unknown in the entry of a map. The other goes over the message.
#include "agent/api/request_walk.h"

#include <fmt/format.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/wire_format.h>

#include <map>
#include <string>
#include <vector>

#include "agent/api/built.h"
#include "google/protobuf/descriptor.h"

namespace berth::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;
using google::protobuf::internal::WireFormat;
using google::protobuf::internal::WireFormatLite;

std::string Joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

WireFormatLite::WireType WireTypeOf(const UnknownField& raw) {
  switch (raw.type()) {
    case UnknownField::TYPE_VARINT:
      return WireFormatLite::WIRETYPE_VARINT;
    case UnknownField::TYPE_FIXED32:
      return WireFormatLite::WIRETYPE_FIXED32;
    case UnknownField::TYPE_FIXED64:
      return WireFormatLite::WIRETYPE_FIXED64;
    case UnknownField::TYPE_LENGTH_DELIMITED:
      return WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    default:
      return WireFormatLite::WIRETYPE_START_GROUP;
  }
}

// Whether the parser took `raw` for `field`; what has another wire type it takes for unknown.
bool IsOf(const UnknownField& raw, const FieldDescriptor& field) {
  const WireFormatLite::WireType wire = WireTypeOf(raw);
  if (wire == WireFormat::WireTypeForFieldType(field.type())) return true;
  return field.is_packable() && wire == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}

void FindUnknown(const UnknownFieldSet& raws, const Descriptor& type, const std::string& path,
                 RequestFaults& faults) {
  std::map<int, int> seen;  // By field number; for the index of a repeated field.
  for (int i = 0; i < raws.field_count(); ++i) {
    const UnknownField& raw = raws.field(i);
    const FieldDescriptor* field = type.FindFieldByNumber(raw.number());
    if (field == nullptr || !IsOf(raw, *field)) {
      faults.Unknown(Joined(path, fmt::format("#{}", raw.number())),
                     fmt::format("{}#{}", type.full_name(), raw.number()));
      continue;
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    UnknownFieldSet inner;
    if (!inner.ParseFromString(raw.length_delimited()))
      continue;  // The real parser has refused it.
    std::string name = field->name();
    if (field->is_repeated()) name += fmt::format("[{}]", seen[field->number()]++);
    FindUnknown(inner, *field->message_type(), Joined(path, name), faults);
  }
}

bool HasControlCharacter(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  return false;
}

void CheckText(const FieldDescriptor& field, const std::string& text, const std::string& path,
               RequestFaults& faults) {
  if (field.type() == FieldDescriptor::TYPE_STRING && HasControlCharacter(text))
    faults.Invalid(path, "may not hold control characters (line breaks among them)");
}

void CheckEnum(const FieldDescriptor& field, int number, const std::string& path,
               RequestFaults& faults) {
  const auto* value = field.enum_type()->FindValueByNumber(number);
  if (value == nullptr) {
    faults.Invalid(path, fmt::format("{} is no value of {} that this agent knows", number,
                                     field.enum_type()->full_name()));
  } else if (field.is_repeated() && number == 0) {
    faults.Invalid(path, fmt::format("may not be {}; leave it out", value->name()));
  } else if (!IsBuilt(*value)) {
    faults.NotBuilt(path);
  }
}

void Walk(const Message& message, const std::string& path, RequestFaults& faults);

// The `index`-th value of a repeated field, or the only one of a singular field (index -1).
void WalkValue(const Message& message, const FieldDescriptor& field, int index,
               const std::string& path, RequestFaults& faults) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Walk(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                           : reflection.GetMessage(message, &field),
                  path, faults);
    case FieldDescriptor::CPPTYPE_ENUM:
      return CheckEnum(field,
                       repeated ? reflection.GetRepeatedEnumValue(message, &field, index)
                                : reflection.GetEnumValue(message, &field),
                       path, faults);
    case FieldDescriptor::CPPTYPE_STRING:
      return CheckText(field,
                       repeated ? reflection.GetRepeatedString(message, &field, index)
                                : reflection.GetString(message, &field),
                       path, faults);
    default:
      return;
  }
}

void Walk(const Message& message, const std::string& path, RequestFaults& faults) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const std::string name = Joined(path, field->name());
    if (!IsBuilt(*field)) {
      faults.NotBuilt(name);
    } else if (field->is_map()) {
      continue;  // Of text to text only; model::Validate names the entry by its key.
    } else if (!field->is_repeated()) {
      WalkValue(message, *field, -1, name, faults);
    } else {
      const int size = message.GetReflection()->FieldSize(message, field);
      for (int i = 0; i < size; ++i)
        WalkValue(message, *field, i, fmt::format("{}[{}]", name, i), faults);
    }
  }
}

}  // namespace

void WalkRequest(std::string_view bytes, const Message& request, RequestFaults& faults) {
  UnknownFieldSet raws;
  if (raws.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    FindUnknown(raws, *request.GetDescriptor(), "", faults);
  Walk(request, "", faults);
}

}  // namespace berth::api
