// SPDX-License-Identifier: Apache-2.0
// Reading instances: all of a list, and the one that a word on the command line means.
#pragma once

#include <string>
#include <vector>

#include "berth/v1/instance_service.pb.h"
#include "cli/agent.h"
#include "core/base/status.h"

namespace berth::cli {

// All pages as one, of one revision. Should that be dropped while we read, the list is begun again,
// once; then OUT_OF_RANGE STALE_PAGE_TOKEN.
StatusOr<berth::v1::ListInstancesResponse> ListAllInstances(
    Agent& agent, const berth::v1::ListInstancesRequest& filter);

// The ids that `words` mean, in their order, each once. A word that has the form of an id is taken
// as it is; any other is a name, of one instance that is not terminated, or else of one that is.
// NOT_FOUND INSTANCE_NOT_FOUND: nobody has that name; INVALID_ARGUMENT kAmbiguousName with the ids
// of those that do.
StatusOr<std::vector<std::string>> ResolveIds(Agent& agent, const std::vector<std::string>& words);

// The same over a list at hand; for `word` alone. Pure.
StatusOr<std::string> ResolveName(const std::string& word,
                                  const berth::v1::ListInstancesResponse& all);

}  // namespace berth::cli
