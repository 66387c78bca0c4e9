// SPDX-License-Identifier: Apache-2.0
// -o json: a message of the contract as protobuf's own JSON, with these choices: field names as in
// the contract (instance_id), fields at their default value are written too (so that a script need
// not know defaults), enums by name, 64-bit integers as strings, messages that are not set left
// out.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace berth::cli {

// Ends with a newline.
std::string ToJson(const google::protobuf::Message& message);
// The same on one line, for streams.
std::string ToJsonLine(const google::protobuf::Message& message);

}  // namespace berth::cli
