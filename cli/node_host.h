// SPDX-License-Identifier: Apache-2.0
// A node and its claims as the planner's host. Pure but for FetchHost.
#pragma once

#include <vector>

#include "berth/v1/claim.pb.h"
#include "berth/v1/node.pb.h"
#include "cli/agent.h"
#include "core/base/status.h"
#include "scheduler/host_spec.h"

namespace berth::cli {

// DATA_LOSS: the agent says what makes no host, such as a list of CPUs that is none.
StatusOr<placement::HostSpec> HostOfNode(const v1::Node& node,
                                         const std::vector<v1::Claim>& claims);

// What foreign guests are charged, as claims.
std::vector<v1::Claim> ForeignClaims(const v1::Node& node);

// Every claim of the agent's book, page by page.
StatusOr<std::vector<v1::Claim>> FetchClaims(Agent& agent);
StatusOr<placement::HostSpec> FetchHost(Agent& agent);

}  // namespace berth::cli
