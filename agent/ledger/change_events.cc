// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/change_events.h"

#include <fmt/format.h>

#include <utility>

#include "core/model/names.h"
#include "core/model/state_reasons.h"

namespace berth {
namespace {

using model::Event;
using model::InstanceRecord;
using model::InstanceState;
using model::Operation;
using model::OperationState;

constexpr char kNode[] = "node";

Event About(std::string type, const std::string& subject, std::string message) {
  Event event;
  event.type = std::move(type);
  event.subject = subject;
  event.message = std::move(message);
  return event;
}

// Who set it going, where a call did.
void Ascribe(const Operation& operation, Event& event) {
  event.operation_id = operation.id;
  event.principal = operation.principal;
  event.request_id = operation.request_id;
}

std::string Because(const model::StateReason& reason) {
  return reason.message.empty() ? "" : ": " + reason.message;
}

void StateChange(const InstanceRecord& was, const InstanceRecord& is, const Operation* operation,
                 std::vector<Event>& events) {
  Event& event =
      events.emplace_back(About("InstanceStateChanged", is.id,
                                fmt::format("{} to {}{}", model::Name(was.state),
                                            model::Name(is.state), Because(is.state_reason))));
  event.attributes = {{"from", std::string(model::Name(was.state))},
                      {"to", std::string(model::Name(is.state))}};
  if (!is.state_reason.code.empty()) event.attributes["reason"] = is.state_reason.code;
  if (operation != nullptr) event.operation_id = operation->id;
  // It was to run, and nobody of ours has ended it.
  if (was.state != InstanceState::kRunning || is.state != InstanceState::kStopped ||
      is.intent != model::Intent::kRunning)
    return;
  events.push_back(About("GuestLost", is.id, "the guest is gone" + Because(is.state_reason)));
  events.back().attributes = {{"reason", is.state_reason.code}};
}

void DiskChange(const InstanceRecord& was, const InstanceRecord& is, std::vector<Event>& events) {
  const bool was_missing = was.state_reason.code == state_reasons::kDiskMissing;
  const bool is_missing = is.state_reason.code == state_reasons::kDiskMissing;
  if (is_missing && !was_missing)
    events.push_back(About("DiskMissing", is.id, is.state_reason.message));
  if (was_missing && !is_missing && was.state == is.state)
    events.push_back(About("DiskFound", is.id, "its root disk is there again"));
}

void RecordChange(const InstanceRecord* was, const InstanceRecord& is, const Operation* operation,
                  std::vector<Event>& events) {
  if (was == nullptr && operation == nullptr)
    return events.push_back(
        About("InstanceAdopted", is.id, "its record was lost and is made anew from its guest"));
  if (was == nullptr) {
    events.push_back(
        About("InstanceCreated", is.id,
              fmt::format("created{}{}", is.spec.name.empty() ? "" : " as ", is.spec.name)));
    events.back().attributes = {{"tenant_id", is.spec.tenant_id},
                                {"instance_type", is.spec.instance_type}};
    if (operation != nullptr) Ascribe(*operation, events.back());
    return;
  }
  if (was->spec != is.spec)
    events.push_back(About("InstanceUpdated", is.id,
                           fmt::format("its spec is of generation {} now", is.generation)));
  if (was->state != is.state) StateChange(*was, is, operation, events);
  DiskChange(*was, is, events);
  if (is.recoveries != was->recoveries)
    events.push_back(About("RecoveryStarted", is.id,
                           fmt::format("started again by itself, number {} within an hour{}",
                                       is.recoveries.size(), Because(is.state_reason))));
  const bool rebooted = was->state == InstanceState::kRunning && is.state == was->state &&
                        is.boot_count > was->boot_count;
  if (!rebooted) return;
  events.push_back(
      About("GuestRebooted", is.id, fmt::format("the guest booted, number {}", is.boot_count)));
  events.back().attributes = {{"boot_count", std::to_string(is.boot_count)}};
}

void OperationChange(const Operation* was, const Operation& is, std::vector<Event>& events) {
  const auto tell = [&](const char* type, std::string message) {
    events.push_back(About(type, is.target, std::move(message)));
    events.back().attributes = {{"kind", std::string(model::Name(is.kind))}};
    Ascribe(is, events.back());
  };
  const std::string kind(model::Name(is.kind));
  if (was == nullptr) tell("OperationStarted", kind + " has begun");
  if (was != nullptr && was->state == is.state) return;
  switch (is.state) {
    case OperationState::kRunning:
      return;
    case OperationState::kUndoing:
      return tell("OperationUndoing", fmt::format("{} is taken back: {}", kind, is.error.message));
    case OperationState::kSucceeded:
      return tell("OperationSucceeded", kind + " is done");
    case OperationState::kFailed:
      return tell("OperationFailed", fmt::format("{} failed: {}", kind, is.error.message));
    case OperationState::kCancelled:
      return tell("OperationCancelled", fmt::format("{} ended: {}", kind, is.error.message));
  }
}

void ReservationChange(const model::Reservation* was, const model::Reservation& is,
                       std::vector<Event>& events) {
  if (was != nullptr && was->state == is.state) return;
  switch (is.state) {
    case model::ReservationState::kHeld:
      events.push_back(About("ReservationHeld", is.id, "room is held"));
      return;
    case model::ReservationState::kCommitted:
      events.push_back(About("ReservationCommitted", is.id, "it became " + is.instance_id));
      return;
    case model::ReservationState::kReleased:
      events.push_back(About("ReservationReleased", is.id, "its room was given back"));
      return;
    case model::ReservationState::kExpired:
      events.push_back(About("ReservationExpired", is.id, "its time ran out"));
      return;
  }
}

void ImageChange(const model::Image* was, const model::Image& is, std::vector<Event>& events) {
  if (was != nullptr && was->state == is.state) return;
  switch (is.state) {
    case model::ImageState::kPending:
      events.push_back(About("ImageRequested", is.id,
                             "from " + (is.source.url.empty() ? is.source.path : is.source.url)));
      return;
    case model::ImageState::kAvailable:
      events.push_back(About("ImageAvailable", is.id, "instances can boot from it"));
      return;
    case model::ImageState::kFailed:
      events.push_back(About("ImageFailed", is.id, is.state_message));
      return;
    case model::ImageState::kEvicted:
      events.push_back(About("ImageEvicted", is.id, "it made room for others in the cache"));
      return;
  }
}

void NodeChange(const model::NodeView& was, const model::NodeView& is, std::vector<Event>& events) {
  if (was.cordoned != is.cordoned)
    events.push_back(is.cordoned ? About("NodeCordoned", kNode, "nothing new is taken")
                                 : About("NodeUncordoned", kNode, "instances are taken again"));
  if (was.control_epoch == is.control_epoch) return;
  events.push_back(About("ControlEpochRaised", kNode,
                         fmt::format("a control plane of epoch {} has spoken", is.control_epoch)));
  events.back().attributes = {{"epoch", std::to_string(is.control_epoch)}};
}

void Erased(const Change& change, std::vector<Event>& events) {
  if (change.kind == Change::Kind::kInstance)
    events.push_back(About("InstanceRemoved", change.id, "its record is gone"));
  if (change.kind == Change::Kind::kImage)
    events.push_back(About("ImageDeleted", change.id, "it is no longer in the cache"));
}

}  // namespace

std::vector<Event> EventsOf(const std::vector<Change>& changes, const model::NodeView& before,
                            const model::NodeView& after) {
  std::vector<Event> events;
  for (const Change& change : LastOfEach(changes)) {
    if (change.erased) {
      Erased(change, events);
      continue;
    }
    switch (change.kind) {
      case Change::Kind::kInstance: {
        const auto is = after.instances.Find(change.id);
        const auto operation = after.operations.Find(is->operation_id);
        RecordChange(before.instances.Find(change.id).get(), *is, operation.get(), events);
        break;
      }
      case Change::Kind::kOperation:
        OperationChange(before.operations.Find(change.id).get(), *after.operations.Find(change.id),
                        events);
        break;
      case Change::Kind::kReservation:
        ReservationChange(before.reservations.Find(change.id).get(),
                          *after.reservations.Find(change.id), events);
        break;
      case Change::Kind::kImage:
        ImageChange(before.images.Find(change.id).get(), *after.images.Find(change.id), events);
        break;
      case Change::Kind::kNode:
        NodeChange(before, after, events);
        break;
      case Change::Kind::kClaim:
        break;  // Whoever holds it is told of.
    }
  }
  return events;
}

}  // namespace berth
