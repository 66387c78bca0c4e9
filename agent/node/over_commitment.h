// SPDX-License-Identifier: Apache-2.0
// Where claims hold more than there is: capacity shrank under them, or a foreign guest came.
// Nothing is taken from anyone for it, nobody new gets any of it, and the operator is told. Pure.
#pragma once

#include <string>
#include <vector>

#include "scheduler/host.h"

namespace berth::node {

// One sentence for each resource that is short: "node 0: 12 shared vCPUs are held of 8"; empty: all
// claims have what they hold.
std::vector<std::string> OverCommitments(const placement::Host& host);

}  // namespace berth::node
