// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/commands.h"
#include "cli/verb.h"

namespace berth::cli {
namespace {

ExitCode Interrupt(Context& context, const VerbArgs& args) {
  return RunVerb(context, "interrupt", args,
                 [&](Agent& agent, const std::string& id, const std::string& request_id) {
                   return agent.Call(&InstanceStub::SendDiagnosticInterrupt,
                                     VerbRequest<berth::v1::SendDiagnosticInterruptRequest>(
                                         id, request_id, args.call));
                 });
}

}  // namespace

void AddInstanceInterrupt(Command& instance) {
  auto args = std::make_shared<VerbArgs>();
  Command interrupt = instance.Sub(
      "interrupt", "Send a non-maskable interrupt; the guest dumps or panics as it is set up to");
  interrupt.Positionals("ID", &args->words, "Instances, by id or by unique name");
  AddExactlyOnceOptions(interrupt, &args->call);
  interrupt.Example("Example:\n  berthctl instance interrupt web-1");
  interrupt.Run([args](Context& context) { return Interrupt(context, *args); });
}

}  // namespace berth::cli
