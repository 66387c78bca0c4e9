// SPDX-License-Identifier: Apache-2.0
// What to do next about an error, by its reason. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/base/status.h"

namespace berth::cli {

// What the command knows and the error does not.
struct Asked {
  std::string request_id;  // Of a mutating call; "" for a read.
};

// Lines to show below the error; none where its message says it all.
std::vector<std::string> Advise(const Status& status, const Asked& asked);

}  // namespace berth::cli
