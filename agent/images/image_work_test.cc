// SPDX-License-Identifier: Apache-2.0
// In virtual time, over a ledger in memory and a store of the test's own.
#include "agent/images/image_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "agent/ledger/memory_ledger.h"
#include "core/base/reasons.h"
#include "core/base/sim_executor.h"

namespace berth {
namespace {

using model::ImageState;
using model::OperationState;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr char kId[] = "img-0123456789abcdef0";
constexpr char kOperation[] = "op-0123456789abcdef0";

// Answers as the test says, at once; by default all goes well. A fetch may be left out for ever.
class ScriptedStore final : public ImageStore {
 public:
  explicit ScriptedStore(Executor& executor) : executor_(executor) {}

  void Fetch(const std::string&, const model::ImageSource& source,
             std::shared_ptr<Transfer> transfer, DoneWith<FetchedImage> done) override {
    calls.emplace_back(source.url.empty() ? "copy" : "download");
    transfer->Tell(7, 10);
    if (hold_fetch) {
      held = [transfer, done = std::move(done)] {
        done(transfer->cancelled()
                 ? StatusOr<FetchedImage>(
                       MakeError(StatusCode::kCancelled, reasons::kOperationCancelled, "cancelled"))
                 : FetchedImage{10, "aa", "bb"});
      };
      return;
    }
    Answer<FetchedImage>(fetch, {10, "aa", "bb"}, std::move(done));
  }
  void Publish(const std::string&, const model::ImageSource&, DoneWith<ImageInfo> done) override {
    calls.emplace_back("publish");
    Answer<ImageInfo>(publish, {"qcow2", 100, 10}, std::move(done));
  }
  void Delete(const std::string&, Done done) override {
    calls.emplace_back("delete");
    executor_.Post([done = std::move(done)] { done(OkStatus()); });
  }
  void List(DoneWith<std::vector<ImageFile>> done) override { done(std::vector<ImageFile>()); }

  std::vector<std::string> calls;
  std::vector<Status> fetch;  // Of the next ones, in turn; then all go well.
  std::vector<Status> publish;
  bool hold_fetch = false;
  std::function<void()> held;

 private:
  template <typename T>
  void Answer(std::vector<Status>& statuses, T good, DoneWith<T> done) {
    StatusOr<T> answer = std::move(good);
    if (!statuses.empty()) {
      if (!statuses.front().ok()) answer = statuses.front();
      statuses.erase(statuses.begin());
    }
    executor_.Post([answer = std::move(answer), done = std::move(done)] { done(answer); });
  }

  Executor& executor_;
};

class ImageWorkTest : public testing::Test {
 protected:
  ImageWorkTest() { Start(); }

