// SPDX-License-Identifier: Apache-2.0
// What the agent needs of a hypervisor, in words of guests and not of domains.
//
// Every call returns at once and ends with exactly one call of its `done`, from an unspecified
// thread, never from inside the call itself. A call has a deadline of the driver's own: past it
// `done` gets DEADLINE_EXCEEDED (reason HYPERVISOR_TIMEOUT), the call is abandoned, and whether it
// took effect is unknown. All calls are safe to repeat with the same id, since after a crash the
// agent cannot know whether the last one took effect. Thread-safe.
//
// Codes that every call may answer: UNAVAILABLE (HYPERVISOR_UNAVAILABLE: daemon away, nothing is
// known about the guest, try again; GUEST_STUCK: an earlier call for this guest has not come back,
// and only Destroy is sent to it), DEADLINE_EXCEEDED (as above), INTERNAL (the hypervisor refused
// for a reason we do not know). Calls that change a guest also answer FAILED_PRECONDITION for one
// that is not this node's, and leave it alone. Others are named at the call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/cpu_set.h"
#include "core/base/status.h"
#include "core/model/foreign_guest.h"
#include "core/model/instance_spec.h"

namespace berth {

// A disk of a guest. The file lies under a directory of ours and ends in .qcow2, .raw, .img or
// .iso.
struct GuestDisk {
  std::string path;
  std::string format;  // "qcow2" or "raw".
  std::string target;  // "vda", "vdb", …
  std::string serial;  // What the guest sees as the disk's serial; at most 20 characters.
  bool read_only = false;
  bool operator==(const GuestDisk&) const = default;
};

// A NUMA node that the guest sees.
struct GuestNumaCell {
  CpuSet vcpus;
  int64_t memory_mib = 0;
  int64_t page_size_kib = 4;  // 4: the base page.
  int host_node = -1;         // The host's NUMA node that its memory is bound to; -1: to none.
  bool operator==(const GuestNumaCell&) const = default;
};

// Everything a hypervisor has to know to make the guest of an instance. Paths are absolute.
struct GuestSpec {
  std::string instance_id;
  std::string node_id;
  std::string ledger_id;
  int64_t generation = 0;
  std::string record_json;  // What the metadata keeps of the instance (instance/guest_record.h).

  int32_t vcpus = 1;
  int64_t memory_mib = 0;
  std::vector<GuestNumaCell> cells;  // Empty: one, bound to nothing.
  std::vector<CpuSet> vcpu_cpus;     // Host CPUs of each vCPU; empty: all may run anywhere.
  CpuSet emulator_cpus;              // Of the hypervisor's own threads; empty: anywhere.
  int32_t threads_per_core = 1;      // That the guest sees; divides the vCPUs of each cell.
  model::Platform platform;
  std::vector<GuestDisk> disks;  // The first is the boot disk unless `kernel` is set.
  std::string kernel;            // Direct kernel boot; "" = firmware.
  std::string initrd;
  std::string command_line;
  std::string console_log;  // File that the serial console is written to.
  std::string mac_address;  // Of the one user-mode interface.
  bool operator==(const GuestSpec&) const = default;
};

enum class Power { kOff, kRunning, kPaused };

// Why a guest is off, as far as it is proven. kUnknown concludes nothing.
enum class OffReason { kUnknown, kGuestShutdown, kDestroyed, kCrashed, kFailed };

// A guest as the hypervisor holds it.
struct GuestState {
  std::string name;         // The hypervisor's own name for it.
  std::string instance_id;  // From our metadata; "" for a foreign guest.
  std::string node_id;      // From our metadata: another node's guest is foreign to us.
  int64_t generation = 0;   // Of the definition.
  std::string record_json;
  Power power = Power::kOff;
  OffReason off_reason = OffReason::kUnknown;  // Only where power is kOff.
  // Its kernel has panicked, or its watchdog fired: it stands still (kPaused) and never goes on.
  bool crashed = false;
  bool persistent = true;  // False: running without a definition.
  int32_t vcpus = 0;
  int64_t memory_mib = 0;
  int64_t pid = 0;    // Of the guest's process; 0 if off or not known.
  std::string accel;  // "kvm" or "tcg".
  std::string uuid;
  bool managed_save = false;   // A saved memory image exists.
  model::GuestHoldings holds;  // As it is defined; where its memory lies, for foreign guests only.
  // As the kernel says of its process; only Inspect tells, and only of one that is not off.
  std::vector<CpuSet> vcpu_cpus;  // Where each vCPU's thread may run; empty: they cannot be told.
  CpuSet emulator_cpus;           // Where the other threads may run; empty: not known.
  std::vector<int> bound_nodes;   // NUMA nodes that memory is bound to, ascending.
  bool operator==(const GuestState&) const = default;
};

// Something happened to a guest of this node, or to one that was gone before it could be asked
// whose it was. A hint, never proof: it may be late, doubled or lost, so whoever gets it asks
// Inspect for the level.
struct GuestEvent {
  enum class Kind { kStarted, kPaused, kResumed, kOff, kRebooted, kDefined, kUndefined };
  std::string instance_id;
  Kind kind = Kind::kOff;
  OffReason off_reason = OffReason::kUnknown;  // With kOff.
  bool operator==(const GuestEvent&) const = default;
};

// How the driver itself is doing.
struct HypervisorHealth {
  bool connected = false;
  std::string uri;
  std::string version;  // "libvirt 9.0.0, QEMU 7.2.22"; "" before the first connection.
  // Names that Platform::cpu_model may have; null: not known.
  std::shared_ptr<const std::vector<std::string>> cpu_models = nullptr;
  std::string accel;                      // What guests are started with: "kvm" or "tcg".
  std::string accel_reason;               // Why, in a sentence.
  std::string error;                      // Why it is not connected; "" if it is.
  int32_t abandoned_calls = 0;            // Threads lost in calls that never came back, now.
  std::vector<std::string> stuck_guests;  // Instance ids; only Destroy is sent to these.
  bool operator==(const HypervisorHealth&) const = default;
};

class Hypervisor {
 public:
  using Done = std::function<void(Status)>;
  template <typename T>
  using DoneWith = std::function<void(StatusOr<T>)>;

