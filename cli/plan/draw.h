// SPDX-License-Identifier: Apache-2.0
// A host as a picture in the terminal: nodes, caches, cores, threads, and who sits where. Pure.
#pragma once

#include <string>

#include "scheduler/host.h"

namespace berth::cli {

// Plain text, ending with a newline; lines are kept to about 100 columns. A thread is one
// character: a letter of the legend for the claim that holds it, '.' free for dedicated vCPUs,
// '~' for shared vCPUs only, '#' the host's own, '+' where the letters have run out.
std::string DrawHost(const placement::Host& host);

}  // namespace berth::cli
