// SPDX-License-Identifier: Apache-2.0
#include "agent/node/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/node/page_token.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

constexpr int32_t kPageSizeDefault = 100;
constexpr int32_t kPageSizeMax = 1000;

uint64_t FilterOf(const ListEventsArgs& args) {
  return HashOf(fmt::format("events\n{}\n{}\n{}", args.instance_id,
                            args.since.time_since_epoch().count(), args.after_revision));
}

// All pages show what was there at the first: its revision is in the token, and the number of the
// last event given.
Status ReadToken(const ListEventsArgs& args, const std::string& ledger_id, EventQuery* query) {
  BERTH_ASSIGN_OR_RETURN(const PageToken token, DecodePageToken(args.page_token));
  if (token.filter != FilterOf(args))
    return InvalidField("page_token", "it belongs to a listing with another filter");
  if (token.ledger != HashOf(ledger_id))
    return MakeError(StatusCode::kOutOfRange, reasons::kStalePageToken,
                     "this listing is of another ledger: begin again without a page_token");
  query->through_revision = token.revision;
  std::from_chars(token.last_id.data(), token.last_id.data() + token.last_id.size(),
                  query->after_number);
  return OkStatus();
}

StatusOr<EventQuery> QueryOf(const ListEventsArgs& args, const model::NodeView& view) {
  if (args.page_size < 0) return InvalidField("page_size", "give 0 (the default, 100) to 1000");
  if (args.after_revision < 0) return InvalidField("after_revision", "give 0 or a revision");
  EventQuery query;
  query.subject = args.instance_id;
  query.since = args.since;
  query.after_revision = args.after_revision;
  // 0 means all, also those of before the first change.
  if (args.after_revision == 0) query.after_revision = -1;
  query.through_revision = view.revision;
  const int32_t size = args.page_size == 0 ? kPageSizeDefault : args.page_size;
  query.limit = static_cast<size_t>(std::min(size, kPageSizeMax)) + 1;
  if (!args.page_token.empty())
    BERTH_RETURN_IF_ERROR(ReadToken(args, view.identity.ledger_id, &query));
  return query;
}

ListEventsResult ResultOf(const EventQuery& query, std::vector<model::Event> events,
                          uint64_t filter, const std::string& ledger_id) {
  ListEventsResult result{std::move(events), "", query.through_revision};
  if (result.events.size() < query.limit) return result;
  result.events.pop_back();
  result.next_page_token = Encode(PageToken{HashOf(ledger_id), query.through_revision, filter,
                                            std::to_string(result.events.back().number)});
  return result;
}

}  // namespace

void ListEvents(const ContextPtr& context, const ListEventsArgs& args,
                NodeAgent::DoneWith<ListEventsResult> done) {
  if (!args.instance_id.empty())
    if (Status status = CheckInstanceId(args.instance_id); !status.ok())
      return context->Refuse(std::move(done), std::move(status));
  const auto view = context->with.ledger.View();
  auto query = QueryOf(args, *view);
  if (!query.ok()) return context->Refuse(std::move(done), std::move(query).status());
  auto events = std::make_shared<std::vector<model::Event>>();
  context->with.ledger.Submit(
      [events, query = *query](LedgerTxn& txn) -> Status {
        BERTH_ASSIGN_OR_RETURN(*events, txn.FindEvents(query));
        return OkStatus();
      },
      [context, events, query = *query, filter = FilterOf(args), view,
       done = std::move(done)](const Status& status) mutable {
        if (!status.ok()) return context->Refuse(std::move(done), status);
        context->Answer<ListEventsResult>(
            std::move(done), ResultOf(query, std::move(*events), filter, view->identity.ledger_id));
      });
}

}  // namespace berth::node
