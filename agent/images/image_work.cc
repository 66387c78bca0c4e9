// SPDX-License-Identifier: Apache-2.0
#include "agent/images/image_work.h"

#include <utility>
#include <vector>

#include "core/base/ids.h"

namespace berth {
namespace {

// A ledger that could not write is asked again.
constexpr Duration kLedgerRetry = std::chrono::seconds(1);

bool IsSame(const images::Outcome& a, const model::Operation& operation, size_t step) {
  return a.operation_id == operation.id && a.step == step &&
         a.attempt == operation.steps[step].attempts;
}

}  // namespace

void ImageWork::ViewPublished(const model::NodeView& view) {
  {
    MutexLock lock(mutex_);
    if (seen_.IsSame(view.images)) return;
    seen_ = view.images;
  }
  with_.executor.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Look();
  });
}

void ImageWork::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  for (auto& [id, running] : running_) running.transfer->Cancel();
}

void ImageWork::Look() {
  const auto view = with_.ledger.View();
  view->images.ForEach([&](const std::string&, const ImagePtr& image) {
    if (images::HasFileToRemove(*image)) return;  // First that (image_sweep.h).
    const OperationPtr operation = view->operations.Find(image->operation_id);
    if (operation != nullptr && !operation->final()) LookAt(image, operation);
  });
}

void ImageWork::LookAt(const ImagePtr& image, const OperationPtr& operation) {
  const size_t step = *ActiveStep(*operation);
  const auto transfer = std::make_shared<Transfer>(with_.clock);
  if (Take(*operation, step, transfer)) Begin(image, *operation, step, transfer);
}

bool ImageWork::Take(const model::Operation& operation, size_t step,
                     std::shared_ptr<Transfer> transfer) {
  MutexLock lock(mutex_);
  if (stopped_) return false;
  if (const auto found = running_.find(operation.target); found != running_.end()) {
    Running& running = found->second;
    if (IsSame(running.outcome, operation, step)) return false;
    const bool undoing = operation.state == model::OperationState::kUndoing;
    if (!running.waiting) {
      // It is overtaken; what it comes back with is dropped, and then this is looked at again.
      if (undoing) running.transfer->Cancel();
      return false;
    }
    if (!undoing) return false;
  }
  running_[operation.target] = {
      .outcome = {operation.id, step, operation.steps[step].attempts, {}, {}, {}},
      .transfer = std::move(transfer),
      .token = ++next_token_};
  return true;
}

void ImageWork::Begin(const ImagePtr& image, const model::Operation& operation, size_t step,
                      const std::shared_ptr<Transfer>& transfer) {
  const auto self = shared_from_this();
  const std::string& id = image->id;
  if (operation.steps[step].state == model::StepState::kUndoing)
    return with_.store.Delete(id, [self, id](const Status& status) {
      self->CameBack(id, model::ErrorOf(status), {}, {});
    });
  if (operation.steps[step].kind == model::StepKind::kPublish)
    return with_.store.Publish(id, image->source, [self, id](const StatusOr<ImageInfo>& info) {
      self->CameBack(id, model::ErrorOf(info.status()), {}, info.value_or(ImageInfo()));
    });
  with_.store.Fetch(id, image->source, transfer, [self, id](const StatusOr<FetchedImage>& fetched) {
    self->CameBack(id, model::ErrorOf(fetched.status()), fetched.value_or(FetchedImage()), {});
  });
}

void ImageWork::CameBack(const std::string& image_id, const model::Error& error,
                         const FetchedImage& fetched, const ImageInfo& info) {
  images::Outcome outcome;
  {
    MutexLock lock(mutex_);
    if (stopped_) return;  // Not known as ended, it is done again.
    Running& running = running_.at(image_id);
    if (error.ok() && fetched.bytes > 0 && with_.brought) with_.brought(fetched.bytes);
    running.outcome.error = error;
    running.outcome.fetched = fetched;
    running.outcome.info = info;
    outcome = running.outcome;
  }
  Store(image_id, outcome);
}

Duration ImageWork::Apply(LedgerTxn& txn, const std::string& image_id,
                          images::Outcome outcome) const {
  const auto image = txn.view().images.Find(image_id);
  const auto operation = txn.view().operations.Find(outcome.operation_id);
  if (image == nullptr || operation == nullptr) return Duration(0);
  images::Next next = images::AfterStep(*image, *operation, outcome, txn.now());
  const bool arrived = next.changed && next.image.state == model::ImageState::kAvailable;
  if (arrived) {
    const Status room = images::Admit(txn, next.image, with_.limits, NewClaimId(with_.random));
    if (!room.ok()) {
      outcome.error = model::ErrorOf(room);
      next = images::AfterStep(*image, *operation, outcome, txn.now());
    }
  }
  if (!next.changed) return Duration(0);
  txn.PutOperation(std::move(next.operation));
  txn.PutImage(std::move(next.image));
  return next.retry_after;
}

void ImageWork::Store(const std::string& image_id, const images::Outcome& outcome) {
  const auto retry_after = std::make_shared<Duration>(0);
  with_.ledger.Submit(
      [self = shared_from_this(), image_id, outcome, retry_after](LedgerTxn& txn) {
        *retry_after = self->Apply(txn, image_id, outcome);
        return OkStatus();
      },
      [self = shared_from_this(), image_id, outcome, retry_after](const Status& status) {
        if (status.ok()) return self->Stored(image_id, *retry_after);
        self->with_.executor.PostAfter(
            kLedgerRetry, [self, image_id, outcome] { self->Store(image_id, outcome); });
      });
}

void ImageWork::Stored(const std::string& image_id, Duration retry_after) {
  uint64_t token = 0;
  {
    MutexLock lock(mutex_);
    Running& running = running_.at(image_id);
    running.waiting = true;
    token = running.token;
  }
  with_.executor.PostAfter(retry_after, [self = shared_from_this(), image_id, token] {
    {
      MutexLock lock(self->mutex_);
      const auto found = self->running_.find(image_id);
      if (found == self->running_.end() || found->second.token != token) return;
      self->running_.erase(found);
    }
    self->Look();
  });
  // What has been cancelled does not wait.
  with_.executor.Post([self = shared_from_this()] { self->Look(); });
}

std::optional<TransferProgress> ImageWork::Progress(const std::string& image_id) const {
  MutexLock lock(mutex_);
  const auto found = running_.find(image_id);
  if (found == running_.end() || found->second.waiting) return std::nullopt;
  return found->second.transfer->progress();
}

}  // namespace berth
