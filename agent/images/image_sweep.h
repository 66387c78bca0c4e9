// SPDX-License-Identifier: Apache-2.0
// Keeps the image directory what the ledger says: removes the files of images that were evicted or
// deleted, and at the start whatever a crash has left. A whole image that the ledger has never
// heard of (it was lost, or taken from a copy) is taken in instead: disks may rest on it.
//
// Thread-safe; work that is out holds this, and ends with the executor.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/ledger/ledger.h"
#include "core/base/executor.h"
#include "core/base/mutex.h"
#include "core/base/random.h"
#include "drivers/storage/image_store.h"

namespace berth {

class ImageSweep : public std::enable_shared_from_this<ImageSweep> {
 public:
  // Each outlives this.
  struct Dependencies {
    Executor& executor;
    Random& random;
    Ledger& ledger;
    ImageStore& store;
  };
  explicit ImageSweep(Dependencies dependencies)
      : with_(dependencies), seen_(dependencies.ledger.View()->images) {}

  // Looks at all files; once at the start. Tried until the store answers.
  void Start();
  // To be called by the ledger's listener. Cheap; posts and returns.
  void ViewPublished(const model::NodeView& view) EXCLUDES(mutex_);

 private:
  void FilesListed(const std::vector<ImageFile>& files);
  // An image whose file somebody has removed.
  void Lost(const std::string& image_id);
  // A file of which no record is there.
  void LookAt(const ImageFile& file);
  void Adopt(const std::string& image_id, const ImageInfo& info);
  // Removes its files, and where it has a record says so there; tried until it is done.
  void Remove(const std::string& image_id) EXCLUDES(mutex_);
  void RemoveNow(const std::string& image_id);
  void Removed(const std::string& image_id) EXCLUDES(mutex_);

  const Dependencies with_;
  Mutex mutex_;
  PersistentMap<model::Image> seen_ GUARDED_BY(mutex_);
  std::set<std::string> removing_ GUARDED_BY(mutex_);
};

}  // namespace berth
