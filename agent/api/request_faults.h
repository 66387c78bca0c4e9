// SPDX-License-Identifier: Apache-2.0
// What is wrong with one request: collected while it is looked through and converted, so that its
// caller hears of everything at once. A value, not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/status.h"

namespace berth::api {

class RequestFaults {
 public:
  // `field` is missing, malformed, out of range or excluded by another; `cure` says what would do.
  // Dropped where something was said of the field, of what holds it, or of a part of it before.
  void Invalid(std::string field, std::string cure);
  // `field` is one that this agent does not know; `type` is "berth.v1.Shape#99".
  void Unknown(std::string field, std::string type);
  // `field` is part of the contract and not yet of this agent.
  void NotBuilt(std::string field);

  // What was found in a part of the request that lies at `path` ("entries[3].").
  void Add(const RequestFaults& part, const std::string& path);

  bool empty() const { return violations_.empty() && not_built_.empty(); }
  const std::vector<FieldViolation>& violations() const { return violations_; }

  // OK if there is none. Otherwise INVALID_ARGUMENT with every violation (UNKNOWN_FIELD if one
  // field is unknown, else INVALID_FIELD); UNIMPLEMENTED NOT_IMPLEMENTED_YET only where nothing
  // else is wrong.
  Status ToStatus() const;

 private:
  std::vector<FieldViolation> violations_;
  std::vector<std::string> unknown_types_;
  std::vector<std::string> not_built_;
};

}  // namespace berth::api
