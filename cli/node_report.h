// SPDX-License-Identifier: Apache-2.0
// A node as text. Pure; ends with a newline.
#pragma once

#include <string>

#include "berth/v1/node.pb.h"
#include "core/base/clock.h"

namespace berth::cli {

struct NodeReportOptions {
  bool wide = false;  // Also each NUMA node's book, foreign guests, labels, features.
  bool colour = false;
  WallTime now{};
};

std::string RenderNode(const berth::v1::Node& node, const NodeReportOptions& options);

}  // namespace berth::cli
