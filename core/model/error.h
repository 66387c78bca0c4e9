// SPDX-License-Identifier: Apache-2.0
// An error as it is stored in records and views. Not a Status: copies of one Status are shared
// between threads by a count that TSan cannot see (docs/decisions/0001).
#pragma once

#include <string>

#include "core/base/error.h"
#include "core/base/status.h"

namespace berth::model {

struct Error {
  StatusCode code = StatusCode::kOk;
  std::string reason;  // As ErrorInfo.reason; may be empty.
  std::string message;
  bool ok() const { return code == StatusCode::kOk; }
  bool operator==(const Error&) const = default;
};

inline Error ErrorOf(const Status& status) {
  if (status.ok()) return {};
  return {status.code(), ReasonOf(status), std::string(status.message())};
}

}  // namespace berth::model
