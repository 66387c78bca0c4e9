// SPDX-License-Identifier: Apache-2.0
// `berthctl image pull` and `image import`.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "berth/v1/image_service.pb.h"
#include "cli/agent.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/image_text.h"
#include "cli/operation_text.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

struct Args {
  std::string source;
  std::string sha256;
  std::string sha512;
  std::string format;
  std::string name;
  std::string id;
  bool pinned = false;
  bool dry_run = false;
  bool no_wait = false;
  CallArgs call;
};

StatusOr<v1::ImageFormat> FormatOf(const std::string& word) {
  if (word.empty()) return v1::IMAGE_FORMAT_UNSPECIFIED;
  std::string name = "IMAGE_FORMAT_";
  for (const char c : word) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  v1::ImageFormat format = v1::IMAGE_FORMAT_UNSPECIFIED;
  if (v1::ImageFormat_Parse(name, &format) && format != v1::IMAGE_FORMAT_UNSPECIFIED) return format;
  return BadUsage(fmt::format("--format {}: it is one of qcow2, raw, vmdk, vdi, vhdx, iso", word));
}

template <typename Request>
StatusOr<Request> MakeRequest(const Args& args) {
  if (!args.sha256.empty() && !args.sha512.empty())
    return BadUsage("--sha256, --sha512: give one of them");
  Request request;
  BERTH_ASSIGN_OR_RETURN(const v1::ImageFormat format, FormatOf(args.format));
  request.set_format(format);
  if (!args.sha256.empty()) request.mutable_digest()->set_sha256(args.sha256);
  if (!args.sha512.empty()) request.mutable_digest()->set_sha512(args.sha512);
  request.set_name(args.name);
  request.set_image_id(args.id);
  request.set_pinned(args.pinned);
  request.set_validate_only(args.dry_run);
  request.set_control_epoch(args.call.control_epoch);
  return request;
}

void SetSource(v1::PullImageRequest& request, const std::string& source) {
  request.set_url(source);
}
// The agent may run elsewhere than in this directory.
void SetSource(v1::ImportImageRequest& request, const std::string& source) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(source, error);
  request.set_path(error ? source : path.lexically_normal().string());
}

ExitCode Follow(Context& context, Agent& agent, const std::string& what, const v1::Operation& begun,
                Duration limit) {
  auto operation = WaitForOperation(agent, context, {begun.operation_id(), begun.target()}, limit);
  if (!operation.ok()) return Fail(context, what, operation.status());
  if (const Status outcome = OutcomeOf(*operation); !outcome.ok())
    return Fail(context, what + " " + begun.target(), outcome);
  ShowImage(context, operation->image());
  return ExitCode::kOk;
}

template <typename Request, typename Method>
ExitCode Bring(Context& context, const std::string& what, const Args& args, Method method) {
  auto request = MakeRequest<Request>(args);
  if (!request.ok()) return Fail(context, what, request.status());
  const auto limit = TimeOf("--wait-timeout", args.call.wait_timeout);
  if (!limit.ok()) return Fail(context, what, limit.status());
  SetSource(*request, args.source);
  request->set_request_id(args.call.request_id.empty() ? NewUuid(context.random)
                                                       : args.call.request_id);
  Agent agent(context);
  const auto operation = agent.Call(method, *request);
  if (!operation.ok())
    return Fail(context, what, operation.status(), {.request_id = request->request_id()});
  if (args.dry_run || args.no_wait) {
    ShowOperations(context, {*operation});
    if (args.dry_run && !context.json()) context.err << "It would be taken; nothing was begun.\n";
    return ExitCode::kOk;
  }
  return Follow(context, agent, what, *operation, *limit);
}

void AddOptions(Command& command, Args* args) {
  command.Group("What it must be");
  command.Option("--sha256", "HEX", &args->sha256,
                 "Its digest; without one, what comes is recorded");
  command.Option("--sha512", "HEX", &args->sha512, "Likewise");
  command.Option("--format", "FORMAT", &args->format,
                 "qcow2, raw, vmdk, vdi, vhdx or iso; found out if left out");
  command.Group("The image");
  command.Option("--name", "NAME", &args->name, "A label for people");
  command.Option("--id", "ID", &args->id, "The image id; the agent makes one if left out");
  command.Flag("--pinned", &args->pinned, "Never evict it from the cache");
  command.Group("The call");
  command.Flag("--dry-run", &args->dry_run, "Check what can be checked; bring nothing");
  command.Flag("--no-wait", &args->no_wait, "Do not wait; `berthctl operation wait` can later");
  args->call.wait_timeout = "24h";
  command.Option("--wait-timeout", "TIME", &args->call.wait_timeout,
                 "How long to wait (24h); the work goes on after that");
  AddExactlyOnceOptions(command, &args->call);
}

}  // namespace

void AddImagePull(Command& image) {
  auto args = std::make_shared<Args>();
  Command pull = image.Sub("pull", "Bring an image here by http or https");
  pull.Positional("URL", &args->source, "Where it is");
  AddOptions(pull, args.get());
  pull.Example(
      "Example:\n  berthctl image pull https://example.org/debian-12.qcow2 --sha256 2bf0...\n"
      "  berthctl instance create --image img-0123456789abcdef0");
  pull.Run([args](Context& context) {
    return Bring<v1::PullImageRequest>(context, "image pull", *args, &ImageStub::PullImage);
  });
}

void AddImageImport(Command& image) {
  auto args = std::make_shared<Args>();
  Command import = image.Sub("import", "Take an image from a file on the host");
  import.Positional("FILE", &args->source,
                    "A file under the agent's exchange directory (/var/lib/berth/exchange)");
  AddOptions(import, args.get());
  import.Example("Example:\n  berthctl image import /var/lib/berth/exchange/windows.vmdk");
  import.Run([args](Context& context) {
    return Bring<v1::ImportImageRequest>(context, "image import", *args, &ImageStub::ImportImage);
});
}  // namespace berth::cli

}  // namespace berth::cli
