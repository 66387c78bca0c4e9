// SPDX-License-Identifier: Apache-2.0
// A host whose hypervisor is libvirt, by whatever URI.
#pragma once

#include <memory>
#include <string>

#include "core/base/log.h"
#include "core/base/thread_pool.h"
#include "drivers/libvirt/connection.h"
#include "drivers/libvirt/libvirt_hypervisor.h"
#include "tests/contract/hypervisor_world.h"

namespace berth {

class LibvirtWorld : public HypervisorWorld {
 public:
  explicit LibvirtWorld(LibvirtOptions options) : options_(std::move(options)) {
    options_.node_id = kNodeId;
    RestartAgent();
  }

  Hypervisor& hypervisor() override { return *hypervisor_; }
  void RestartAgent() override {
    hypervisor_.reset();
    hypervisor_ = MakeLibvirtHypervisor(options_, {executor_, event_loop_, log_});
    Subscribe(*hypervisor_);
  }
  void RemoveGuestOfAnotherNode(const std::string& id) override;

 protected:
  const LibvirtOptions& options() const { return options_; }

 private:
  LibvirtOptions options_;
  NullLog log_;
  ThreadPool executor_{"executor", 2};
  ThreadPool event_loop_{"events", 1};
  std::unique_ptr<Hypervisor> hypervisor_;
};

}  // namespace berth
