// SPDX-License-Identifier: Apache-2.0
#include "scheduler/matching.h"

#include <limits>

namespace berth::placement {
namespace {

constexpr size_t kNobody = std::numeric_limits<size_t>::max();

class Matcher {
 public:
  Matcher(const Edges& edges, size_t right_count)
      : edges_(edges), owner_(right_count, kNobody), visited_(right_count, kNobody) {}

  size_t Run() {
    size_t matched = 0;
    for (size_t left = 0; left < edges_.size(); ++left)
      if (Augment(left, left)) ++matched;
    return matched;
  }

 private:
  bool Augment(size_t left, size_t round) {
    for (const size_t right : edges_[left]) {
      if (visited_[right] == round) continue;
      visited_[right] = round;
      if (owner_[right] != kNobody && !Augment(owner_[right], round)) continue;
      owner_[right] = left;
      return true;
    }
    return false;
  }

  const Edges& edges_;
  std::vector<size_t> owner_;
  std::vector<size_t> visited_;  // The round in which it was last looked at.
};

}  // namespace

size_t LargestMatching(const Edges& edges, size_t right_count) {
  return Matcher(edges, right_count).Run();
}

Edges Reversed(const Edges& edges, size_t right_count) {
  Edges reversed(right_count);
  for (size_t left = 0; left < edges.size(); ++left)
    for (const size_t right : edges[left]) reversed[right].push_back(left);
  return reversed;
}

}  // namespace berth::placement
