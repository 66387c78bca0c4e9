// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/hypervisor_world.h"

#include <utility>

namespace berth {
namespace {

constexpr std::chrono::seconds kPatience(20);

}  // namespace

void EventLog::Add(const GuestEvent& event) {
  MutexLock lock(mutex_);
  events_.push_back(event);
  changed_.NotifyAll();
}

void EventLog::Connected() {
  MutexLock lock(mutex_);
  ++connected_;
  changed_.NotifyAll();
}

bool EventLog::WaitFor(const std::function<bool(const std::vector<GuestEvent>&)>& seen) {
  const SteadyTime deadline = SystemClock().Now() + kPatience;
  MutexLock lock(mutex_);
  while (!seen(events_))
    if (!changed_.WaitUntil(mutex_, deadline)) return seen(events_);
  return true;
}

bool EventLog::WaitForConnected(int times) {
  const SteadyTime deadline = SystemClock().Now() + kPatience;
  MutexLock lock(mutex_);
  while (connected_ < times)
    if (!changed_.WaitUntil(mutex_, deadline)) return connected_ >= times;
  return true;
}

std::vector<GuestEvent> EventLog::events() {
  MutexLock lock(mutex_);
  return events_;
}

GuestSpec HypervisorWorld::NewGuest() {
  GuestSpec spec;
  spec.instance_id = NewInstanceId(*random_);
  spec.node_id = kNodeId;
  spec.ledger_id = "3f0c8a52-1111-4222-8333-444455556666";
  spec.generation = 1;
  spec.record_json = R"({"name":"<a & b> \"c\" 'd'"})";
  spec.vcpus = 1;
  spec.memory_mib = 32;
  spec.mac_address = MacAddress(spec.instance_id);
  return spec;
}

void HypervisorWorld::Subscribe(Hypervisor& hypervisor) {
  hypervisor.Subscribe([log = log_](const GuestEvent& event) { log->Add(event); },
                       [log = log_] { log->Connected(); });
}

Status Await(const Start& start) {
  const auto answer = std::make_shared<std::promise<Status>>();
  start([answer](const Status& status) { answer->set_value(status); });
  auto future = answer->get_future();
  // Longer than any deadline of a world's driver: only a call without an answer reaches it.
  if (future.wait_for(std::chrono::seconds(90)) != std::future_status::ready)
    return Status(StatusCode::kDeadlineExceeded, "the call was never answered");
  return future.get();
}

Status Calling::Define(const GuestSpec& spec) {
  return Await([&](auto done) { hypervisor_.Define(spec, done); });
}
Status Calling::StartPaused(const std::string& id) {
  return Await([&](auto done) { hypervisor_.StartPaused(id, done); });
}
Status Calling::Resume(const std::string& id) {
  return Await([&](auto done) { hypervisor_.Resume(id, done); });
}
Status Calling::AskShutdown(const std::string& id) {
  return Await([&](auto done) { hypervisor_.AskShutdown(id, done); });
}
Status Calling::AskReboot(const std::string& id) {
  return Await([&](auto done) { hypervisor_.AskReboot(id, done); });
}
Status Calling::InjectNmi(const std::string& id) {
  return Await([&](auto done) { hypervisor_.InjectNmi(id, done); });
}
Status Calling::Reset(const std::string& id) {
  return Await([&](auto done) { hypervisor_.Reset(id, done); });
}
Status Calling::Destroy(const std::string& id) {
  return Await([&](auto done) { hypervisor_.Destroy(id, done); });
}
Status Calling::Undefine(const std::string& id) {
  return Await([&](auto done) { hypervisor_.Undefine(id, done); });
}

StatusOr<GuestState> Calling::Inspect(const std::string& id) {
  const auto guest = std::make_shared<GuestState>();
  const Status status = Await([&](auto done) {
    hypervisor_.Inspect(id, [guest, done](StatusOr<GuestState> answer) {
      const Status answered = answer.status();
      if (answered.ok()) *guest = *std::move(answer);
      done(answered);
    });
  });
  if (!status.ok()) return status;
  return *guest;
}

StatusOr<std::vector<GuestState>> Calling::List() {
  const auto guests = std::make_shared<std::vector<GuestState>>();
  const Status status = Await([&](auto done) {
    hypervisor_.List([guests, done](StatusOr<std::vector<GuestState>> answer) {
      const Status answered = answer.status();
      if (answered.ok()) *guests = *std::move(answer);
      done(answered);
    });
  });
  if (!status.ok()) return status;
  return *guests;
}

}  // namespace berth
