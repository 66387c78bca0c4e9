// SPDX-License-Identifier: Apache-2.0
// Lists in pages that all show one revision: the view of a listing with more to come
// is held, at most kHeldMax of them, each for kHeldFor after its last page. Views share what did
// not change, so holding one costs what has changed since.
//
// Thread-safe.
#pragma once

#include <map>
#include <memory>

#include "agent/node/node_agent.h"
#include "agent/node/page_token.h"
#include "core/base/mutex.h"

namespace berth::node {

class Listings {
 public:
  static constexpr size_t kHeldMax = 16;
  static constexpr Duration kHeldFor = std::chrono::minutes(5);
  static constexpr int32_t kPageSizeDefault = 100;
  static constexpr int32_t kPageSizeMax = 1000;

  // Both outlive this.
  Listings(const Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}

  // As NodeAgent::ListClaims.
  StatusOr<ListClaimsResult> Claims(int32_t page_size, const std::string& page_token)
      EXCLUDES(mutex_);
  // As ImageCatalog::List, without the limit.
  StatusOr<ListImagesResult> Images(int32_t page_size, const std::string& page_token)
      EXCLUDES(mutex_);
  // As NodeAgent::ListReservations.
  StatusOr<ListReservationsResult> Reservations(const ListReservationsArgs& args) EXCLUDES(mutex_);
  // As NodeAgent::ListOperations.
  StatusOr<ListOperationsResult> Operations(const ListOperationsArgs& args) EXCLUDES(mutex_);
  // As NodeAgent::ListInstances; records as they are stored.
  StatusOr<ListInstancesResult> Page(const ListInstancesArgs& args) EXCLUDES(mutex_);

 private:
  using ViewPtr = std::shared_ptr<const model::NodeView>;
  struct Held {
    ViewPtr view;
    SteadyTime last_used;
  };

  // The view that a page is of, and where in it the page begins.
  struct Place {
    ViewPtr view;
    PageToken token;
  };
  StatusOr<Place> PlaceOf(int32_t page_size, const std::string& page_token, uint64_t filter)
      EXCLUDES(mutex_);
  // `found` has one more than a page if there is more: it is taken off, and the next token given.
  template <typename Ptr>
  std::string Cut(const Place& place, size_t page_size, std::vector<Ptr>* found) EXCLUDES(mutex_);
  StatusOr<ViewPtr> ViewOf(const PageToken& token) EXCLUDES(mutex_);
  void Hold(const ViewPtr& view) EXCLUDES(mutex_);
  void DropExpired(SteadyTime now) REQUIRES(mutex_);

  const Ledger& ledger_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<int64_t, Held> held_ GUARDED_BY(mutex_);  // By revision.
};

}  // namespace berth::node
