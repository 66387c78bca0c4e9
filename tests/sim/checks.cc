// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/checks.h"

#include <fmt/format.h>

#include <utility>

#include "agent/instance/lifecycle.h"
#include "core/base/ids.h"
#include "core/model/names.h"
#include "core/model/state_reasons.h"

namespace berth::sim {
namespace {

using model::InstanceRecord;
using model::InstanceState;
using model::Intent;

std::string Describe(const InstanceRecord& record) {
  return fmt::format("{} ({}, generation {}, revision {})", record.id, model::Name(record.state),
                     record.generation, record.revision);
}

std::string Unfinished(const model::Operation& operation) {
  const model::Step& step = operation.steps[*ActiveStep(operation)];
  return fmt::format("{} ({} of {}) never ended: {} is {}, attempt {}, last error \"{}\"",
                     operation.id, model::Name(operation.kind), operation.target,
                     model::Name(step.kind), model::Name(step.state), step.attempts,
                     step.last_error.message);
}

// The edges of docs/architecture.md, "Life of an instance", and no others.
bool IsEdge(InstanceState from, InstanceState to) {
  switch (from) {
    case InstanceState::kPending:
      return to != InstanceState::kStopping;
    case InstanceState::kRunning:
      return to != InstanceState::kTerminated;
    case InstanceState::kStopping:
      return to == InstanceState::kStopped || to == InstanceState::kShuttingDown;
    case InstanceState::kStopped:
      return to != InstanceState::kRunning && to != InstanceState::kTerminated;
    case InstanceState::kShuttingDown:
      return to == InstanceState::kTerminated;
    case InstanceState::kTerminated:
      return false;
  }
  return false;
}

}  // namespace

void Checker::TakeNewChanges() {
  const int64_t last = changes_.empty() ? 0 : changes_.back().revision;
  const auto& kept = world_.file.instance_changes();
  auto first = kept.end();
  while (first != kept.begin() && (first - 1)->revision > last) --first;
  changes_.insert(changes_.end(), first, kept.end());
}

std::string Checker::AfterStep() {
  const int64_t revision = world_.ledger().revision;
  const int64_t host_changes = world_.host.changes();
  if (revision < seen_revision_)
    return fmt::format("the revision fell from {} to {}", seen_revision_, revision);
  const bool ledger_changed = revision != seen_revision_;
  if (!ledger_changed && host_changes == seen_host_changes_) return "";
  seen_revision_ = revision;
  seen_host_changes_ = host_changes;
  if (ledger_changed) {
    TakeNewChanges();
    for (; checked_changes_ < changes_.size(); ++checked_changes_)
      if (std::string fault = CheckChange(changes_[checked_changes_]); !fault.empty()) return fault;
    if (std::string fault = CheckClaims(); !fault.empty()) return fault;
    if (std::string fault = CheckImagesInUse(); !fault.empty()) return fault;
  }
  return CheckGuests();
}

std::string Checker::CheckClaims() const {
  const model::NodeView& view = world_.ledger();
  model::Resources sum;
  std::string fault;
  CpuSet dedicated;
  view.claims.ForEach([&](const std::string& id, const auto& claim) {
    sum += claim->held;
    for (const model::PlacedCell& cell : claim->placement.cells)
      for (const auto& [vcpu, cpu] : cell.vcpu_pins) {
        if (dedicated.Has(cpu)) fault = fmt::format("CPU {} is given out twice", cpu);
        dedicated.Add(cpu);
      }
    if (claim->owner == model::ClaimOwner::kReservation) {
      const auto holder = view.reservations.Find(claim->owner_id);
      if (holder == nullptr || (holder->run_claim_id != id && holder->disk_claim_id != id))
        fault = fmt::format("{} belongs to no reservation", id);
      return;
    }
    if (claim->owner == model::ClaimOwner::kImage) {
      const auto image = view.images.Find(claim->owner_id);
      if (image == nullptr || image->disk_claim_id != id)
        fault = fmt::format("{} belongs to no image", id);
      return;
    }
    const auto owner = view.instances.Find(claim->owner_id);
    const bool named =
        owner != nullptr && (owner->run_claim_id == id || owner->disk_claim_id == id ||
                             (owner->resized_from && owner->resized_from->run_claim_id == id));
    if (!named) fault = fmt::format("{} belongs to no instance", id);
    if (named && owner->state == InstanceState::kTerminated)
      fault = fmt::format("{} is held by {}", id, Describe(*owner));
  });
  if (!fault.empty()) return fault;
  if (sum != view.allocated) return "what is allocated is not the sum of the claims";
  const model::Resources limit = world_.capacity.Allocatable();
  if (sum.vcpus > limit.vcpus || sum.memory_mib > limit.memory_mib || sum.disk_mib > limit.disk_mib)
    return fmt::format("{} vCPUs, {} MiB and {} MiB of disk are given out, beyond what there is",
                       sum.vcpus, sum.memory_mib, sum.disk_mib);
  return "";
}

std::string Checker::CheckChange(const InstanceChange& change) {
  auto& last = last_[change.id];
  const auto was = std::exchange(last, change.record);
  if (gone_.contains(change.id)) return change.id + " came back after its record was erased";
  if (change.created != (was == nullptr)) return change.id + " was created twice, or never";
  if (change.record == nullptr) {
    gone_.insert(change.id);
    if (was->state != InstanceState::kTerminated) return Describe(*was) + " lost its record";
    return "";
  }
  const InstanceRecord& is = *change.record;
  if (is.observed_generation > is.generation) return Describe(is) + " has seen the future";
  if (was == nullptr) return "";
  if (is.generation < was->generation || is.boot_count < was->boot_count)
    return Describe(is) + " counts backwards";
  if (is.state != was->state && !IsEdge(was->state, is.state))
    return fmt::format("{} was {}", Describe(is), model::Name(was->state));
  if (was->state == InstanceState::kTerminated) return Describe(is) + " changed after its end";
  return "";
}

std::string Checker::CheckGuests() {
  const auto guests = world_.host.Guests();
  std::erase_if(seen_guests_, [&](const auto& seen) { return !guests.contains(seen.first); });
  for (const auto& [id, guest] : guests) {
    if (guest.spec.node_id.empty()) continue;  // Foreign.
    if (std::string fault = CheckGuest(id, guest); !fault.empty()) return fault;
  }
  return "";
}

// A guest that runs has a record that holds room for it; and while its record is RUNNING it is the
// same one, unless somebody else meddled.
std::string Checker::CheckGuest(const std::string& id, const FakeGuest& guest) {
  const auto record = world_.ledger().instances.Find(id);
  if (guest.state.power == Power::kOff) {
    seen_guests_.erase(id);
    started_by_others_.erase(id);
    return "";
  }
  if (started_by_others_.contains(id)) return "";
  if (record == nullptr) return id + " runs without a record";
  if (record->run_claim_id.empty()) return Describe(*record) + " runs without room";
  if (record->state != InstanceState::kRunning) {
    seen_guests_.erase(id);
    return "";
  }
  const auto [seen, fresh] =
      seen_guests_.try_emplace(id, SeenGuest{guest.state.pid, record->boot_count});
  if (!fresh && seen->second.pid != guest.state.pid)
    return Describe(*record) + " was started twice";
  return "";
}

std::string Checker::AtRest() {
  if (std::string fault = AfterStep(); !fault.empty()) return fault;
  std::string fault;
  world_.ledger().operations.ForEach([&](const std::string&, const auto& operation) {
    if (!operation->final()) fault = Unfinished(*operation);
  });
  if (!fault.empty()) return fault;
  world_.ledger().instances.ForEach([&](const std::string&, const auto& record) {
    if (fault.empty()) fault = CheckSettled(*record);
  });
  if (fault.empty()) fault = CheckImageFiles();
  return fault.empty() ? CheckLeftovers() : fault;
}

// What a disk rests on stays.
std::string Checker::CheckImagesInUse() const {
  std::string fault;
  const model::NodeView& view = world_.ledger();
  view.instances.ForEach([&](const std::string& id, const auto& record) {
    const std::string& image_id = record->spec.boot.image;
    if (!IsImageId(image_id) || record->state == InstanceState::kTerminated ||
        image_files_removed_.contains(image_id))
      return;
    const auto image = view.images.Find(image_id);
    if (image == nullptr || image->state != model::ImageState::kAvailable)
      fault = fmt::format("{} rests on {}, which is not there any more", id, image_id);
  });
  return fault;
}

std::string Checker::CheckImageFiles() const {
  std::map<std::string, bool> files;
  for (const ImageFile& file : world_.image_store.Files()) files[file.image_id] = file.published;
  std::string fault;
  world_.ledger().images.ForEach([&](const std::string& id, const auto& image) {
    const auto found = files.find(id);
    const bool published = found != files.end() && found->second;
    const bool available = image->state == model::ImageState::kAvailable;
    if (available && !published && !image_files_removed_.contains(id))
      fault = id + ": its file is gone";
    if (!available && found != files.end())
      fault = fmt::format("{}: a file is left of it, which is {}", id, model::Name(image->state));
    if (image->state == model::ImageState::kPending) fault = id + " never came";
    files.erase(id);
  });
  // One that appeared since the last agent's start is looked at by the next.
  for (const auto& [id, published] : files)
    if (!appeared_.contains(id)) fault = id + ": a file is left of it, and no record";
  return fault;
}

std::string Checker::CheckSettled(const InstanceRecord& record) const {
  const Power power = world_.PowerOf(record.id);
  switch (record.state) {
    case InstanceState::kRunning:
      if (power != Power::kRunning) return Describe(record) + ": its guest does not run";
      return CheckDisk(record);
    case InstanceState::kStopped:
      // One that was lost, and that somebody starts, is nobody's to end.
      if (power != Power::kOff && record.intent == Intent::kStopped)
        return Describe(record) + ": its guest runs";
      if (record.run_claim_id.empty() == record.spec.shape.reserve_when_stopped)
        return Describe(record) + ": its room is not as its shape says";
      return CheckDisk(record);
    case InstanceState::kTerminated:
      if (world_.host.Inspect(record.id).ok()) return Describe(record) + ": its guest is left";
      if (world_.storage.HasAnything(record.id)) return Describe(record) + ": its files are left";
      return "";
    default:
      return Describe(record) + " never settled";
  }
}

std::string Checker::CheckDisk(const InstanceRecord& record) const {
  const bool missing = !world_.storage.HasRootDisk(record.id);
  if (missing && !disks_removed_.contains(record.id))
    return Describe(record) + ": its disk is gone";
  const bool said = record.state_reason.code == state_reasons::kDiskMissing;
  if (missing && !said) return Describe(record) + ": nothing is said of its missing disk";
  if (said && !missing) return Describe(record) + ": its disk is said to be missing";
  return "";
}

std::string Checker::CheckLeftovers() const {
  for (const auto& [id, guest] : world_.host.Guests())
    if (!guest.spec.node_id.empty() && world_.ledger().instances.Find(id) == nullptr)
      return id + ": a guest is left of it, and no record";
  for (const std::string& id : world_.storage.Instances())
    if (world_.ledger().instances.Find(id) == nullptr)
      return id + ": files are left of it, and no record";
  return "";
}

}  // namespace berth::sim
