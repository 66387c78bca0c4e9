// SPDX-License-Identifier: Apache-2.0
// Operations as text that ends with a newline.
#pragma once

#include <string>
#include <vector>

#include "berth/v1/operation.pb.h"
#include "cli/context.h"
#include "core/base/clock.h"

namespace berth::cli {

std::string RenderOperation(const berth::v1::Operation& operation, bool colour, WallTime now);

// A row each; as JSON one by itself, or a list.
void ShowOperations(const Context& context, const std::vector<berth::v1::Operation>& operations);

}  // namespace berth::cli