  virtual ~Hypervisor() = default;

  // Makes the guest's definition, or replaces it. INVALID_ARGUMENT: the hypervisor refuses it.
  virtual void Define(const GuestSpec& spec, Done done) = 0;
  // Starts a defined guest with its CPUs halted. Running or paused already: OK. Not defined:
  // NOT_FOUND. The host lacks memory or pages: RESOURCE_EXHAUSTED.
  virtual void StartPaused(const std::string& instance_id, Done done) = 0;
  // Lets a paused guest run. Running already: OK. Off or unknown: FAILED_PRECONDITION.
  virtual void Resume(const std::string& instance_id, Done done) = 0;
  // Presses the power button; that the guest goes down is not promised. Off or unknown: OK.
  virtual void AskShutdown(const std::string& instance_id, Done done) = 0;
  // Asks the guest to reboot by itself; likewise. Off or unknown: FAILED_PRECONDITION.
  virtual void AskReboot(const std::string& instance_id, Done done) = 0;
  // Resets it now, as the button does. Off or unknown: FAILED_PRECONDITION.
  virtual void Reset(const std::string& instance_id, Done done) = 0;
  // Sends a non-maskable interrupt to its CPUs. Off or unknown: FAILED_PRECONDITION.
  virtual void InjectNmi(const std::string& instance_id, Done done) = 0;
  // Writes its memory to a file at `path`, replacing one that is there; it may take as long as the
  // disk does. Off or unknown: FAILED_PRECONDITION.
  virtual void Dump(const std::string& instance_id, const std::string& path, Done done) = 0;
  // Ends it now. Off or unknown: OK.
  virtual void Destroy(const std::string& instance_id, Done done) = 0;
  // Removes the definition with all that hangs on it (NVRAM, TPM, managed save, snapshots). The
  // guest is off. Unknown: OK.
  virtual void Undefine(const std::string& instance_id, Done done) = 0;
  // The guest now; NOT_FOUND if there is none.
  virtual void Inspect(const std::string& instance_id, DoneWith<GuestState> done) = 0;
  // Every guest, foreign ones too (with an empty instance_id or another node_id). Recovery starts
  // here.
  virtual void List(DoneWith<std::vector<GuestState>> done) = 0;

  // Calls `sink` from an unspecified thread for each event of this node's guests, and `connected`
  // whenever the connection has come (back) up, until the Hypervisor is destroyed. Once, before the
  // first call.
  virtual void Subscribe(std::function<void(const GuestEvent&)> sink,
                         std::function<void()> connected) = 0;
  virtual HypervisorHealth Health() const = 0;
};

}  // namespace berth
