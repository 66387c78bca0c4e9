// SPDX-License-Identifier: Apache-2.0
// What became of a call for many instances: one entry for each asked for, in their order. A value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/error.h"
#include "core/model/instance_record.h"

namespace berth::model {

// Admitted, or why not; `metadata` goes with the error, as with that of a call by itself.
struct BatchEntry {
  std::optional<InstanceRecord> instance;
  Error error;
  std::map<std::string, std::string> metadata;
  bool operator==(const BatchEntry&) const = default;
};

struct BatchOutcome {
  std::vector<BatchEntry> entries;
  bool operator==(const BatchOutcome&) const = default;
};

}  // namespace berth::model
