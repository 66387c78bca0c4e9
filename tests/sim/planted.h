// SPDX-License-Identifier: Apache-2.0
// Known bugs, each put between an agent and its world, to see that the simulation finds them: a
// checker that misses one is blind.
#pragma once

#include <string>
#include <vector>

#include "agent/node/node_harness.h"

namespace berth::sim {

struct Planted {
  std::string name;
  node::Seams seams;
};

std::vector<Planted> PlantedBugs();

}  // namespace berth::sim
