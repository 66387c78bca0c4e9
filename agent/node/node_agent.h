// SPDX-License-Identifier: Apache-2.0
// The use cases of the node: what a caller may ask of it, in words of the model. Knows no protobuf
// and no libvirt. Each mutating call is one ledger transaction (look the request id up, check,
// place, write record, claims, operation and the reply to be kept) and answers after its commit;
// the work itself is then carried by the instance's actor, also if the caller has left.
//
// Calls return at once; `done` is called exactly once from an unspecified thread. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/instance/registry.h"
#include "agent/ledger/ledger.h"
#include "agent/node/image_catalog.h"
#include "agent/node/instance_watch.h"
#include "agent/node/node_watch.h"
#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/model/batch_outcome.h"
#include "core/model/capacity.h"
#include "core/model/event.h"
#include "core/model/foreign_guest.h"
#include "core/model/instance_type.h"
#include "core/model/node_view.h"
#include "core/model/topology.h"
#include "drivers/hypervisor.h"
#include "drivers/storage/storage.h"
#include "scheduler/place.h"

namespace berth {

namespace node {
struct ForeignHoldings;  // agent/node/foreign.h
}

// What every mutating call carries.
struct CallContext {
  std::string principal;      // Who calls: "uid:0" on the local socket.
  std::string method;         // "CreateInstance".
  std::string request_id;     // "" = no repeat is expected; else IsRequestId.
  std::string message;        // The request, encoded; a repeat must carry the same.
  int64_t control_epoch = 0;  // 0 = none given.
  std::string etag;           // "" = none given; else must match the instance's.
  // Everything is checked, room included, and nothing changed or kept; the answer is what would be.
  // Start, Resize and Update look at it; creates and reservations have their own.
  bool validate_only = false;
};

struct CreateInstanceArgs {
  std::string instance_id;  // "" = the agent makes one.
  // Everything is checked and nothing kept, no request id either; an id not given stays "".
  bool validate_only = false;
  // "" = placed anew; else it gets the room that this reservation holds, which ends with that.
  std::string reservation_id;
  model::InstanceSpec spec;  // With instance_type or shape; not both.
};

inline constexpr size_t kBatchMax = 100;

struct BatchCreateArgs {
  std::vector<CreateInstanceArgs> entries;  // 1 to kBatchMax; ids that are given differ.
  bool atomic = true;                       // All, or none.
  bool validate_only = false;               // For all of them.
};

struct ReserveArgs {
  std::string reservation_id;  // "" = the agent makes one.
  std::string tenant_id;
  std::string instance_type;  // Or shape.
  model::Shape shape;
  int64_t disk_mib = 0;  // 0 with a type: the type's own.
  Duration hold = std::chrono::seconds(60);
  bool validate_only = false;
};

inline constexpr Duration kHoldMin = std::chrono::seconds(1);
inline constexpr Duration kHoldMax = std::chrono::hours(24);

struct ListReservationsArgs {
  int32_t page_size = 0;  // As ListInstancesArgs.
  std::string page_token;
  std::vector<model::ReservationState> states;  // Empty = all.
};

struct ListReservationsResult {
  std::vector<std::shared_ptr<const model::Reservation>> reservations;  // Ascending by id.
  std::string next_page_token;                                          // "" = that was all.
  int64_t revision = 0;
};

struct ResizeArgs {
  std::string instance_type;  // Or shape.
  model::Shape shape;
};

struct ListInstancesArgs {
  int32_t page_size = 0;  // 0 = 100; at most 1000, larger is cut to it.
  std::string page_token;
  std::vector<model::InstanceState> states;  // Empty = all.
  std::string tenant_id;                     // "" = all.
};

struct ListInstancesResult {
  std::vector<std::shared_ptr<const model::InstanceRecord>> instances;  // Ascending by id.
  std::string next_page_token;                                          // "" = that was all.
  int64_t revision = 0;  // Of the view; all pages of one listing show the same.
};

struct ListOperationsArgs {
  int32_t page_size = 0;  // As ListInstancesArgs.
  std::string page_token;
  std::string target;                         // An instance; "" = all.
  std::vector<model::OperationState> states;  // Empty = all.
};

struct ListOperationsResult {
  std::vector<std::shared_ptr<const model::Operation>> operations;  // Newest first.
  std::string next_page_token;                                      // "" = that was all.
  int64_t revision = 0;
};

struct ListEventsArgs {
  int32_t page_size = 0;  // As ListInstancesArgs.
  std::string page_token;
  std::string instance_id;     // "" = all, and the node's own.
  WallTime since{};            // Only those at or after it.
  int64_t after_revision = 0;  // Only those after it; 0 = all.
};

struct ListEventsResult {
  std::vector<model::Event> events;  // Oldest first.
  std::string next_page_token;       // "" = that was all.
  int64_t revision = 0;              // Of the first page.
};

struct PlanArgs {
  std::string instance_type;  // Or shape.
  model::Shape shape;
  std::string tenant_id;
  int64_t disk_mib = 0;
  int32_t count = 1;  // 1 to 1000, one after the other.
  bool ignore_claims = false;
};

struct PlanResult {
  std::vector<scheduler::Charge> charges;     // Of those that fit, in turn.
  std::optional<placement::Refusal> refusal;  // Of the first that does not.
  double search_micros = 0;
  int64_t revision = 0;
};

struct HeadroomArgs {
  std::vector<std::string> instance_types;  // Empty = all.
  std::string tenant_id;
  int64_t disk_mib = 0;  // For each; 0 = the type's own.
};

struct HeadroomResult {
  struct Type {
    std::string name;
    int64_t count = 0;
    std::optional<placement::Refusal> limited_by;  // Why not one more.
  };
  std::vector<Type> types;
  int64_t revision = 0;
};

struct ListClaimsResult {
  std::vector<std::shared_ptr<const model::Claim>> claims;  // Ascending by id.
  std::string next_page_token;                              // "" = that was all.
  int64_t revision = 0;
};

// Counts for metrics; called from any thread.
struct NodeObserver {
  std::function<void(const std::string& reason)> refused;
  std::function<void(int64_t count)> reservations_expired;
  std::function<void(bool hit)> image_wanted;  // Hit: it was here, or on its way.
};

// What the agent knows of the node as a whole.
struct NodeInfo {
  model::Identity identity;
  model::Topology topology;
  model::Capacity capacity;
  model::Resources allocated;                            // With what foreign guests have.
  std::shared_ptr<const placement::Host> host;           // Who holds what; never null.
  std::shared_ptr<const node::ForeignHoldings> foreign;  // Never null.
  int64_t revision = 0;
  bool cordoned = false;
  HypervisorHealth hypervisor;
};

class NodeAgent {
 public:
  template <typename T>
  using DoneWith = std::function<void(StatusOr<T>)>;

