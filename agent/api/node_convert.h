// SPDX-License-Identifier: Apache-2.0
// The node as the wire shows it. Pure functions, thread-safe.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/node/node_agent.h"
#include "berth/v1/claim.pb.h"
#include "berth/v1/instance_type.pb.h"
#include "berth/v1/node.pb.h"
#include "core/base/clock.h"
#include "core/model/condition.h"

namespace berth::api {

// What GetNode tells beside what the NodeAgent knows.
struct NodeFacts {
  std::string hostname;
  std::string version;  // Of the agent.
  WallTime start_time{};
  std::map<std::string, std::string> labels;
  std::function<std::vector<model::Condition>()> conditions;  // Any thread; empty = none.
};

v1::Node FromNode(const NodeInfo& info, const NodeFacts& facts);
v1::Claim FromClaim(const model::Claim& claim);
v1::InstanceType FromType(const model::InstanceType& type);

}  // namespace berth::api
