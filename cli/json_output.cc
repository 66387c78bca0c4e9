// SPDX-License-Identifier: Apache-2.0
#include "cli/json_output.h"

#include <google/protobuf/util/json_util.h>

namespace berth::cli {

using google::protobuf::util::JsonPrintOptions;
using google::protobuf::util::MessageToJsonString;

namespace {

std::string Print(const google::protobuf::Message& message, bool whitespace) {
  JsonPrintOptions options;
  options.add_whitespace = whitespace;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  // Fails only for an Any of a type that is not linked in, inside an operation's error.
  if (const auto status = MessageToJsonString(message, &text, options); !status.ok()) return "{}\n";
  return text;
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) { return Print(message, true); }

std::string ToJsonLine(const google::protobuf::Message& message) {
  return Print(message, false) + "\n";
}

}  // namespace berth::cli
