// SPDX-License-Identifier: Apache-2.0
// What the agent needs of the host's disks: base images to look at, and each instance's own files.
//
// As with Hypervisor, each call ends with exactly one call of its `done`, from an unspecified
// thread; calls are safe to repeat; a half-written file never carries its final name. Thread-safe.
// Codes every call may answer: RESOURCE_EXHAUSTED (STORAGE_FULL), INTERNAL (the disk or qemu-img
// failed, with its words).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/model/instance_spec.h"

namespace berth {

struct ImageInfo {
  std::string format;         // "qcow2" or "raw".
  int64_t virtual_bytes = 0;  // The size a guest sees.
  int64_t file_bytes = 0;
  bool operator==(const ImageInfo&) const = default;
};

// The files of one instance; all in one directory of its own, whether they exist or not.
struct InstancePaths {
  std::string directory;
  std::string root_disk;    // …/root.qcow2
  std::string seed;         // …/seed.iso
  std::string console_log;  // …/console.log; rolled ones carry .0, .1, … behind it.
  std::string crash_dump;   // …/crash.dump: the memory of the last guest that crashed, if kept.
};

// What lies in one of the instances' directories.
struct InstanceDirectory {
  std::string instance_id;
  bool root_disk = false;
  bool operator==(const InstanceDirectory&) const = default;
};

struct FileSystemSpace {
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;
  int64_t instances_bytes = 0;  // What the instances' files take of it now.
};

class Storage {
 public:
  using Done = std::function<void(Status)>;
  template <typename T>
  using DoneWith = std::function<void(StatusOr<T>)>;

  virtual ~Storage() = default;

  // Where a boot file of that name (model::IsFileName) lies in the image directory. No I/O.
  virtual std::string ImagePath(const std::string& name) const = 0;
  virtual InstancePaths PathsOf(const std::string& instance_id) const = 0;

  // Looks at what a spec boots from: image, kernel and initrd are readable regular files, the image
  // is qcow2 or raw, without a backing or external data file, and not larger than `root_disk_mib`
  // where that is set. NOT_FOUND (IMAGE_NOT_FOUND) or INVALID_ARGUMENT (IMAGE_INVALID), both with
  // the field at fault. The info is of the image; all zero where the spec has none.
  virtual void CheckBoot(const model::InstanceSpec& spec, DoneWith<ImageInfo> done) = 0;
  // Makes the root disk, an overlay on the base image as large as `spec.root_disk_mib` says, or
  // keeps the one that is there. No image: OK, no disk.
  virtual void CreateRootDisk(const std::string& instance_id, const model::InstanceSpec& spec,
                              Done done) = 0;
  // Writes the NoCloud seed, replacing one that is there.
  virtual void CreateSeed(const std::string& instance_id, const model::InstanceSpec& spec,
                          Done done) = 0;
  virtual void DeleteSeed(const std::string& instance_id, Done done) = 0;
  virtual void DeleteRootDisk(const std::string& instance_id, Done done) = 0;
  // Removes the instance's whole directory. Not there: OK.
  virtual void DeleteInstance(const std::string& instance_id, Done done) = 0;
  // The last `max_bytes` of the serial console, across the log's roll. No log yet: NOT_FOUND
  // (NO_CONSOLE_OUTPUT).
  virtual void ReadConsole(const std::string& instance_id, int64_t max_bytes,
                           DoneWith<std::string> done) = 0;
  // Every instance that has a directory, ascending by id; recovery removes what no record owns.
  virtual void ListInstances(DoneWith<std::vector<InstanceDirectory>> done) = 0;

  // Calls `gone` from an unspecified thread soon after an instance's root disk or directory is no
  // longer there, whoever removed it ("": perhaps of any instance), until the Storage is destroyed.
  // A hint: some may be missed, as where the kernel has no more watches to give. Once, before the
  // first call.
  virtual void Subscribe(std::function<void(const std::string& instance_id)> gone) = 0;
  // Of the file system that holds the instances' directories.
  virtual StatusOr<FileSystemSpace> Space() const = 0;
};

}  // namespace berth
