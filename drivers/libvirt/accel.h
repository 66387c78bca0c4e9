// SPDX-License-Identifier: Apache-2.0
// Whether guests can run on KVM, decided from facts and never from hope: on a nested host without
// hardware virtualization KVM_CREATE_VM succeeds and firmware runs, and then an ordinary kernel
// hangs for ever. So KVM wants the CPU's flag as well as a device that opens and makes a virtual
// machine.
//
// Thread-safe: functions over values; ReadKvmFacts does I/O.
#pragma once

#include <string>

#include "core/base/status.h"

namespace berth {

enum class AccelMode { kAuto, kKvm, kTcg };

namespace libvirt {

struct KvmFacts {
  bool cpu_flag = false;  // svm or vmx among the flags of /proc/cpuinfo.
  bool device_exists = false;
  bool device_opens = false;
  bool creates_vm = false;   // ioctl KVM_CREATE_VM gave a descriptor.
  std::string device_error;  // Why the device does not open or the ioctl fails; errno's words.
  bool operator==(const KvmFacts&) const = default;
};

// Reads ROOT/proc/cpuinfo and tries ROOT/dev/kvm; `root` is "" but in tests.
KvmFacts ReadKvmFacts(const std::string& root);

bool KvmUsable(const KvmFacts& facts);

struct Accel {
  std::string name;    // "kvm" or "tcg".
  std::string reason;  // Why, in a sentence for operators.
  Status status;  // FAILED_PRECONDITION with the cure where KVM was demanded and is not usable.
};

Accel ChooseAccel(AccelMode mode, const KvmFacts& facts);

// What keeps KVM from being used and what would cure it; "" and "" where nothing does.
struct KvmTrouble {
  std::string what;
  std::string cure;
};
KvmTrouble TroubleOf(const KvmFacts& facts);

}  // namespace libvirt
}  // namespace berth
