// SPDX-License-Identifier: Apache-2.0
// A whole list, read page after page.
#pragma once

#include "cli/agent.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::cli {

// All pages that `method` gives for `request` as one reply, of one revision. Should that be dropped
// while we read, the list is begun again, once; then OUT_OF_RANGE STALE_PAGE_TOKEN.
template <typename Stub, typename Request, typename Reply>
StatusOr<Reply> AllPages(Agent& agent,
                         grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                         Request request, bool again = true) {
  constexpr int kPageSize = 1000;
  const Request first = request;
  request.set_page_size(kPageSize);
  Reply all;
  do {
    auto page = agent.Call(method, request);
    if (!page.ok() && again && ReasonOf(page.status()) == reasons::kStalePageToken)
      return AllPages(agent, method, first, /*again=*/false);
    if (!page.ok()) return page.status();
    request.set_page_token(page->next_page_token());
    all.MergeFrom(*page);
    all.set_next_page_token("");
  } while (!request.page_token().empty());
  return all;
}

}  // namespace berth::cli