  // A new agent on the same ledger.
  void Start() {
    work_ = std::make_shared<ImageWork>(
        ImageWork::Dependencies{sim_, sim_, *random_, *ledger_, store_, {0, 1000}, nullptr});
    ledger_->SetListener([this](const auto& view, const auto&) { work_->ViewPublished(*view); });
    work_->Look();
  }
  void Request(const model::ImageSource& source) {
    ledger_->Submit(
        [source](LedgerTxn& txn) {
          model::Image image{.id = kId, .source = source, .operation_id = kOperation};
          txn.PutOperation(images::NewOperation(image, kOperation, txn.now()));
          txn.PutImage(std::move(image));
          return OkStatus();
        },
        [](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
  }
  void Cancel() {
    ledger_->Submit(
        [](LedgerTxn& txn) {
          images::Next next = images::Cancel(*txn.view().images.Find(kId),
                                             *txn.view().operations.Find(kOperation), txn.now());
          txn.PutOperation(std::move(next.operation));
          txn.PutImage(std::move(next.image));
          return OkStatus();
        },
        [](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
  }
  const model::Image& image() const { return *ledger_->View()->images.Find(kId); }
  const model::Operation& operation() const {
    return *ledger_->View()->operations.Find(kOperation);
  }

  SimExecutor sim_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
  MemoryLedgerFile file_;
  std::unique_ptr<Ledger> ledger_ = OpenMemoryLedger(file_, sim_, sim_, *random_);
  ScriptedStore store_{sim_};
  std::shared_ptr<ImageWork> work_;
};

const model::ImageSource kUrl{.url = "http://example.org/a.qcow2"};

TEST_F(ImageWorkTest, AnImageIsFetchedPublishedAndThenThere) {
  Request(kUrl);
  sim_.RunFor(seconds(1));
  EXPECT_THAT(store_.calls, ElementsAre("download", "publish"));
  EXPECT_EQ(image().state, ImageState::kAvailable);
  EXPECT_EQ(image().format, "qcow2");
  EXPECT_EQ(image().virtual_bytes, 100);
  EXPECT_EQ(image().sha256, "aa");
  EXPECT_EQ(operation().state, OperationState::kSucceeded);
}

TEST_F(ImageWorkTest, AFileOfTheHostIsCopied) {
  Request({.path = "/a"});
  sim_.RunFor(seconds(1));
  EXPECT_THAT(store_.calls, ElementsAre("copy", "publish"));
  EXPECT_EQ(operation().kind, model::OperationKind::kImportImage);
}

TEST_F(ImageWorkTest, OtherBytesThanWereAskedForAreRemoved) {
  for (const auto& [sha256, sha512] : {std::pair{"ff", ""}, std::pair{"", "ff"}}) {
    store_.calls.clear();
    Request({.url = kUrl.url, .sha256 = sha256, .sha512 = sha512});
    sim_.RunFor(seconds(1));
    EXPECT_THAT(store_.calls, ElementsAre("download", "delete"));
    EXPECT_EQ(image().state, ImageState::kFailed);
    EXPECT_EQ(operation().error.reason, reasons::kImageChecksumMismatch);
    EXPECT_EQ(operation().state, OperationState::kFailed);
  }
}

TEST_F(ImageWorkTest, ASourceThatIsAwayIsTriedAgainEverLater) {
  store_.fetch.assign(4, Status(StatusCode::kUnavailable, "away"));
  Request(kUrl);
  sim_.RunFor(std::chrono::milliseconds(100));
  EXPECT_THAT(store_.calls, ElementsAre("download"));
  EXPECT_EQ(operation().steps[0].last_error.message, "away");
  sim_.RunFor(seconds(3));
  EXPECT_EQ(store_.calls.size(), 3U);
  sim_.RunFor(seconds(30));
  EXPECT_EQ(image().state, ImageState::kAvailable);
}

TEST_F(ImageWorkTest, ButNotForEver) {
  store_.fetch.assign(1000, Status(StatusCode::kUnavailable, "away"));
  Request(kUrl);
  sim_.RunFor(images::kPatience + seconds(120));
  EXPECT_EQ(image().state, ImageState::kFailed);
  EXPECT_EQ(image().state_message, "away");
  EXPECT_LT(store_.calls.size(), 60U);
  EXPECT_EQ(store_.calls.back(), "delete");
}

TEST_F(ImageWorkTest, WhatIsNoImageFailsAtOnceAndLeavesNothing) {
  store_.publish = {MakeError(StatusCode::kInvalidArgument, reasons::kImageInvalid, "a bomb")};
  Request(kUrl);
  sim_.RunFor(seconds(1));
  EXPECT_THAT(store_.calls, ElementsAre("download", "publish", "delete"));
  EXPECT_EQ(operation().error.reason, reasons::kImageInvalid);
}

TEST_F(ImageWorkTest, TellsHowFarItIs) {
  store_.hold_fetch = true;
  Request(kUrl);
  sim_.RunFor(seconds(1));
  EXPECT_EQ(work_->Progress(kId)->done_bytes, 7);
  EXPECT_EQ(work_->Progress(kId)->total_bytes, 10);
  store_.held();
  sim_.RunFor(seconds(1));
  EXPECT_EQ(work_->Progress(kId), std::nullopt);
}

TEST_F(ImageWorkTest, ACancelledFetchIsWaitedForAndThenRemoved) {
  store_.hold_fetch = true;
  Request(kUrl);
  sim_.RunFor(seconds(1));
  Cancel();
  sim_.RunFor(seconds(1));
  EXPECT_THAT(store_.calls, ElementsAre("download")) << "one call at a time";
  store_.held();
  sim_.RunFor(seconds(1));
  EXPECT_THAT(store_.calls, ElementsAre("download", "delete"));
  EXPECT_EQ(operation().state, OperationState::kCancelled);
  EXPECT_EQ(image().state, ImageState::kFailed);
}

TEST_F(ImageWorkTest, ACancelDoesNotWaitForTheNextTry) {
  store_.fetch.assign(1000, Status(StatusCode::kUnavailable, "away"));
  Request(kUrl);
  sim_.RunFor(seconds(60));  // By now it waits for half a minute and more.
  Cancel();
  sim_.RunFor(std::chrono::milliseconds(100));
  EXPECT_EQ(operation().state, OperationState::kCancelled);
}

TEST_F(ImageWorkTest, ANewAgentGoesOnWithWhatTheLastOneDidNotEnd) {
  store_.hold_fetch = true;
  Request(kUrl);
  sim_.RunFor(seconds(1));
  sim_.DropAll();  // It dies.
  store_.hold_fetch = false;
  ledger_ = OpenMemoryLedger(file_, sim_, sim_, *random_);
  Start();
  sim_.RunFor(seconds(1));
  EXPECT_THAT(store_.calls, ElementsAre("download", "download", "publish"));
  EXPECT_EQ(image().state, ImageState::kAvailable);
}

}  // namespace
}  // namespace berth
