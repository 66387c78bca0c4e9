// SPDX-License-Identifier: Apache-2.0
// What an error carries besides code and message: a machine-readable reason, metadata, the fields
// at fault, and when to try again. It rides inside a Status as a payload, so that every layer
// passes it on without knowing of it, and becomes google.rpc details at the edge (agent/api).
//
// Thread-safe: free functions over values.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace berth {

// One fault of a request: the field by its path ("spec.shape.memory_mib") and what would cure it.
struct FieldViolation {
  std::string field;
  std::string description;
  bool operator==(const FieldViolation&) const = default;
};

struct ErrorDetails {
  std::string reason;  // UPPER_SNAKE, at most 63 characters (core/base/reasons.h).
  std::map<std::string, std::string> metadata;
  std::vector<FieldViolation> violations;
  std::optional<std::chrono::milliseconds> retry_after;
  bool operator==(const ErrorDetails&) const = default;
};

// An error with details. `code` is not kOk.
Status MakeError(StatusCode code, std::string_view message, ErrorDetails details);
Status MakeError(StatusCode code, std::string_view reason, std::string_view message);

// INVALID_ARGUMENT / INVALID_FIELD with every violation at once; its message names the fields.
Status InvalidFields(std::vector<FieldViolation> violations);
inline Status InvalidField(std::string field, std::string description) {
  return InvalidFields({{std::move(field), std::move(description)}});
}

// The details of an error; empty if it has none.
ErrorDetails DetailsOf(const Status& status);
inline std::string ReasonOf(const Status& status) { return DetailsOf(status).reason; }

// The same error with "`doing`: " put before its message; details are kept. OK stays OK.
Status Annotate(const Status& status, std::string_view doing);

// UPPER_SNAKE name of a code ("RESOURCE_EXHAUSTED"), as gRPC spells it.
std::string_view CodeName(StatusCode code);

}  // namespace berth
