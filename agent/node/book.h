// SPDX-License-Identifier: Apache-2.0
// The host and who holds what of it, kept in step with the ledger's claims and with foreign guests:
// never more or less than these, since it is only ever changed by what differs between two views.
//
// Not thread-safe.
#pragma once

#include <memory>

#include "agent/node/foreign.h"
#include "core/base/persistent_map.h"
#include "core/model/capacity.h"
#include "core/model/claim.h"
#include "core/model/node_view.h"
#include "core/model/topology.h"
#include "scheduler/host.h"
#include "scheduler/place.h"

namespace berth::node {

// A claim as the placement rules see it. One for running that says no place (from a ledger of
// before placements) is charged to the first node, `first_node`.
placement::Claim BookedClaim(const model::Claim& claim, int first_node);

using ForeignPtr = std::shared_ptr<const ForeignHoldings>;

class Book {
 public:
  Book(const model::Topology& topology, const model::Capacity& capacity);

  // The host with exactly the view's claims and those of `foreign`, which is not null; valid until
  // the next call. Costs what changed since the last one.
  const placement::Host& At(const model::NodeView& view, const ForeignPtr& foreign);
  // The same with the disk that is left, and without the pages that others have taken: `now` is the
  // hardware as the kernel shows it now. A claim whose guest has not started has no pages yet.
  scheduler::Room RoomAt(const model::NodeView& view, const ForeignPtr& foreign,
                         const model::Topology& now);

 private:
  void Follow(const ForeignPtr& foreign);
  placement::Claim PagesOfOthers(const model::NodeView& view, const model::Topology& now) const;

  const int64_t disk_mib_;
  const int first_node_;
  placement::Host host_;
  PersistentMap<model::Claim> claims_;
  ForeignPtr foreign_;  // As booked; null: none.
  bool others_booked_ = false;
};

}  // namespace berth::node
