// SPDX-License-Identifier: Apache-2.0
#include "agent/node/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

namespace berth::node {
namespace {

using RecordPtr = std::shared_ptr<const model::InstanceRecord>;

uint64_t FilterOf(const ListInstancesArgs& args) {
  const std::set<model::InstanceState> states(args.states.begin(), args.states.end());
  std::string text = args.tenant_id;
  for (const model::InstanceState state : states) text += fmt::format("\n{}", model::Name(state));
  return HashOf(text);
}

bool Matches(const model::InstanceRecord& record, const ListInstancesArgs& args) {
  const auto& states = args.states;
  return (states.empty() ||
          std::find(states.begin(), states.end(), record.state) != states.end()) &&
         (args.tenant_id.empty() || record.spec.tenant_id == args.tenant_id);
}

bool Earlier(const RecordPtr& a, const RecordPtr& b) { return a->id < b->id; }

// The first `count` records after `last_id`, ascending by id.
std::vector<RecordPtr> FirstAfter(const model::NodeView& view, const ListInstancesArgs& args,
                                  const std::string& last_id, size_t count) {
  std::vector<RecordPtr> found;
  view.instances.ForEach([&](const std::string& id, const RecordPtr& record) {
    if (id > last_id && Matches(*record, args)) found.push_back(record);
  });
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(count, found.size()));
  std::partial_sort(found.begin(), end, found.end(), Earlier);
  found.erase(end, found.end());
  return found;
}

Status StalePage() {
  return MakeError(StatusCode::kOutOfRange, reasons::kStalePageToken,
                   "this listing is no longer held: begin again without a page_token");
}

size_t PageSize(int32_t asked) {
  if (asked == 0) return Listings::kPageSizeDefault;
  return static_cast<size_t>(std::min(asked, Listings::kPageSizeMax));
}

}  // namespace

StatusOr<ListInstancesResult> Listings::Page(const ListInstancesArgs& args) {
  if (args.page_size < 0) return InvalidField("page_size", "give 0 (the default, 100) to 1000");
  ViewPtr view = ledger_.View();
  PageToken token{HashOf(view->identity.ledger_id), view->revision, FilterOf(args), ""};
  if (!args.page_token.empty()) {
    BERTH_ASSIGN_OR_RETURN(const PageToken given, DecodePageToken(args.page_token));
    if (given.filter != token.filter)
      return InvalidField("page_token", "it belongs to a listing with another filter");
    if (given.ledger != token.ledger) return StalePage();
    BERTH_ASSIGN_OR_RETURN(view, ViewOf(given));
    token = given;
  }

  const size_t page_size = PageSize(args.page_size);
  ListInstancesResult result;
  result.revision = view->revision;
  result.instances = FirstAfter(*view, args, token.last_id, page_size + 1);
  if (result.instances.size() <= page_size) return result;
  result.instances.pop_back();  // It only told that there is more.
  Hold(view);
  token.last_id = result.instances.back()->id;
  result.next_page_token = Encode(token);
  return result;
}

StatusOr<Listings::ViewPtr> Listings::ViewOf(const PageToken& token) {
  const SteadyTime now = clock_.Now();
  MutexLock lock(mutex_);
  DropExpired(now);
  const auto it = held_.find(token.revision);
  if (it == held_.end()) return StalePage();
  it->second.last_used = now;
  return it->second.view;
}

void Listings::Hold(const ViewPtr& view) {
  const SteadyTime now = clock_.Now();
  MutexLock lock(mutex_);
  DropExpired(now);
  held_[view->revision] = {view, now};
  if (held_.size() <= kHeldMax) return;
  held_.erase(std::min_element(held_.begin(), held_.end(), [](const auto& a, const auto& b) {
    return a.second.last_used < b.second.last_used;
  }));
}

void Listings::DropExpired(SteadyTime now) {
  std::erase_if(held_, [&](const auto& entry) { return now - entry.second.last_used > kHeldFor; });
}

}  // namespace berth::node
