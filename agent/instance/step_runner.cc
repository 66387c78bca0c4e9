// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/step_runner.h"

#include <fmt/format.h>

#include <utility>

#include "agent/instance/guest_record.h"
#include "agent/instance/lifecycle.h"
#include "core/base/check.h"
#include "core/base/ids.h"
#include "core/model/names.h"

namespace berth {
namespace {

using model::StepKind;

// A guest that was split has its shares rounded up to the page.
int64_t MemoryOf(const model::InstanceRecord& record) {
  int64_t mib = 0;
  for (const model::PlacedCell& cell : record.placement.cells) mib += cell.memory_mib;
  return mib > 0 ? mib : record.spec.shape.memory_mib;
}

// What libvirt made, against what was asked; read back, not taken from our own words.
Status Compare(const model::InstanceRecord& record, const GuestState& guest) {
  const auto differs = [&](std::string_view what, auto wanted, auto found) {
    return Status(StatusCode::kInternal, fmt::format("the guest of {} has {} {}, {} was asked",
                                                     record.id, what, found, wanted));
  };
  if (guest.power == Power::kOff)
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("the guest of {} is off", record.id));
  if (!guest.persistent)
    return Status(StatusCode::kInternal, fmt::format("the guest of {} is transient", record.id));
  if (guest.uuid != DomainUuid(record.id))
    return differs("uuid", DomainUuid(record.id), guest.uuid);
  if (guest.vcpus != record.spec.shape.vcpus)
    return differs("vcpus", record.spec.shape.vcpus, guest.vcpus);
  if (guest.memory_mib != MemoryOf(record))
    return differs("memory_mib", MemoryOf(record), guest.memory_mib);
  return OkStatus();
}

// Most steps only succeed or fail.
std::function<void(Status)> Plain(StepRunner::Done done) {
  return [done = std::move(done)](Status status) { done({std::move(status)}); };
}

}  // namespace

StepRunner::StepRunner(Hypervisor& hypervisor, Storage& storage, HostLayout host,
                       std::string node_id, std::string ledger_id)
    : hypervisor_(hypervisor),
      storage_(storage),
      host_(std::move(host)),
      node_id_(std::move(node_id)),
      ledger_id_(std::move(ledger_id)) {}

void StepRunner::Run(const model::InstanceRecord& record, const model::Operation& operation,
                     size_t step, Done done) {
  const model::Step& s = operation.steps[step];
  if (s.state == model::StepState::kUndoing) return Backward(record, s.kind, std::move(done));
  BERTH_CHECK(s.state == model::StepState::kRunning, "a step runs only after it was recorded");
  Forward(record, operation, s.kind, std::move(done));
}

void StepRunner::Forward(const model::InstanceRecord& record, const model::Operation& operation,
                         StepKind kind, Done done) {
  const std::string& id = record.id;
  switch (kind) {
    case StepKind::kCheckImage:
      return storage_.CheckBoot(record.spec, [done = std::move(done)](StatusOr<ImageInfo> info) {
        done({info.status()});
      });
    case StepKind::kCreateDisk:
      return storage_.CreateRootDisk(id, record.spec, Plain(std::move(done)));
    case StepKind::kCreateSeed:
      return storage_.CreateSeed(id, record.spec, Plain(std::move(done)));
    case StepKind::kDefine:
      return hypervisor_.Define(GuestSpecOf(record), Plain(std::move(done)));
    case StepKind::kStartPaused:
      return hypervisor_.StartPaused(id, Plain(std::move(done)));
    case StepKind::kVerify:
      return Verify(record, operation.generation, std::move(done));
    case StepKind::kResume:
      return hypervisor_.Resume(id, Plain(std::move(done)));
    case StepKind::kAskShutdown:
      return hypervisor_.AskShutdown(id, Plain(std::move(done)));
    case StepKind::kAskReboot:
      return hypervisor_.AskReboot(id, Plain(std::move(done)));
    case StepKind::kDump:
      return hypervisor_.Dump(id, storage_.PathsOf(id).crash_dump, Plain(std::move(done)));
    case StepKind::kReset:
      return hypervisor_.Reset(id, Plain(std::move(done)));
    case StepKind::kDestroy:
      return hypervisor_.Destroy(id, Plain(std::move(done)));
    case StepKind::kUndefine:
      return hypervisor_.Undefine(id, Plain(std::move(done)));
    case StepKind::kDeleteFiles:
      return storage_.DeleteInstance(id, Plain(std::move(done)));
    case StepKind::kAwaitShutdown:
    case StepKind::kAwaitReboot:
    case StepKind::kBackOff:
    case StepKind::kDownload:
    case StepKind::kCopy:
    case StepKind::kPublish:
      break;
  }
  Fatal(__FILE__, __LINE__, "this step is awaited, or none of an instance", model::Name(kind));
}

// operation_plan.h: HasUndo says which steps come here.
void StepRunner::Backward(const model::InstanceRecord& record, StepKind kind, Done done) {
  switch (kind) {
    case StepKind::kStartPaused:
    case StepKind::kDestroy:
      return hypervisor_.Destroy(record.id, Plain(std::move(done)));
    case StepKind::kDefine:
      if (record.resized_from)
        return hypervisor_.Define(GuestSpecOf(BeforeResize(record)), Plain(std::move(done)));
      return hypervisor_.Undefine(record.id, Plain(std::move(done)));
    case StepKind::kCheckImage:
      return storage_.DeleteInstance(record.id, Plain(std::move(done)));
    default:
      Fatal(__FILE__, __LINE__, "this step has nothing to take back", model::Name(kind));
  }
}

// Its spec may have been updated since it was defined, but it was defined by this operation.
void StepRunner::Verify(const model::InstanceRecord& record, int64_t since, Done done) {
  hypervisor_.Inspect(record.id, [record, since, asked = GuestSpecOf(record),
                                  done = std::move(done)](StatusOr<GuestState> guest) {
    if (!guest.ok()) return done({guest.status()});
    Status status = Compare(record, *guest);
    if (status.ok() && guest->generation < since)
      status = Status(StatusCode::kInternal,
                      fmt::format("the guest of {} is defined as of generation {}, and {} is asked",
                                  record.id, guest->generation, since));
    if (status.ok()) status = CheckLayout(asked, *guest);
    done({std::move(status), guest->accel, guest->pid});
  });
}

GuestSpec StepRunner::GuestSpecOf(const model::InstanceRecord& record) const {
  const model::InstanceSpec& spec = record.spec;
  const InstancePaths paths = storage_.PathsOf(record.id);
  GuestSpec guest;
  guest.instance_id = record.id;
  guest.node_id = node_id_;
  guest.ledger_id = ledger_id_;
  guest.generation = record.generation;
  guest.record_json = GuestRecordText(record);
  guest.vcpus = spec.shape.vcpus;
  guest.memory_mib = MemoryOf(record);
  LayOut(record, host_, &guest);
  if (!spec.boot.image.empty())
    guest.disks.push_back({paths.root_disk, "qcow2", "vda", "root", false});
  guest.disks.push_back({paths.seed, "raw", guest.disks.empty() ? "vda" : "vdb", "seed", true});
  if (!spec.boot.kernel.empty()) {
    guest.kernel = storage_.ImagePath(spec.boot.kernel);
    if (!spec.boot.initrd.empty()) guest.initrd = storage_.ImagePath(spec.boot.initrd);
    guest.command_line = spec.boot.command_line;
  }
  guest.platform = spec.platform;
  guest.console_log = paths.console_log;
  guest.mac_address = MacAddress(record.id);
  return guest;
}

}  // namespace berth
