// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/clients.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"
#include "core/model/codec.h"

namespace berth::sim {
namespace {

using std::chrono::seconds;

std::string InstanceOf(const model::InstanceRecord& record) { return record.id; }
std::string InstanceOf(const model::Operation& operation) {
  return IsInstanceId(operation.target) ? operation.target : "";
}
std::string InstanceOf(const model::Image&) { return ""; }
std::string InstanceOf(const model::Reservation&) { return ""; }
std::string InstanceOf(const model::BatchOutcome& outcome) {
  for (const model::BatchEntry& entry : outcome.entries)
    if (entry.instance) return entry.instance->id;
  return "";
}

// Errors by which a call that was answered before may be refused: nothing was decided anew.
bool IsTransient(const Status& status) {
  return status.code() == StatusCode::kUnavailable || ReasonOf(status) == reasons::kStorageFull;
}

}  // namespace

std::string Clients::IdOf(uint64_t number) const { return fmt::format("i-{:017x}", number + 1); }

std::string Clients::AnyImage() {
  std::vector<std::string> ids;
  world_.ledger().images.ForEach([&](const std::string& id, const auto&) { ids.push_back(id); });
  return ids.empty() ? "" : ids[Draw(ids.size())];
}

void Clients::Ask() {
  if (!answered_.empty() && Draw(6) == 0) {
    auto it = answered_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(Draw(answered_.size())));
    return Send(asked_.at(it->first));
  }
  const Asked asked = DrawCall();
  asked_[asked.call.request_id] = asked;
  Send(asked);
}

Clients::Asked Clients::DrawCall() {
  constexpr Verb kVerbs[] = {
      Verb::kCreate,    Verb::kCreate,  Verb::kCreate,      Verb::kStart,     Verb::kStart,
      Verb::kStop,      Verb::kStop,    Verb::kReboot,      Verb::kReboot,    Verb::kTerminate,
      Verb::kTerminate, Verb::kResize,  Verb::kResize,      Verb::kUpdate,    Verb::kInterrupt,
      Verb::kCancel,    Verb::kReserve, Verb::kCommit,      Verb::kRelease,   Verb::kBatch,
      Verb::kPull,      Verb::kPull,    Verb::kDeleteImage, Verb::kCancelPull};
  Asked asked;
  asked.verb = kVerbs[Draw(std::size(kVerbs))];
  asked.id = AnyId();
  asked.image_id = AnyImage();
  asked.seed = Draw(1 << 20);
  asked.call = node::Call(fmt::format("r-{}", next_request_++));
  asked.call.method = fmt::format("Verb{}", static_cast<int>(asked.verb));
  const int64_t epoch = world_.ledger().control_epoch;
  if (Draw(8) == 0) asked.call.control_epoch = epoch + static_cast<int64_t>(Draw(3)) - 1;
  return asked;
}

CreateInstanceArgs Clients::ArgsFor(const Asked& asked) const {
  CreateInstanceArgs args = node::SmallInstance(asked.id);
  args.spec.shape.vcpus = 3;  // So that not all fit at once.
  args.spec.shape.reserve_when_stopped = asked.seed % 5 == 0;
  args.spec.autostart = asked.seed % 3 == 0;
  if (asked.seed % 2 == 0 && !asked.image_id.empty()) args.spec.boot.image = asked.image_id;
  args.spec.auto_recover = asked.seed % 5 == 0;
  args.spec.crash_behavior = static_cast<model::CrashBehavior>(asked.seed % 11 % 3);
  if (asked.seed % 7 == 0) args.spec.shutdown_behavior = model::ShutdownBehavior::kTerminate;
  args.spec.termination_protection = asked.seed % 11 == 0;
  return args;
}

