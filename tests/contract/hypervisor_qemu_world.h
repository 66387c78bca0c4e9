// SPDX-License-Identifier: Apache-2.0
// Real libvirtd and QEMU, in the sandbox of tests/support/libvirt-sandbox only: these tests freeze
// and kill what they find there.
#pragma once

#include <string>

#include "tests/contract/hypervisor_libvirt_world.h"

namespace berth {

class QemuWorld final : public LibvirtWorld {
 public:
  // Deadlines short enough to wait for, long enough for a slow machine.
  static LibvirtOptions Options();
  explicit QemuWorld(LibvirtOptions options = Options());
  ~QemuWorld() override;

  std::string AddForeignGuest() override;
  void RemoveForeignGuest();

  // A guest that boots from a disk made here: writes "berth" to its console, then powers itself
  // off, or halts.
  enum class Program { kPowersOff, kHalts };
  GuestSpec NewBootingGuest(Program program);
  // What is in a guest's console log by now.
  std::string ConsoleOf(const GuestSpec& spec) const;

  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;  // Of this world's disks and logs.
};

// Runs tests/support/libvirtd-ctl VERB; false if it failed.
bool LibvirtdCtl(const std::string& verb);

}  // namespace berth
