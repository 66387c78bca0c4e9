// SPDX-License-Identifier: Apache-2.0
// One transaction's hand on the ledger: reads see what it has written so far, and all of it is kept
// or none. Not thread-safe, and only valid inside the body it is given to.
//
// Concrete on purpose: what a transaction may do is the same for every ledger, only how the write
// set is made durable differs (sqlite_ledger.h, memory_ledger.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/status.h"
#include "core/model/event.h"
#include "core/model/node_view.h"

namespace berth {

// A mutating call, by who made it and how it was named.
struct RequestKey {
  std::string principal;
  std::string method;
  std::string request_id;
  bool operator==(const RequestKey&) const = default;
};

// A call that succeeded, kept so that a repeat gets the same answer.
struct StoredRequest {
  RequestKey key;
  std::string message;  // The request as received: another one under the same key is a mismatch.
  std::string reply;    // The whole answer, in the caller's encoding.
  std::string instance_id;  // Kept until 24 h after the end of this instance, reservation or image.
  WallTime created{};
  bool operator==(const StoredRequest&) const = default;
};

// One row of the change table: what a watch is fed from.
struct Change {
  enum class Kind { kInstance, kOperation, kClaim, kReservation, kImage, kNode };
  int64_t revision = 0;
  Kind kind = Kind::kInstance;
  std::string id;
  bool created = false;
  bool erased = false;
  WallTime time{};
  bool operator==(const Change&) const = default;
};

// The last change of each thing, in order, which alone is kept: of several in one transaction the
// others were never seen by anyone.
std::vector<Change> LastOfEach(const std::vector<Change>& changes);

// A change of an instance, with what it was changed to.
struct InstanceChange {
  int64_t revision = 0;
  std::string id;
  bool created = false;
  // Null: its record was erased.
  std::shared_ptr<const model::InstanceRecord> record;
};

// Changes of instances, as a watch that resumes reads them.
struct ChangeQuery {
  int64_t after = 0;    // Revisions.
  int64_t through = 0;  // Nothing that is committed later is seen.
  size_t limit = 0;
};
struct KeptChanges {
  std::vector<InstanceChange> changes;  // Ascending.
  int64_t oldest = 0;  // The lowest revision of any change that is kept; 0: there is none.
};

struct EventQuery {
  std::string subject;  // "": all.
  int64_t after_number = 0;
  int64_t after_revision = 0;
  int64_t through_revision = 0;
  WallTime since{};
  size_t limit = 0;
};

// Looks up what was written by earlier transactions and is not in the view.
class LedgerLookup {
 public:
  virtual ~LedgerLookup() = default;
  virtual StatusOr<std::optional<StoredRequest>> FindRequest(const RequestKey& key) = 0;
  virtual StatusOr<bool> WasErased(const std::string& id) = 0;
  virtual StatusOr<KeptChanges> FindChanges(const ChangeQuery& query) = 0;
  virtual StatusOr<std::vector<model::Event>> FindEvents(const EventQuery& query) = 0;
};

// What a transaction has written, in order; the ledger makes exactly this durable.
struct WriteSet {
  std::vector<Change> changes;  // The values are in the working view; the last one per id counts.
  std::vector<StoredRequest> requests;
  std::vector<model::Event> events;
  // Instances, reservations and images that were erased: their requests' 24 h begin now.
  std::vector<std::string> forgotten;
  bool empty() const {
    return changes.empty() && requests.empty() && events.empty() && forgotten.empty();
  }
};

// Those of instances, with what `after` says of them.
std::vector<InstanceChange> ChangesOf(const WriteSet& writes, const model::NodeView& after);

class LedgerTxn {
 public:
  // `working` is a copy of the view that this transaction may change; both outlive it.
  LedgerTxn(model::NodeView& working, LedgerLookup& lookup, WallTime now)
      : working_(working), lookup_(lookup), now_(now) {}
  LedgerTxn(const LedgerTxn&) = delete;
  LedgerTxn& operator=(const LedgerTxn&) = delete;

  const model::NodeView& view() const { return working_; }
  // The time of the transaction, the same throughout.
  WallTime now() const { return now_; }

  // Each is one change: the view's revision grows by one. An instance is given that revision.
  void PutInstance(model::InstanceRecord record);
  void EraseInstance(const std::string& id);
  void PutOperation(model::Operation operation);
  void EraseOperation(const std::string& id);
  // A reservation too is given its revision.
  void PutReservation(model::Reservation reservation);
  void EraseReservation(const std::string& id);
  // So is an image.
  void PutImage(model::Image image);
  void EraseImage(const std::string& id);
  // Keeps view().allocated the sum of the claims.
  void PutClaim(model::Claim claim);
  void EraseClaim(const std::string& id);  // Unknown or "": no change.
  // Remembers a higher control epoch; lower or equal: no change.
  void RaiseControlEpoch(int64_t epoch);
  void SetCordoned(bool cordoned);
  // Of what is no change of the ledger; those that changes amount to are added by the ledger
  // (change_events.h). Time and revision are set here.
  void AddEvent(model::Event event);

  // What was answered to this call before, by this transaction's own writes or by an earlier one.
  StatusOr<std::optional<StoredRequest>> FindRequest(const RequestKey& key);
  // The key is new: FindRequest gave nothing.
  void SaveRequest(StoredRequest request);

  // Whether an instance, a reservation or an image of this id was there once and is erased: its id
  // is never used again.
  StatusOr<bool> WasErased(const std::string& id);

  // As committed; not what this transaction has written.
  StatusOr<KeptChanges> FindChanges(const ChangeQuery& query) { return lookup_.FindChanges(query); }
  StatusOr<std::vector<model::Event>> FindEvents(const EventQuery& query) {
    return lookup_.FindEvents(query);
  }

  const WriteSet& writes() const { return writes_; }

 private:
  enum class What { kCreated, kChanged, kErased };
  template <typename V>
  static What PutOf(const PersistentMap<V>& map, const std::string& id);
  void Record(Change::Kind kind, const std::string& id, What what);

  model::NodeView& working_;
  LedgerLookup& lookup_;
  WallTime now_;
  WriteSet writes_;
};

}  // namespace berth
