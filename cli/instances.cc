// SPDX-License-Identifier: Apache-2.0
#include "cli/instances.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/all_pages.h"
#include "cli/failure.h"
#include "cli/wire_text.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

std::string Describe(const v1::Instance& instance) {
  return fmt::format("{} ({})", instance.instance_id(), StateName(instance.status().state()));
}

Status Ambiguous(const std::string& name, const std::vector<const v1::Instance*>& found) {
  std::string ids;
  for (const v1::Instance* instance : found) ids += (ids.empty() ? "" : ", ") + Describe(*instance);
  return MakeError(StatusCode::kInvalidArgument, kAmbiguousName,
                   fmt::format("{} instances are named '{}': {}", found.size(), name, ids));
}

Status Unknown(const std::string& word) {
  const std::string what =
      word.rfind("i-", 0) == 0
          ? fmt::format("'{}' is no instance id (i- and 17 hex digits), and nothing has that name",
                        word)
          : fmt::format("no instance is named '{}'", word);
  return MakeError(StatusCode::kNotFound, reasons::kInstanceNotFound, what);
}

}  // namespace

StatusOr<v1::ListInstancesResponse> ListAllInstances(Agent& agent,
                                                     const v1::ListInstancesRequest& filter) {
  return AllPages(agent, &InstanceStub::ListInstances, filter);
}

StatusOr<std::string> ResolveName(const std::string& word, const v1::ListInstancesResponse& all) {
  std::vector<const v1::Instance*> living;
  std::vector<const v1::Instance*> ended;
  for (const v1::Instance& instance : all.instances()) {
    if (instance.spec().name() != word) continue;
    const bool over = instance.status().state() == v1::INSTANCE_STATE_TERMINATED;
    (over ? ended : living).push_back(&instance);
  }
  const auto& found = living.empty() ? ended : living;
  if (found.empty()) return Unknown(word);
  if (found.size() > 1) return Ambiguous(word, found);
  return found.front()->instance_id();
}

StatusOr<std::vector<std::string>> ResolveIds(Agent& agent, const std::vector<std::string>& words) {
  std::vector<std::string> ids;
  std::optional<v1::ListInstancesResponse> all;  // Read only where there is a name.
  for (const std::string& word : words) {
    std::string id = word;
    if (!IsInstanceId(word)) {
      if (!all) {
        BERTH_ASSIGN_OR_RETURN(all, ListAllInstances(agent, {}));
      }
      BERTH_ASSIGN_OR_RETURN(id, ResolveName(word, *all));
    }
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  return ids;
}

}  // namespace berth::cli