  // The references outlive this; its pending work ends with the executor.
  struct Dependencies {
    Executor& executor;
    const Clock& clock;
    Random& random;
    Ledger& ledger;
    InstanceRegistry& instances;
    Hypervisor& hypervisor;
    Storage& storage;
    model::Capacity capacity;
    model::Topology topology;
    // The same with its page pools as they are now; empty: they never change. Any thread; quick.
    std::function<model::Topology()> topology_now;
    std::vector<model::InstanceType> types;
    NodeObserver observer;
    ImageSettings images = {};
    // How long a terminated instance, an ended reservation or a failed image, and an operation that
    // is over can still be read.
    Duration terminated_visible = std::chrono::hours(1);
    Duration operations_visible = std::chrono::hours(24);
  };
  explicit NodeAgent(Dependencies dependencies);
  ~NodeAgent();
  NodeAgent(const NodeAgent&) = delete;
  NodeAgent& operator=(const NodeAgent&) = delete;

  // To be called by the ledger's listener (Ledger::SetListener) with each published view: answers
  // who waits for an operation, and tells who watches. Cheap; posts and returns.
  void ViewPublished(const std::shared_ptr<const model::NodeView>& view,
                     const std::vector<InstanceChange>& changes);

  // To be called with every comparison of what runs (agent/recovery): these are charged from now
  // on. From any thread; cheap.
  void ForeignGuestsFound(std::vector<model::ForeignGuest> guests);

