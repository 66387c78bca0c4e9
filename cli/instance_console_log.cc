// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/instances.h"
#include "cli/json_output.h"
#include "cli/report.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

constexpr int64_t kBytesMax = 65'536;

struct Args {
  std::string word;
  int64_t bytes = kBytesMax;
};

ExitCode ConsoleLog(Context& context, const Args& args) {
  if (args.bytes < 1 || args.bytes > kBytesMax)
    return Fail(context, "console-log", BadUsage(fmt::format("--bytes: from 1 to {}", kBytesMax)));
  Agent agent(context);
  const auto ids = ResolveIds(agent, {args.word});
  if (!ids.ok()) return Fail(context, "console-log", ids.status());
  v1::GetConsoleOutputRequest request;
  request.set_instance_id(ids->front());
  request.set_max_bytes(static_cast<int32_t>(args.bytes));
  const auto reply = agent.Call(&InstanceStub::GetConsoleOutput, request);
  if (!reply.ok()) return Fail(context, "console-log", reply.status());
  context.out << (context.json() ? ToJson(*reply) : reply->output());
  return ExitCode::kOk;
}

}  // namespace

void AddInstanceConsoleLog(Command& instance) {
  auto args = std::make_shared<Args>();
  Command log = instance.Sub("console-log", "The end of a guest's serial console, byte for byte");
  log.Option("--bytes", "N", &args->bytes, "At most so many bytes from the end (65536, the most)");
  log.Positional("ID", &args->word, "An instance, by id or by unique name");
  log.Example("Example:\n  berthctl instance console-log web-1 | tail -n 20");
  log.Run([args](Context& context) { return ConsoleLog(context, *args); });
}

}  // namespace berth::cli