void Clients::Send(const Asked& asked) {
  NodeAgent& node = world_.node();
  const auto record = Expect<model::InstanceRecord>(asked);
  const auto operation = Expect<model::Operation>(asked);
  const Duration grace = seconds(asked.seed % 2 == 0 ? 30 : 0);
  const bool force = asked.seed % 4 == 1;
  const std::string reservation = fmt::format("r-{:017x}", asked.seed % 3 + 1);
  switch (asked.verb) {
    case Verb::kCreate:
      return node.CreateInstance(asked.call, ArgsFor(asked), record);
    case Verb::kStart:
      return node.StartInstance(asked.call, asked.id, record);
    case Verb::kStop:
      return node.StopInstance(asked.call, asked.id, {.force = force, .grace = grace}, record);
    case Verb::kReboot:
      return node.RebootInstance(asked.call, asked.id, {.hard = force, .grace = grace}, record);
    case Verb::kTerminate:
      return node.TerminateInstance(asked.call, asked.id, {.grace = grace}, record);
    case Verb::kResize:
      return node.ResizeInstance(asked.call, asked.id,
                                 asked.seed % 3 == 0
                                     ? ResizeArgs{"m1.small", {}}
                                     : ResizeArgs{"", {.vcpus = 2, .memory_mib = 128}},
                                 operation);
    case Verb::kUpdate: {
      model::SpecUpdate update;
      update.termination_protection = asked.seed % 4 == 0;
      update.name = fmt::format("name-{}", asked.seed);
      return node.UpdateInstance(asked.call, asked.id, update, record);
    }
    case Verb::kInterrupt:
      return node.SendDiagnosticInterrupt(asked.call, asked.id, record);
    case Verb::kCancel: {
      const auto instance = world_.ledger().instances.Find(asked.id);
      if (instance == nullptr) return;
      return node.CancelOperation(asked.call, instance->operation_id, operation);
    }
    case Verb::kPull: {
      BringImageArgs args;
      args.source.url = fmt::format("http://example.org/{}", asked.seed % 5);
      args.pinned = asked.seed % 13 == 0;
      return node.images().Bring(asked.call, args, operation);
    }
    case Verb::kDeleteImage:
      return node.images().Delete(asked.call, asked.image_id, Expect<model::Image>(asked));
    case Verb::kCancelPull: {
      const auto image = world_.ledger().images.Find(asked.image_id);
      if (image == nullptr) return;
      return node.CancelOperation(asked.call, image->operation_id, operation);
    }
    case Verb::kReserve: {
      ReserveArgs args;
      args.reservation_id = reservation;
      args.shape = ArgsFor(asked).spec.shape;
      args.disk_mib = 1024;
      args.hold = seconds(5 + asked.seed % 60);
      return node.Reserve(asked.call, args, Expect<model::Reservation>(asked));
    }
    case Verb::kCommit: {
      CreateInstanceArgs args = ArgsFor(asked);
      args.reservation_id = reservation;
      return node.CreateInstance(asked.call, args, record);
    }
    case Verb::kRelease:
      return node.Release(asked.call, reservation, Expect<model::Reservation>(asked));
    case Verb::kBatch: {
      BatchCreateArgs args;
      args.atomic = asked.seed % 2 == 0;
      for (uint64_t i = 0; i < 2; ++i) {
        args.entries.push_back(ArgsFor(asked));
        args.entries.back().instance_id =
            IdOf((asked.seed + i) % static_cast<uint64_t>(instances_));
      }
      return node.BatchCreateInstances(asked.call, args, Expect<model::BatchOutcome>(asked));
    }
  }
}

template <typename T>
NodeAgent::DoneWith<T> Clients::Expect(const Asked& asked) {
  return [this, asked](const StatusOr<T>& answer) { Answered(asked, answer); };
}

template <typename T>
void Clients::Answered(const Asked& asked, const StatusOr<T>& answer) {
  const std::string& request_id = asked.call.request_id;
  if (answer.ok()) return Judge(asked, model::Encode(*answer), InstanceOf(*answer));
  if (answered_.contains(request_id) && !IsTransient(answer.status()))
    fault_ = fmt::format("{} was answered before, and is refused now: {}", request_id,
                         answer.status().ToString());
}

void Clients::Judge(const Asked& asked, const std::string& answer, const std::string& instance_id) {
  const auto [first, is_first] = answered_.emplace(asked.call.request_id, answer);
  if (!is_first) {
    if (first->second != answer)
      fault_ = fmt::format("{} was answered twice, not alike", asked.call.request_id);
    return;
  }
  // What is answered is on disk.
  if (!instance_id.empty() && world_.ledger().instances.Find(instance_id) == nullptr)
    fault_ = fmt::format("{} was answered, and {} is not in the ledger", asked.call.request_id,
                         instance_id);
  if (asked.call.control_epoch > world_.ledger().control_epoch)
    fault_ = fmt::format("{} ({}) was answered, and its epoch is not in the ledger",
                         asked.call.request_id, asked.call.method);
}

}  // namespace berth::sim
