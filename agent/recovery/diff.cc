// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/diff.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/check.h"
#include "core/base/ids.h"

namespace berth::recovery {
namespace {

using model::InstanceRecord;
using model::InstanceState;

class Comparison {
 public:
  explicit Comparison(const Picture& picture) : picture_(picture) {}

  Differences Run() && {
    SortGuests();
    SortDirectories();
    picture_.now->instances.ForEach(
        [this](const std::string&, const auto& record) { CompareRecord(record); });
    CompareFiles();
    for (const std::string& id : UnfinishedInstances(*picture_.now)) {
      Found(Difference::kUnfinishedOperation, id);
      out_.unfinished.push_back(id);
    }
    return std::move(out_);
  }

 private:
  void Found(Difference difference, const std::string& subject) {
    out_.findings.push_back({difference, subject});
  }

  void SortGuests() {
    for (const GuestState& guest : picture_.guests) {
      const bool ours = IsOurs(guest, picture_.now->identity);
      const auto record = ours ? picture_.now->instances.Find(guest.instance_id) : nullptr;
      if (!ours)
        Found(Difference::kForeignGuest, guest.name);
      else if (record == nullptr || IsOutdated(*record, guest))
        FoundWithoutRecord(guest);
      else
        guests_[guest.instance_id] = &guest;
      if (record == nullptr || RunsUnasked(*record)) Charge(guest);
    }
  }

  void SortDirectories() {
    if (!picture_.directories) return;
    for (const InstanceDirectory& directory : *picture_.directories)
      directories_[directory.instance_id] = &directory;
  }

  void FoundWithoutRecord(const GuestState& guest) {
    Found(Difference::kGuestWithoutRecord, guest.instance_id);
    out_.guests_to_adopt.push_back(guest);
  }

  // A guest is defined after its record was written: no ledger that was not set back has less.
  bool IsOutdated(const InstanceRecord& record, const GuestState& guest) const {
    return guest.generation > record.generation && record.state != InstanceState::kTerminated &&
           picture_.before->instances.Find(record.id) == picture_.now->instances.Find(record.id) &&
           !HasUnfinishedOperation(record, *picture_.now);
  }

  // Somebody has started the guest of an instance that was lost: nobody wants it ended, and it
  // holds no claim.
  bool RunsUnasked(const InstanceRecord& record) const {
    return record.state == InstanceState::kStopped && record.intent == model::Intent::kRunning &&
           record.run_claim_id.empty() && !HasUnfinishedOperation(record, *picture_.now);
  }

  void Charge(const GuestState& guest) {
    if (guest.power == Power::kOff) return;
    out_.foreign_guests.push_back(
        {guest.uuid, guest.name, guest.vcpus, guest.memory_mib, guest.holds});
  }

  void CompareRecord(const std::shared_ptr<const InstanceRecord>& record) {
    const auto it = guests_.find(record->id);
    const GuestState* guest = it == guests_.end() ? nullptr : it->second;
    if (record->state == InstanceState::kTerminated) {
      if (guest == nullptr) return;
      Found(Difference::kGuestOfTerminated, record->id);
      out_.guests_to_end.push_back(record->id);
      return;
    }
    // Each write makes a new value, so the same one means that nothing happened in between.
    if (picture_.before->instances.Find(record->id) != record) return;
    GuestObserved observed = Observed(guest);
    observed.disk_missing = IsDiskMissing(*record);
    out_.observations.push_back({record->id, std::move(observed)});
    if (!HasUnfinishedOperation(*record, *picture_.now)) Explain(*record, guest);
  }

  GuestObserved Observed(const GuestState* guest) const {
    if (guest == nullptr) return {.at_recovery = picture_.at_start};
    return {.defined = true,
            .power = guest->power,
            .off_reason = guest->off_reason,
            .crashed = guest->crashed,
            .pid = guest->pid,
            .at_recovery = picture_.at_start};
  }

  // nullopt: not known, or it has none.
  std::optional<bool> IsDiskMissing(const InstanceRecord& record) const {
    if (!picture_.directories || record.spec.boot.image.empty()) return std::nullopt;
    const auto found = directories_.find(record.id);
    return found == directories_.end() || !found->second->root_disk;
  }

