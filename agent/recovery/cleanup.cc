// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/cleanup.h"
#include "core/base/probe.h"

#include <utility>

namespace berth::recovery {

Cleanup::Cleanup(Hypervisor& hypervisor, Storage& storage, size_t at_once)
    : hypervisor_(hypervisor), storage_(storage), at_once_(at_once) {}

void Cleanup::Add(const std::string& instance_id, Job job) {
  {
    MutexLock lock(mutex_);
    if (!jobs_.emplace(instance_id, job).second) return;
    queue_.push_back(instance_id);
  }
  StartNext();
}

size_t Cleanup::pending() const {
  MutexLock lock(mutex_);
  return jobs_.size();
}

void Cleanup::StartNext() {
  std::string instance_id;
  Job job;
  {
    MutexLock lock(mutex_);
    if (queue_.empty() || jobs_.size() - queue_.size() >= at_once_) return;
    instance_id = std::move(queue_.front());
    queue_.pop_front();
    job = jobs_.at(instance_id);
  }
  EndGuest(instance_id, job);
}

void Cleanup::EndGuest(const std::string& instance_id, Job job) {
  BERTH_PROBE("what is left of a terminated instance is removed");
  if (!job.guest) return DeleteFiles(instance_id, job);
  const auto self = shared_from_this();
  hypervisor_.Destroy(instance_id, [self, instance_id, job](const Status& destroyed) {
    if (!destroyed.ok()) return self->Ended(instance_id);
    self->hypervisor_.Undefine(instance_id, [self, instance_id, job](const Status& undefined) {
      if (!undefined.ok()) return self->Ended(instance_id);
      self->DeleteFiles(instance_id, job);
    });
  });
}

void Cleanup::DeleteFiles(const std::string& instance_id, Job job) {
  if (!job.files) return Ended(instance_id);
  storage_.DeleteInstance(instance_id, [self = shared_from_this(), instance_id](const Status&) {
    self->Ended(instance_id);
  });
}

void Cleanup::Ended(const std::string& instance_id) {
  {
    MutexLock lock(mutex_);
    jobs_.erase(instance_id);
  }
  StartNext();
}

}  // namespace berth::recovery
