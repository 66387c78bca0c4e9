// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/instances.h"
#include "cli/report.h"
#include "cli/show.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

ExitCode Get(Context& context, const std::vector<std::string>& words) {
  Agent agent(context);
  const auto ids = ResolveIds(agent, words);
  if (!ids.ok()) return Fail(context, "get", ids.status());
  ExitCode worst = ExitCode::kOk;
  std::vector<v1::Instance> instances;
  for (const std::string& id : *ids) {
    v1::GetInstanceRequest request;
    request.set_instance_id(id);
    auto instance = agent.Call(&InstanceStub::GetInstance, request);
    if (instance.ok()) {
      instances.push_back(*std::move(instance));
    } else {
      worst = Worse(worst, Fail(context, "get " + id, instance.status()));
    }
  }
  if (!instances.empty()) ShowInFull(context, instances);
  return worst;
}

}  // namespace

void AddInstanceGet(Command& instance) {
  auto words = std::make_shared<std::vector<std::string>>();
  Command get = instance.Sub("get", "Show instances in full");
  get.Positionals("ID", words.get(), "Instances, by id or by unique name");
  get.Example(
      "Examples:\n  berthctl instance get web-1\n"
      "  berthctl instance get web-1 -o json | jq -r .status.state");
  get.Run([words](Context& context) { return Get(context, *words); });
}

}  // namespace berth::cli
