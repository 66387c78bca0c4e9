// SPDX-License-Identifier: Apache-2.0
#include "agent/node/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "agent/images/image_cache.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/model/names.h"

namespace berth::node {
namespace {

uint64_t FilterOf(const ListInstancesArgs& args) {
  const std::set<model::InstanceState> states(args.states.begin(), args.states.end());
  std::string text = args.tenant_id;
  for (const model::InstanceState state : states) text += fmt::format("\n{}", model::Name(state));
  return HashOf(text);
}

uint64_t FilterOf(const ListReservationsArgs& args) {
  const std::set<model::ReservationState> states(args.states.begin(), args.states.end());
  std::string text = "reservations";
  for (const model::ReservationState state : states)
    text += fmt::format("\n{}", model::Name(state));
  return HashOf(text);
}

bool Matches(const model::InstanceRecord& record, const ListInstancesArgs& args) {
  const auto& states = args.states;
  return (states.empty() ||
          std::find(states.begin(), states.end(), record.state) != states.end()) &&
         (args.tenant_id.empty() || record.spec.tenant_id == args.tenant_id);
}

uint64_t FilterOf(const ListOperationsArgs& args) {
  const std::set<model::OperationState> states(args.states.begin(), args.states.end());
  std::string text = "operations\n" + args.target;
  for (const model::OperationState state : states) text += fmt::format("\n{}", model::Name(state));
  return HashOf(text);
}

bool Matches(const model::Operation& operation, const ListOperationsArgs& args) {
  const auto& states = args.states;
  return (states.empty() ||
          std::find(states.begin(), states.end(), operation.state) != states.end()) &&
         (args.target.empty() || operation.target == args.target);
}

// What a listing is in ascending order of; unique.
template <typename V>
std::string KeyOf(const V& value) {
  return value.id;
}
// Newest first.
std::string KeyOf(const model::Operation& operation) {
  return fmt::format("{:016x}{}",
                     ~static_cast<uint64_t>(operation.created.time_since_epoch().count()),
                     operation.id);
}

// The first `count` entries of `map` after the key `last` that `matches`, ascending by their keys.
template <typename V, typename Matches>
std::vector<std::shared_ptr<const V>> FirstAfter(const PersistentMap<V>& map,
                                                 const std::string& last, size_t count,
                                                 Matches matches) {
  std::vector<std::pair<std::string, std::shared_ptr<const V>>> found;
  map.ForEach([&](const std::string&, const auto& value) {
    if (!matches(*value)) return;
    if (std::string key = KeyOf(*value); key > last) found.emplace_back(std::move(key), value);
  });
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(count, found.size()));
  std::partial_sort(found.begin(), end, found.end(),
                    [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::shared_ptr<const V>> first;
  for (auto it = found.begin(); it != end; ++it) first.push_back(std::move(it->second));
  return first;
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

StatusOr<Listings::Place> Listings::PlaceOf(int32_t page_size, const std::string& page_token,
                                            uint64_t filter) {
  if (page_size < 0) return InvalidField("page_size", "give 0 (the default, 100) to 1000");
  Place place{ledger_.View(), {}};
  place.token = {HashOf(place.view->identity.ledger_id), place.view->revision, filter, ""};
  if (page_token.empty()) return place;
  BERTH_ASSIGN_OR_RETURN(const PageToken given, DecodePageToken(page_token));
  if (given.filter != filter)
    return InvalidField("page_token", "it belongs to a listing with another filter");
  if (given.ledger != place.token.ledger) return StalePage();
  BERTH_ASSIGN_OR_RETURN(place.view, ViewOf(given));
  place.token = given;
  return place;
}

template <typename Ptr>
std::string Listings::Cut(const Place& place, size_t page_size, std::vector<Ptr>* found) {
  if (found->size() <= page_size) return "";
  found->pop_back();
  Hold(place.view);
  PageToken token = place.token;
  token.last_id = KeyOf(*found->back());
  return Encode(token);
}

StatusOr<ListInstancesResult> Listings::Page(const ListInstancesArgs& args) {
  BERTH_ASSIGN_OR_RETURN(const Place place,
                         PlaceOf(args.page_size, args.page_token, FilterOf(args)));
  const size_t page_size = PageSize(args.page_size);
  ListInstancesResult result;
  result.revision = place.view->revision;
  result.instances =
      FirstAfter(place.view->instances, place.token.last_id, page_size + 1,
                 [&](const model::InstanceRecord& record) { return Matches(record, args); });
  result.next_page_token = Cut(place, page_size, &result.instances);
  return result;
}

StatusOr<ListClaimsResult> Listings::Claims(int32_t asked, const std::string& page_token) {
  BERTH_ASSIGN_OR_RETURN(const Place place, PlaceOf(asked, page_token, HashOf("claims")));
  const size_t page_size = PageSize(asked);
  ListClaimsResult result;
  result.revision = place.view->revision;
  result.claims = FirstAfter(place.view->claims, place.token.last_id, page_size + 1,
                             [](const model::Claim&) { return true; });
  result.next_page_token = Cut(place, page_size, &result.claims);
  return result;
}

StatusOr<ListImagesResult> Listings::Images(int32_t asked, const std::string& page_token) {
  BERTH_ASSIGN_OR_RETURN(const Place place, PlaceOf(asked, page_token, HashOf("images")));
  const size_t page_size = PageSize(asked);
  ListImagesResult result;
  result.revision = place.view->revision;
  auto found = FirstAfter(place.view->images, place.token.last_id, page_size + 1,
                          [](const model::Image&) { return true; });
  result.next_page_token = Cut(place, page_size, &found);
  const auto users = images::CountUsers(*place.view);
  for (auto& image : found) {
    const auto used = users.find(image->id);
    result.images.push_back({std::move(image), used == users.end() ? 0 : used->second});
  }
  result.cache_used_bytes = images::BytesOf(*place.view);
  return result;
}

StatusOr<ListReservationsResult> Listings::Reservations(const ListReservationsArgs& args) {
  BERTH_ASSIGN_OR_RETURN(const Place place,
                         PlaceOf(args.page_size, args.page_token, FilterOf(args)));
  const size_t page_size = PageSize(args.page_size);
  const auto& states = args.states;
  ListReservationsResult result;
  result.revision = place.view->revision;
  result.reservations =
      FirstAfter(place.view->reservations, place.token.last_id, page_size + 1,
                 [&](const model::Reservation& reservation) {
                   return states.empty() || std::find(states.begin(), states.end(),
                                                      reservation.state) != states.end();
                 });
  result.next_page_token = Cut(place, page_size, &result.reservations);
  return result;
}

StatusOr<ListOperationsResult> Listings::Operations(const ListOperationsArgs& args) {
  BERTH_ASSIGN_OR_RETURN(const Place place,
                         PlaceOf(args.page_size, args.page_token, FilterOf(args)));
  const size_t page_size = PageSize(args.page_size);
  ListOperationsResult result;
  result.revision = place.view->revision;
  result.operations =
      FirstAfter(place.view->operations, place.token.last_id, page_size + 1,
                 [&](const model::Operation& operation) { return Matches(operation, args); });
  result.next_page_token = Cut(place, page_size, &result.operations);
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
