// SPDX-License-Identifier: Apache-2.0
// Bipartite matching by augmenting paths (Kuhn): small, and linear in what it keeps.
#pragma once

#include <cstddef>
#include <vector>

namespace berth::placement {

// For each left vertex the right ones it may have.
using Edges = std::vector<std::vector<size_t>>;

// How many left vertices can have a right vertex of their own.
size_t LargestMatching(const Edges& edges, size_t right_count);

// The edges the other way round.
Edges Reversed(const Edges& edges, size_t right_count);

}  // namespace berth::placement
