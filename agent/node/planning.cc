// SPDX-License-Identifier: Apache-2.0
#include "agent/node/planning.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/node/resolve_spec.h"
#include "core/base/error.h"
#include "core/base/stopwatch.h"
#include "core/model/validate_shape.h"
#include "scheduler/place_exact.h"

namespace berth::node {
namespace {

constexpr int64_t kHeadroomMax = 100'000;  // Of one type.

// Places one and takes its room away.
std::variant<scheduler::Charge, placement::Refusal> PlaceNext(placement::Host* host,
                                                              int64_t* disk_left_mib,
                                                              const scheduler::Demand& demand,
                                                              int64_t number) {
  auto answer = scheduler::TryPlace({*host, *disk_left_mib}, demand);
  if (const auto* charge = std::get_if<scheduler::Charge>(&answer)) {
    // No claim of the ledger has a space in its id.
    host->Add(placement::ToClaim(charge->placement, scheduler::RequestOf(demand),
                                 fmt::format("plan {}", number)));
    *disk_left_mib -= charge->disk.disk_mib;
  }
  return answer;
}

}  // namespace

Planning::Planning(ContextPtr context)
    : context_(std::move(context)), book_(context_->with.topology, context_->with.capacity) {}

std::shared_ptr<const placement::Host> Planning::HostAt(const model::NodeView& view) {
  MutexLock lock(mutex_);
  const ForeignPtr foreign = context_->foreign->Get();
  if (host_ == nullptr || foreign != host_foreign_ || !host_claims_.IsSame(view.claims)) {
    host_ = std::make_shared<const placement::Host>(book_.At(view, foreign));
    host_claims_ = view.claims;
    host_foreign_ = foreign;
  }
  return host_;
}

Planning::Trial Planning::TrialAt(const model::NodeView& view) {
  MutexLock lock(mutex_);
  const scheduler::Room room =
      book_.RoomAt(view, context_->foreign->Get(), context_->TopologyNow());
  return {room.host, room.disk_left_mib};
}

scheduler::Demand Planning::DemandFor(const model::Shape& shape, const std::string& tenant_id,
                                      int64_t disk_mib) const {
  return {.shape = shape,
          .tenant_id = tenant_id,
          .traits = {.disks = disk_mib > 0 ? 2 : 1,  // The seed is always there.
                     .root_disk_mib = disk_mib,
                     .emulated = context_->with.hypervisor.Health().accel != "kvm"},
          .with_disk = true};
}

StatusOr<PlanResult> Planning::Plan(const PlanArgs& args) {
  model::Shape shape = args.shape;
  if (!args.instance_type.empty()) {
    const model::InstanceType* type = FindType(args.instance_type, context_->with.types);
    if (type == nullptr) return InvalidField("instance_type", "this node knows no such type");
    shape = type->shape;
  } else if (auto faults = model::ValidateShape(shape, "shape"); !faults.empty()) {
    return InvalidFields(std::move(faults));
  }
  model::NodeView view = *context_->with.ledger.View();
  if (args.ignore_claims) {
    view.claims = {};
    view.allocated = {};
  }
  const Stopwatch watch;
  Trial trial = TrialAt(view);
  const scheduler::Demand demand = DemandFor(shape, args.tenant_id, args.disk_mib);
  PlanResult result;
  result.revision = view.revision;
  for (int32_t i = 0; i < args.count && !result.refusal; ++i) {
    auto answer = PlaceNext(&trial.host, &trial.disk_left_mib, demand, i);
    if (auto* refusal = std::get_if<placement::Refusal>(&answer))
      result.refusal = std::move(*refusal);
    else
      result.charges.push_back(std::get<scheduler::Charge>(std::move(answer)));
  }
  result.search_micros = watch.Micros();
  return result;
}

StatusOr<HeadroomResult> Planning::Headroom(const HeadroomArgs& args) {
  std::vector<model::InstanceType> types;
  if (args.instance_types.empty()) types = context_->with.types;
  std::vector<FieldViolation> faults;
  for (size_t i = 0; i < args.instance_types.size(); ++i) {
    const model::InstanceType* type = FindType(args.instance_types[i], context_->with.types);
    if (type == nullptr)
      faults.push_back({fmt::format("instance_types[{}]", i), "this node knows no such type"});
    else
      types.push_back(*type);
  }
  if (!faults.empty()) return InvalidFields(std::move(faults));
  const auto view = context_->with.ledger.View();
  const Trial now = TrialAt(*view);
  HeadroomResult result;
  result.revision = view->revision;
  for (const model::InstanceType& type : types) {
    HeadroomResult::Type& headroom = result.types.emplace_back();
    headroom.name = type.name;
    if (view->cordoned) continue;
    Trial trial = now;
    const int64_t disk_mib = args.disk_mib > 0 ? args.disk_mib : type.root_disk_mib;
    const scheduler::Demand demand = DemandFor(type.shape, args.tenant_id, disk_mib);
    for (; headroom.count < kHeadroomMax && !headroom.limited_by; ++headroom.count) {
      auto answer = PlaceNext(&trial.host, &trial.disk_left_mib, demand, headroom.count);
      if (auto* refusal = std::get_if<placement::Refusal>(&answer)) {
        headroom.limited_by = std::move(*refusal);
        break;
      }
    }
  }
  return result;
}

}  // namespace berth::node
