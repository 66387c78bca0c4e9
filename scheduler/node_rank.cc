// SPDX-License-Identifier: Apache-2.0
#include "scheduler/node_rank.h"

namespace berth::placement {

int64_t SocketsOf(const Host& host, const std::vector<size_t>& nodes) {
  const auto& all = host.spec().nodes;
  int64_t sockets = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    bool seen = false;
    for (size_t j = 0; j < i; ++j) seen = seen || all[nodes[j]].socket == all[nodes[i]].socket;
    if (!seen) ++sockets;
  }
  return sockets;
}

int64_t DistanceAmong(const Host& host, const std::vector<size_t>& nodes) {
  int64_t distance = 0;
  for (const size_t from : nodes)
    for (const size_t to : nodes)
      if (from != to) distance += host.spec().nodes[from].distances[to];
  return distance;
}

}  // namespace berth::placement
