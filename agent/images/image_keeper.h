// SPDX-License-Identifier: Apache-2.0
// All that the agent does about images by itself: brings those that are asked for (image_work.h)
// and keeps the directory what the ledger says (image_sweep.h).
//
// Thread-safe; work that is out ends with the executor.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/images/image_sweep.h"
#include "agent/images/image_work.h"

namespace berth {

class ImageKeeper {
 public:
  explicit ImageKeeper(const ImageWork::Dependencies& with)
      : work_(std::make_shared<ImageWork>(with)),
        sweep_(std::make_shared<ImageSweep>(
            ImageSweep::Dependencies{with.executor, with.random, with.ledger, with.store})) {}

  // Once, when whoever is told of a change is there. Not over a ledger that is only a picture:
  // which images are whose is not known then.
  void Start() {
    work_->Look();
    sweep_->Start();
  }
  // To be called by the ledger's listener. Cheap; posts and returns.
  void ViewPublished(const model::NodeView& view) {
    work_->ViewPublished(view);
    sweep_->ViewPublished(view);
  }
  // As ImageWork's.
  void Stop() { work_->Stop(); }
  std::optional<TransferProgress> Progress(const std::string& image_id) const {
    return work_->Progress(image_id);
  }

 private:
  const std::shared_ptr<ImageWork> work_;
  const std::shared_ptr<ImageSweep> sweep_;
};

}  // namespace berth
