// SPDX-License-Identifier: Apache-2.0
// The work behind LocalStorage: one instance's directory and the files in it.
//
// Blocking, thread-safe for different instances; the calls for one instance come one at a time, as
// its steps do. Every call may be repeated. Errors as Storage's, but not yet reduced to its codes.
#pragma once

#include <string>
#include <vector>

#include "core/model/instance_spec.h"
#include "drivers/storage/images.h"
#include "drivers/storage/qemu_img.h"
#include "drivers/storage/storage.h"

namespace berth {

class InstanceFiles {
 public:
  // `instances_dir` is absolute and exists. The references outlive this.
  InstanceFiles(std::string instances_dir, Images& images, const QemuImg& qemu_img)
      : instances_dir_(std::move(instances_dir)), images_(images), qemu_img_(qemu_img) {}

  const std::string& directory() const { return instances_dir_; }
  InstancePaths PathsOf(const std::string& instance_id) const;
  Status CreateRootDisk(const std::string& instance_id, const model::InstanceSpec& spec) const;
  Status CreateSeed(const std::string& instance_id, const model::InstanceSpec& spec) const;
  // Removes one file of the instance, and its directory once that is empty. Not there: OK.
  Status DeleteFile(const std::string& instance_id, const std::string& name) const;
  Status Delete(const std::string& instance_id) const;
  StatusOr<std::string> ReadConsole(const std::string& instance_id, int64_t max_bytes) const;
  StatusOr<std::vector<InstanceDirectory>> List() const;
  StatusOr<FileSystemSpace> Space() const;

 private:
  // The open directory of all instances and of one.
  struct Place {
    UniqueFd parent;
    UniqueFd directory;
  };
  StatusOr<UniqueFd> OpenParent(const std::string& instance_id) const;
  StatusOr<std::vector<std::string>> Ids() const;
  StatusOr<int64_t> BytesOfInstances() const;
  StatusOr<Place> MakePlace(const std::string& instance_id) const;

  const std::string instances_dir_;
  Images& images_;
  const QemuImg& qemu_img_;
};

inline constexpr char kRootDiskName[] = "root.qcow2";
inline constexpr char kSeedName[] = "seed.iso";

}  // namespace berth
