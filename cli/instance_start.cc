// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/verb.h"

namespace berth::cli {

void AddInstanceStart(Command& instance) {
  auto args = std::make_shared<VerbArgs>();
  Command start = instance.Sub("start", "Start stopped instances");
  AddVerbOptions(start, args.get());
  start.Example("Example:\n  berthctl instance start web-1 --wait");
  start.Run([args](Context& context) {
    return RunVerb(context, "start", *args,
                   [&](Agent& agent, const std::string& id, const std::string& request_id) {
                     const auto request =
                         VerbRequest<berth::v1::StartInstanceRequest>(id, request_id, args->call);
                     return agent.Call(&InstanceStub::StartInstance, request);
                   });
  });
}

}  // namespace berth::cli
