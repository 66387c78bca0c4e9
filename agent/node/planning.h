// SPDX-License-Identifier: Apache-2.0
// Questions about room: against the ledger as it is, or as if it were empty. Nothing is written.
//
// Thread-safe.
#pragma once

#include <memory>

#include "agent/node/node_agent.h"
#include "agent/node/node_context.h"
#include "core/base/mutex.h"

namespace berth::node {

class Planning {
 public:
  explicit Planning(ContextPtr context);

  // As NodeAgent's methods of the same names.
  StatusOr<PlanResult> Plan(const PlanArgs& args) EXCLUDES(mutex_);
  StatusOr<HeadroomResult> Headroom(const HeadroomArgs& args) EXCLUDES(mutex_);
  // The host with the view's claims and foreign guests; the same one until they change.
  std::shared_ptr<const placement::Host> HostAt(const model::NodeView& view) EXCLUDES(mutex_);

 private:
  // What is placed in turn.
  struct Trial {
    placement::Host host;
    int64_t disk_left_mib = 0;
  };
  Trial TrialAt(const model::NodeView& view) EXCLUDES(mutex_);
  scheduler::Demand DemandFor(const model::Shape& shape, const std::string& tenant_id,
                              int64_t disk_mib) const;

  const ContextPtr context_;
  Mutex mutex_;
  Book book_ GUARDED_BY(mutex_);  // The transactions have one of their own.
  // What HostAt gave last, and for what.
  std::shared_ptr<const placement::Host> host_ GUARDED_BY(mutex_);
  PersistentMap<model::Claim> host_claims_ GUARDED_BY(mutex_);
  ForeignPtr host_foreign_ GUARDED_BY(mutex_);
};

}  // namespace berth::node