  // INVALID_ARGUMENT with every violation, IMAGE_INVALID, or IDEMPOTENT_PARAMETER_MISMATCH;
  // NOT_FOUND IMAGE_NOT_FOUND; RESOURCE_EXHAUSTED INSUFFICIENT_CAPACITY with metadata per short
  // resource (scheduler/place.h); ALREADY_EXISTS INSTANCE_EXISTS, also for the id of a terminated
  // instance; FAILED_PRECONDITION STALE_EPOCH or NODE_CORDONED; UNAVAILABLE HYPERVISOR_UNAVAILABLE
  // with retry_after, and what the ledger answers. A repeat of a success gives the first answer,
  // whatever has become of image or instance; a refusal is decided afresh.
  void CreateInstance(CallContext call, CreateInstanceArgs args,
                      DoneWith<model::InstanceRecord> done);
  // With a reservation also NOT_FOUND RESERVATION_NOT_FOUND; FAILED_PRECONDITION
  // RESERVATION_NOT_HELD; INVALID_ARGUMENT for a spec that is not what was reserved. Cordoned or
  // not.
  //
  // Many at once: malformed entries fail the whole call ("entries[2].spec.shape"). Atomic: all, or
  // the error of the first that is refused, with its `index` in the metadata. Else each by itself,
  // in order; if none is admitted the call fails likewise.
  void BatchCreateInstances(CallContext call, BatchCreateArgs args,
                            DoneWith<model::BatchOutcome> done);
  // Holds room for one instance until a deadline. INVALID_ARGUMENT with every violation;
  // ALREADY_EXISTS RESERVATION_EXISTS, also for the id of one that has ended; otherwise as Create.
  // When its time runs out the room is free again, whether anybody looks or not, also if the agent
  // was away meanwhile.
  void Reserve(CallContext call, ReserveArgs args, DoneWith<model::Reservation> done);
  // Gives the room back. One that has expired or was released stays as it is. NOT_FOUND
  // RESERVATION_NOT_FOUND; FAILED_PRECONDITION RESERVATION_NOT_HELD if it became an instance.
  void Release(CallContext call, const std::string& id, DoneWith<model::Reservation> done);
  // NOT_FOUND INSTANCE_NOT_FOUND; FAILED_PRECONDITION as lifecycle.h says, or STALE_EPOCH; ABORTED
  // ETAG_MISMATCH; Start also RESOURCE_EXHAUSTED and NODE_CORDONED as Create. None needs the
  // hypervisor: the wish is recorded, and done when it is back.
  void StartInstance(CallContext call, const std::string& id, DoneWith<model::InstanceRecord> done);
  void StopInstance(CallContext call, const std::string& id, StopRequested how,
                    DoneWith<model::InstanceRecord> done);
  void RebootInstance(CallContext call, const std::string& id, RebootRequested how,
                      DoneWith<model::InstanceRecord> done);
  // FAILED_PRECONDITION OPERATION_NOT_PERMITTED under termination protection.
  void TerminateInstance(CallContext call, const std::string& id, TerminateRequested how,
                         DoneWith<model::InstanceRecord> done);
  // Gives a stopped instance another shape; the new claim is had beside the old one until it is
  // done. INVALID_ARGUMENT with every violation ("instance_type", "shape.vcpus");
  // RESOURCE_EXHAUSTED INSUFFICIENT_CAPACITY. If the hypervisor stays away the operation fails, and
  // the instance is as it was.
  void ResizeInstance(CallContext call, const std::string& id, ResizeArgs args,
                      DoneWith<model::Operation> done);
  // Changes what may be changed at any time. `update` is valid (core/model/validate.h).
  void UpdateInstance(CallContext call, const std::string& id, model::SpecUpdate update,
                      DoneWith<model::InstanceRecord> done);
  // A non-maskable interrupt, once: a call that ends in an error may be repeated, and then the
  // guest may get another. UNAVAILABLE HYPERVISOR_UNAVAILABLE or GUEST_STUCK; DEADLINE_EXCEEDED
  // HYPERVISOR_TIMEOUT.
  void SendDiagnosticInterrupt(CallContext call, const std::string& id,
                               DoneWith<model::InstanceRecord> done);
  // Ends an operation and undoes it; the answer is the operation, UNDOING or ended. One that has
  // ended already stays as it is. NOT_FOUND OPERATION_NOT_FOUND; FAILED_PRECONDITION
  // OPERATION_NOT_CANCELLABLE.
  void CancelOperation(CallContext call, const std::string& operation_id,
                       DoneWith<model::Operation> done);

