// SPDX-License-Identifier: Apache-2.0
#include "agent/api/image_rpcs.h"

#include <utility>

#include "agent/api/call_context.h"
#include "agent/api/image_convert.h"
#include "agent/api/show_operation.h"

namespace berth::api {
namespace {

template <typename Request>
void Bring(NodeAgent& node, const Request& request, BringImageArgs args,
           const RequestFaults& faults, const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.images().Bring(ContextOf(*call, request), std::move(args),
                      call->AnswerWith<model::Operation>([&node](const auto& operation) {
                        return ShowOperation(node, operation);
                      }));
}

void DeleteImage(NodeAgent& node, const v1::DeleteImageRequest& request, RequestFaults faults,
                 const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.images().Delete(
      ContextOf(*call, request), request.image_id(),
      call->AnswerWith<model::Image>([](const auto&) { return v1::DeleteImageResponse(); }));
}

void GetImage(NodeAgent& node, const v1::GetImageRequest& request, RequestFaults faults,
              const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto reading = node.images().Get(request.image_id());
  if (!reading.ok()) return call->Fail(reading.status());
  call->Succeed(FromImage(*reading));
}

void ListImages(NodeAgent& node, const v1::ListImagesRequest& request, RequestFaults faults,
                const CallPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  const auto page = node.images().List(request.page_size(), request.page_token());
  if (!page.ok()) return call->Fail(page.status());
  v1::ListImagesResponse reply;
  for (const ImageReading& reading : page->images) *reply.add_images() = FromImage(reading);
  reply.set_next_page_token(page->next_page_token);
  reply.set_revision(page->revision);
  reply.set_cache_limit_bytes(page->cache_limit_bytes);
  reply.set_cache_used_bytes(page->cache_used_bytes);
  call->Succeed(reply);
}

}  // namespace

void ServeImages(RpcService& service, NodeAgent& node) {
  const auto on = [&node](auto function) {
    return [&node, function](const auto& request, RequestFaults faults, const CallPtr& call) {
      function(node, request, std::move(faults), call);
    };
  };
  service.Serve<v1::PullImageRequest>(
      "PullImage", [&node](const auto& request, RequestFaults faults, const CallPtr& call) {
        BringImageArgs args = ToPull(request, faults);
        Bring(node, request, std::move(args), faults, call);
      });
  service.Serve<v1::ImportImageRequest>(
      "ImportImage", [&node](const auto& request, RequestFaults faults, const CallPtr& call) {
        BringImageArgs args = ToImport(request, node.images().exchange_dir(), faults);
        Bring(node, request, std::move(args), faults, call);
      });
  service.Serve<v1::DeleteImageRequest>("DeleteImage", on(DeleteImage));
  service.Serve<v1::GetImageRequest>("GetImage", on(GetImage));
  service.Serve<v1::ListImagesRequest>("ListImages", on(ListImages));
}

}  // namespace berth::api
