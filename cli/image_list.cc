// SPDX-License-Identifier: Apache-2.0
// `berthctl image list`, `image get` and `image delete`.
#include <fmt/format.h>

#include <memory>

#include "berth/v1/image_service.pb.h"
#include "cli/agent.h"
#include "cli/all_pages.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/image_text.h"
#include "cli/json_output.h"
#include "cli/report.h"
#include "cli/sizes.h"
#include "cli/verb.h"
#include "core/base/ids.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

struct DeleteArgs {
  std::vector<std::string> ids;
  CallArgs call;
};

std::string CacheText(const v1::ListImagesResponse& all) {
  const std::string used = HumanBytes(all.cache_used_bytes());
  return all.cache_limit_bytes() == 0
             ? fmt::format("{} in the cache, no limit.\n", used)
             : fmt::format("{} of {} in the cache.\n", used, HumanBytes(all.cache_limit_bytes()));
}

ExitCode List(Context& context) {
  Agent agent(context);
  const auto all = AllPages(agent, &ImageStub::ListImages, v1::ListImagesRequest());
  if (!all.ok()) return Fail(context, "image list", all.status());
  if (context.json()) {
    context.out << ToJson(*all);
    return ExitCode::kOk;
  }
  if (all->images().empty())
    context.err << "No images; `berthctl image pull` brings one.\n";
  else
    context.out << RenderImages({all->images().begin(), all->images().end()}, context);
  context.err << CacheText(*all);
  return ExitCode::kOk;
}

ExitCode Get(Context& context, const std::vector<std::string>& ids) {
  Agent agent(context);
  ExitCode worst = ExitCode::kOk;
  for (const std::string& id : ids) {
    v1::GetImageRequest request;
    request.set_image_id(id);
    const auto image = agent.Call(&ImageStub::GetImage, request);
    if (image.ok())
      ShowImage(context, *image);
    else
      worst = Worse(worst, Fail(context, "image get " + id, image.status()));
  }
  return worst;
}

ExitCode Delete(Context& context, const DeleteArgs& args) {
  if (!args.call.request_id.empty() && args.ids.size() > 1)
    return Fail(context, "image delete",
                BadUsage("--request-id: it names one call, so give one image with it"));
  Agent agent(context);
  ExitCode worst = ExitCode::kOk;
  for (const std::string& id : args.ids) {
    v1::DeleteImageRequest request;
    request.set_image_id(id);
    request.set_control_epoch(args.call.control_epoch);
    request.set_request_id(args.call.request_id.empty() ? NewUuid(context.random)
                                                        : args.call.request_id);
    const auto deleted = agent.Call(&ImageStub::DeleteImage, request);
    if (deleted.ok())
      context.err << fmt::format("{} is deleted\n", id);
    else
      worst = Worse(worst, Fail(context, "image delete " + id, deleted.status(),
                                {.request_id = request.request_id()}));
  }
  return worst;
}

}  // namespace

void AddImageList(Command& image) {
  Command list = image.Sub("list", "List the images of the cache");
  list.Example("Example:\n  berthctl image list");
  list.Run([](Context& context) { return List(context); });
}

void AddImageGet(Command& image) {
  auto ids = std::make_shared<std::vector<std::string>>();
  Command get = image.Sub("get", "Show images");
  get.Positionals("ID", ids.get(), "Image ids (img-...)");
  get.Example("Example:\n  berthctl image get img-0123456789abcdef0 -o json");
  get.Run([ids](Context& context) { return Get(context, *ids); });
}

void AddImageDelete(Command& image) {
  auto args = std::make_shared<DeleteArgs>();
  Command remove = image.Sub("delete", "Delete images that no instance uses");
  remove.Positionals("ID", &args->ids, "Image ids (img-...)");
  AddExactlyOnceOptions(remove, &args->call);
  remove.Example("Example:\n  berthctl image delete img-0123456789abcdef0");
  remove.Run([args](Context& context) { return Delete(context, *args); });
}

}  // namespace berth::cli
