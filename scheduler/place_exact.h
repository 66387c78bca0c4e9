// SPDX-License-Identifier: Apache-2.0
// Exact placement: whether a guest fits a host, and where it is best put. The rules are in
// docs/placement.md. Pure: no I/O, no clock, no randomness; the same input gives the same answer.
//
// place.h beside this one adds up amounts for hosts whose book has no CPUs yet.
#pragma once

#include "scheduler/host.h"
#include "scheduler/placement.h"
#include "scheduler/request.h"

namespace berth::placement {

// Never a yes that is wrong, never a no that is wrong. `request` is well formed: vCPUs 0 to n - 1
// are in exactly one explicit cell each, totals equal the sums, counts are at least 1, memory is at
// most 2^40 MiB.
//
// With `overhead` the nearest shapes are found with the overhead that each would have; the request
// itself has its own already.
Answer Place(const Host& host, const Request& request, const OverheadOf& overhead = nullptr);

// Whether Place would place it; without looking for reasons.
bool Fits(const Host& host, const Request& request);

// How many such guests fit, one after the other, up to `most`: each is really placed.
int64_t Headroom(const Host& host, const Request& request, int64_t most);

}  // namespace berth::placement
