// SPDX-License-Identifier: Apache-2.0
// One who follows the instances of a simulated node over its crashes, by token, and is told of
// every change once and in order, or the node is wrong.
#pragma once

#include <memory>
#include <string>

#include "agent/node/node_harness.h"
#include "tests/sim/checks.h"

namespace berth::sim {

class Follower {
 public:
  // Both outlive this.
  Follower(node::World& world, const Checker& checker) : world_(world), checker_(checker) {}

  // With every new agent, and after Leave.
  void Begin();
  // It does not listen for a while.
  void Leave() { ++agent_; }
  const std::string& fault() const { return fault_; }
  // Once everything has settled: whether it was told of all.
  std::string AtRest() const;

 private:
  void Read(const InstanceWatchPtr& watch, int64_t agent);
  void Take(const WatchMessage& message);
  std::string NextChange() const;

  node::World& world_;
  const Checker& checker_;
  int64_t agent_ = 0;  // Watches of earlier ones are dead.
  std::string token_;
  int64_t told_ = -1;  // The revision that it has come to; -1: it does not know yet.
  std::string fault_;
};

}  // namespace berth::sim
