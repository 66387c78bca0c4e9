// SPDX-License-Identifier: Apache-2.0
// Carries images forward: the ledger says which step of which image is to be done, this does it and
// submits the outcome, which records the next step in the same commit. For an image one call is out
// at a time; one that is cancelled is asked to come back, and is waited for.
//
// Whatever makes it look (a published view, an outcome, a timer), it looks at the ledger again, so
// a lost or doubled wake-up is harmless, and a new agent goes on where the last one died.
//
// Thread-safe; work that is out holds this, and ends with the executor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/images/image_cache.h"
#include "agent/images/image_plan.h"
#include "agent/ledger/ledger.h"
#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/mutex.h"
#include "core/base/random.h"
#include "drivers/storage/image_store.h"

namespace berth {

class ImageWork : public std::enable_shared_from_this<ImageWork> {
 public:
  // Each outlives this.
  struct Dependencies {
    Executor& executor;
    const Clock& clock;
    Random& random;
    Ledger& ledger;
    ImageStore& store;
    images::Limits limits;
    // For metrics: an image was brought of so many bytes. Any thread; may be null.
    std::function<void(int64_t bytes)> brought = nullptr;
  };
  explicit ImageWork(Dependencies dependencies) : with_(std::move(dependencies)) {}

  // Asks what is out to come back, unfinished, for a new agent to go on with. From then on nothing
  // is begun.
  void Stop() EXCLUDES(mutex_);
  // Begins what the ledger's view says; once at the start.
  void Look() EXCLUDES(mutex_);
  // To be called by the ledger's listener. Cheap; posts and returns.
  void ViewPublished(const model::NodeView& view) EXCLUDES(mutex_);
  // How far the bytes of an image have come; nullopt while none are under way.
  std::optional<TransferProgress> Progress(const std::string& image_id) const EXCLUDES(mutex_);

 private:
  using ImagePtr = std::shared_ptr<const model::Image>;
  using OperationPtr = std::shared_ptr<const model::Operation>;
  // A step's call that is out, or waits for its time.
  struct Running {
    images::Outcome outcome;
    std::shared_ptr<Transfer> transfer;
    bool waiting = false;
    uint64_t token = 0;
  };

  void LookAt(const ImagePtr& image, const OperationPtr& operation) EXCLUDES(mutex_);
  // True if it is the caller's to begin the step that is active now.
  bool Take(const model::Operation& operation, size_t step, std::shared_ptr<Transfer> transfer)
      EXCLUDES(mutex_);
  void Begin(const ImagePtr& image, const model::Operation& operation, size_t step,
             const std::shared_ptr<Transfer>& transfer);
  void CameBack(const std::string& image_id, const model::Error& error, const FetchedImage& fetched,
                const ImageInfo& info) EXCLUDES(mutex_);
  // In a transaction; how long the step that runs then waits.
  Duration Apply(LedgerTxn& txn, const std::string& image_id, images::Outcome outcome) const;
  void Store(const std::string& image_id, const images::Outcome& outcome);
  void Stored(const std::string& image_id, Duration retry_after) EXCLUDES(mutex_);

  const Dependencies with_;
  mutable Mutex mutex_;
  std::map<std::string, Running> running_ GUARDED_BY(mutex_);  // By image id.
  PersistentMap<model::Image> seen_ GUARDED_BY(mutex_);
  uint64_t next_token_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

}  // namespace berth
