// SPDX-License-Identifier: Apache-2.0
// What must hold in a simulated node, whatever befalls it. Each check answers the first fault it
// finds in one sentence, or "".
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/node/node_harness.h"

namespace berth::sim {

class Checker {
 public:
  explicit Checker(node::World& world) : world_(world) {}

  // To be called after every task: costs what has changed.
  std::string AfterStep();
  // Once nothing goes wrong any more and everything had time to settle.
  std::string AtRest();

  // Somebody who is not the agent has ended this guest, or started it; until it is off again
  // nothing is asked of the latter.
  void EndedByOthers(const std::string& id) { seen_guests_.erase(id); }
  void StartedByOthers(const std::string& id) { started_by_others_.insert(id); }
  // Its root disk may be missing from now on.
  void DiskRemoved(const std::string& id) { disks_removed_.insert(id); }
  // A file of an image appears: nothing is asked of it before the next agent.
  void ImageFileAppeared(const std::string& id) { appeared_.insert(id); }
  // So may the file of this image.
  void ImageFileRemoved(const std::string& id) { image_files_removed_.insert(id); }
  // Every change of an instance so far, as committed.
  const std::vector<InstanceChange>& changes() const { return changes_; }

 private:
  struct SeenGuest {
    int64_t pid = 0;
    int32_t boot_count = 0;
  };

  void TakeNewChanges();
  std::string CheckClaims() const;
  std::string CheckChange(const InstanceChange& change);
  std::string CheckGuests();
  std::string CheckGuest(const std::string& id, const FakeGuest& guest);
  std::string CheckSettled(const model::InstanceRecord& record) const;
  std::string CheckDisk(const model::InstanceRecord& record) const;
  std::string CheckLeftovers() const;
  std::string CheckImagesInUse() const;
  std::string CheckImageFiles() const;

  node::World& world_;
  int64_t seen_revision_ = -1;
  int64_t seen_host_changes_ = -1;
  size_t checked_changes_ = 0;
  std::vector<InstanceChange> changes_;
  std::map<std::string, std::shared_ptr<const model::InstanceRecord>> last_;
  std::set<std::string> gone_;
  std::map<std::string, SeenGuest> seen_guests_;
  std::set<std::string> started_by_others_;
  std::set<std::string> disks_removed_;
  std::set<std::string> image_files_removed_;
  std::set<std::string> appeared_;
};

}  // namespace berth::sim