  // Names what differs; what follows from it is the actor's to decide.
  void Explain(const InstanceRecord& record, const GuestState* guest) {
    const bool running = record.state == InstanceState::kRunning;
    if (guest == nullptr) {
      if (running) Found(Difference::kGuestMissing, record.id);
      return;
    }
    if (guest->managed_save) Found(Difference::kManagedSave, record.id);
    if (guest->power == Power::kOff) {
      if (running) Found(Difference::kGuestOff, record.id);
      return;
    }
    if (!running) return Found(Difference::kGuestUp, record.id);
    if (guest->power == Power::kPaused && !guest->crashed)
      Found(Difference::kGuestPaused, record.id);
    if (!guest->persistent) Found(Difference::kGuestTransient, record.id);
    const model::Shape& shape = record.spec.shape;
    if (guest->vcpus != shape.vcpus || guest->memory_mib != shape.memory_mib)
      Found(Difference::kGuestEdited, record.id);
  }

  void CompareFiles() {
    if (!picture_.directories) return;
    for (const auto& [id, directory] : directories_) {
      const auto record = picture_.now->instances.Find(id);
      if (record == nullptr) {
        Found(Difference::kFilesWithoutRecord, id);
      } else if (record->state == InstanceState::kTerminated) {
        Found(Difference::kFilesOfTerminated, id);
        out_.files_to_delete.push_back(id);
      }
    }
    for (const Observation& observation : out_.observations) {
      const auto record = picture_.now->instances.Find(observation.instance_id);
      const bool missing =
          !directories_.contains(record->id) || observation.guest.disk_missing == true;
      if (missing && !HasUnfinishedOperation(*record, *picture_.now))
        Found(Difference::kFilesMissing, record->id);
    }
  }

  const Picture& picture_;
  std::map<std::string, const GuestState*> guests_;  // Ours with a record, by instance id.
  std::map<std::string, const InstanceDirectory*> directories_;
  Differences out_;
};

}  // namespace

std::string_view Name(Difference difference) {
  switch (difference) {
    case Difference::kUnfinishedOperation:
      return "unfinished_operation";
    case Difference::kGuestMissing:
      return "guest_missing";
    case Difference::kGuestOff:
      return "guest_off";
    case Difference::kGuestPaused:
      return "guest_paused";
    case Difference::kGuestUp:
      return "guest_up";
    case Difference::kGuestEdited:
      return "guest_edited";
    case Difference::kGuestTransient:
      return "guest_transient";
    case Difference::kManagedSave:
      return "managed_save";
    case Difference::kGuestOfTerminated:
      return "guest_of_terminated";
    case Difference::kFilesOfTerminated:
      return "files_of_terminated";
    case Difference::kGuestWithoutRecord:
      return "guest_without_record";
    case Difference::kFilesWithoutRecord:
      return "files_without_record";
    case Difference::kFilesMissing:
      return "files_missing";
    case Difference::kForeignGuest:
      return "foreign_guest";
  }
  Fatal(__FILE__, __LINE__, "a difference of no kind", "");
}

bool HasUnfinishedOperation(const model::InstanceRecord& record, const model::NodeView& view) {
  const auto operation = view.operations.Find(record.operation_id);
  return operation != nullptr && !operation->final();
}

std::vector<std::string> UnfinishedInstances(const model::NodeView& view) {
  std::vector<std::string> ids;
  view.instances.ForEach([&](const std::string& id, const auto& record) {
    if (HasUnfinishedOperation(*record, view)) ids.push_back(id);
  });
  return ids;
}

bool IsOurs(const GuestState& guest, const model::Identity& identity) {
  return IsInstanceId(guest.instance_id) && guest.node_id == identity.node_id &&
         (guest.uuid.empty() || guest.uuid == DomainUuid(guest.instance_id));
}

Differences Diff(const Picture& picture) { return Comparison(picture).Run(); }

}  // namespace berth::recovery
