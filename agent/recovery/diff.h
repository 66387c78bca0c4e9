// SPDX-License-Identifier: Apache-2.0
// The ledger against the hypervisor and the disk: every difference, and what may be concluded from
// it. Pure; docs/crash-table.md has a row for each.
//
// Rules (docs/architecture.md, "Recovery"):
//   - A guest is ended only on positive evidence: a record of this node that is TERMINATED.
//   - A guest of another node, or of nobody we know, is never touched; one of ours without a record
//     is taken to be in order.
//   - An observation counts only if the record has not changed since before the hypervisor was
//   asked;
//     else it may be older than what the record says.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/instance/lifecycle.h"
#include "core/model/foreign_guest.h"
#include "core/model/node_view.h"
#include "drivers/hypervisor.h"
#include "drivers/storage/storage.h"

namespace berth::recovery {

enum class Difference {
  kUnfinishedOperation,  // Something was begun: its actor is woken and does the step once more.
  kGuestMissing,         // RUNNING, and the hypervisor knows no such guest.
  kGuestOff,             // RUNNING, and its guest is off.
  kGuestPaused,          // RUNNING, and its guest stands still though nobody asked for it.
  kGuestUp,              // STOPPED, and its guest runs.
  kGuestEdited,          // RUNNING, with other vCPUs or memory than the record says.
  kGuestTransient,       // Runs without a definition: why it ends will not be known.
  kManagedSave,        // A saved memory image lies there; the next start boots afresh all the same.
  kGuestOfTerminated,  // Our record says it has ended: it is ended now.
  kFilesOfTerminated,  // Likewise its files.
  kGuestWithoutRecord,  // Ours by its metadata, unknown to the ledger: to be adopted.
  kFilesWithoutRecord,  // Likewise: they may be all that is left of somebody's data.
  kFilesMissing,        // RUNNING or STOPPED, and its directory or root disk is gone.
  kForeignGuest,        // Another node's, or nobody's: never touched.
};
inline constexpr Difference kLastDifference = Difference::kForeignGuest;

// "guest_missing": for metrics and the log.
std::string_view Name(Difference difference);

struct Finding {
  Difference difference = Difference::kUnfinishedOperation;
  std::string subject;  // Instance id, or the hypervisor's own name of a foreign guest.
  bool operator==(const Finding&) const = default;
};

struct Observation {
  std::string instance_id;
  GuestObserved guest;
};

struct Picture {
  std::shared_ptr<const model::NodeView> before;  // Taken before the hypervisor was asked,
  std::shared_ptr<const model::NodeView> now;     // and after it had answered.
  std::vector<GuestState> guests;
  // nullopt: could not be found out, so nothing is said of files.
  std::optional<std::vector<InstanceDirectory>> directories;
  bool at_start = false;  // The agent has just begun and has seen nothing of what happened before.
};

struct Differences {
  std::vector<Finding> findings;
  std::vector<Observation> observations;   // For the actors, which alone change records.
  std::vector<std::string> unfinished;     // Instances to wake.
  std::vector<std::string> guests_to_end;  // Destroy and undefine.
  std::vector<std::string> files_to_delete;
  // Ours, and the ledger has no record of them, or one older than what they were defined by: it was
  // lost, or an older copy was put in its place (adoption.h).
  std::vector<GuestState> guests_to_adopt;
  // Running, and in no record of ours: others', and ours without one. To be charged.
  std::vector<model::ForeignGuest> foreign_guests;
};

// Whether it is a guest of that node's: its metadata says so, and so does its uuid, which is not
// cloned with it.
bool IsOurs(const GuestState& guest, const model::Identity& identity);

Differences Diff(const Picture& picture);

// Whether anything is being done to it: an operation of it is not final.
bool HasUnfinishedOperation(const model::InstanceRecord& record, const model::NodeView& view);
// Instances of which that is so.
std::vector<std::string> UnfinishedInstances(const model::NodeView& view);

}  // namespace berth::recovery
