// SPDX-License-Identifier: Apache-2.0
// A node's book as tables: what it has, keeps back, can give, has given. Pure; ends with a newline.
#pragma once

#include <string>

#include "berth/v1/node.pb.h"

namespace berth::cli {

// A row per resource of the whole node.
std::string RenderResources(const berth::v1::Node& node, bool colour);
// A row per NUMA node; "" where the node tells of none.
std::string RenderNumaNodes(const berth::v1::Node& node, bool colour);

}  // namespace berth::cli