  // Reads answer at once, from one view. `reachable` is derived here and not stored: while the
  // hypervisor is away, or a guest is stuck, the record shows its last known state and false.
  StatusOr<std::shared_ptr<const model::InstanceRecord>> GetInstance(const std::string& id) const;
  // INVALID_ARGUMENT for a malformed token or one of another filter; OUT_OF_RANGE STALE_PAGE_TOKEN
  // for one whose revision is no longer held (pages are held for 5 min or 16 listings).
  StatusOr<ListInstancesResult> ListInstances(const ListInstancesArgs& args) const;
  // NOT_FOUND RESERVATION_NOT_FOUND.
  StatusOr<std::shared_ptr<const model::Reservation>> GetReservation(const std::string& id) const;
  // Errors as ListInstances.
  StatusOr<ListReservationsResult> ListReservations(const ListReservationsArgs& args) const;
  // NOT_FOUND OPERATION_NOT_FOUND.
  StatusOr<std::shared_ptr<const model::Operation>> GetOperation(const std::string& id) const;
  // Errors as ListInstances.
  StatusOr<ListOperationsResult> ListOperations(const ListOperationsArgs& args) const;
  // Answers when the operation is final, or with its state after `timeout` (at most 10 min).
  void WaitOperation(const std::string& id, Duration timeout,
                     DoneWith<std::shared_ptr<const model::Operation>> done);
  // The end of the serial console (drivers/storage/storage.h: ReadConsole), in any state.
  void GetConsoleOutput(const std::string& id, int64_t max_bytes, DoneWith<std::string> done);
  NodeInfo GetNode() const;
  // Follows instances (instance_watch.h). INVALID_ARGUMENT, or OUT_OF_RANGE STALE_RESUME_TOKEN.
  // Ends when nobody holds it any more.
  StatusOr<InstanceWatchPtr> WatchInstances(WatchArgs args);
  // Follows the node (node_watch.h), from a token or, where that is "", from now on; likewise.
  // `other`: see there.
  StatusOr<std::shared_ptr<NodeWatch>> WatchNode(const std::string& resume_token,
                                                 NodeWatch::Fingerprint other);
  // The log, oldest first. INVALID_ARGUMENT; OUT_OF_RANGE STALE_PAGE_TOKEN; and what the ledger
  // answers.
  void ListEvents(const ListEventsArgs& args, DoneWith<ListEventsResult> done);
  // Outlived by this.
  ImageCatalog& images();
  // Where claims hold more than there is now, a sentence each; empty: nowhere.
  std::vector<std::string> OverCommitments() const;
  // As in GetNode, alone.
  model::Resources Allocated() const;
  // Whether so many of a shape fit now, and where or why not. INVALID_ARGUMENT with every violation
  // ("instance_type", "shape.vcpus").
  StatusOr<PlanResult> PlanInstance(const PlanArgs& args) const;
  // How many more of each type fit, each as if it alone were asked for. Exact: they are placed. 0
  // on a cordoned node. INVALID_ARGUMENT for unknown types.
  StatusOr<HeadroomResult> GetHeadroom(const HeadroomArgs& args) const;
  // Every claim; errors as ListInstances.
  StatusOr<ListClaimsResult> ListClaims(int32_t page_size, const std::string& page_token) const;
  const std::vector<model::InstanceType>& types() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth
