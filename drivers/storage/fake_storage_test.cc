// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/fake_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/base/sim_executor.h"

namespace berth {
namespace {

using ::testing::ElementsAre;

constexpr char kId[] = "i-0123456789abcdef0";

class FakeStorageTest : public ::testing::Test {
 protected:
  std::optional<Status> CreateRootDisk() {
    answer_.reset();
    storage_.CreateRootDisk(kId, {.boot = {.image = "a.qcow2"}},
                            [this](Status status) { answer_ = std::move(status); });
    EXPECT_FALSE(answer_) << "never answered inside the call";
    executor_.RunReady();
    return answer_;
  }

  SimExecutor executor_;
  FakeStorage storage_{executor_, {.any_image = false}};
  std::optional<Status> answer_;
};

TEST_F(FakeStorageTest, HasOnlyTheImagesItWasGiven) {
  EXPECT_EQ(ReasonOf(*CreateRootDisk()), reasons::kImageNotFound);
  EXPECT_FALSE(storage_.HasAnything(kId));
  storage_.AddImage("a.qcow2", {.format = "qcow2", .virtual_bytes = 1 << 30});
  EXPECT_TRUE(CreateRootDisk()->ok());
  EXPECT_TRUE(storage_.HasRootDisk(kId));
  EXPECT_THAT(storage_.Instances(), ElementsAre(kId));
}

TEST_F(FakeStorageTest, FailsAsScriptedOnceOrUntilToldOtherwise) {
  storage_.AddFile("a.qcow2");
  storage_.FailNext(StorageCall::kCreateRootDisk, {.error = Status(StatusCode::kInternal, "once")});
  EXPECT_EQ(CreateRootDisk()->code(), StatusCode::kInternal);
  EXPECT_FALSE(storage_.HasAnything(kId));
  EXPECT_TRUE(CreateRootDisk()->ok());
  storage_.FailAlways(StorageCall::kCreateRootDisk,
                      {.error = Status(StatusCode::kInternal, "always")});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(CreateRootDisk()->ok());
  storage_.FailAlways(StorageCall::kCreateRootDisk, {});
  EXPECT_TRUE(CreateRootDisk()->ok());
  EXPECT_EQ(storage_.CallsOf(StorageCall::kCreateRootDisk), 6);
}

TEST_F(FakeStorageTest, MayDoItAndStillReportAFailure) {
  storage_.AddFile("a.qcow2");
  storage_.FailNext(StorageCall::kCreateRootDisk,
                    {.error = Status(StatusCode::kInternal, "it lies"), .takes_effect = true});
  EXPECT_FALSE(CreateRootDisk()->ok());
  EXPECT_TRUE(storage_.HasRootDisk(kId));
}

TEST_F(FakeStorageTest, TakesItsTime) {
  storage_.AddFile("a.qcow2");
  storage_.SetDelay(StorageCall::kCreateRootDisk, Duration(500));
  EXPECT_FALSE(CreateRootDisk());
  executor_.RunFor(Duration(499));
  EXPECT_FALSE(answer_);
  executor_.RunFor(Duration(1));
  EXPECT_TRUE(answer_ && answer_->ok());
}

TEST_F(FakeStorageTest, ACrashMayFallBetweenEffectAndAnswer) {
  storage_.AddFile("a.qcow2");
  storage_.CreateRootDisk(kId, {.boot = {.image = "a.qcow2"}}, [](Status) { FAIL(); });
  executor_.RunOne();
  executor_.DropAll();
  executor_.RunReady();
  EXPECT_TRUE(storage_.HasRootDisk(kId));
}

TEST_F(FakeStorageTest, ForgetsAnInstanceWithItsLastFile) {
  storage_.AppendConsole(kId, "hello ");
  storage_.AppendConsole(kId, "world");
  StatusOr<std::string> text = std::string();
  const auto keep = [&](StatusOr<std::string> read) { text = std::move(read); };
  storage_.ReadConsole(kId, 5, keep);
  executor_.RunReady();
  EXPECT_EQ(*text, "world");
  storage_.DeleteInstance(kId, [](Status) {});
  executor_.RunReady();
  EXPECT_FALSE(storage_.HasAnything(kId));
  storage_.ReadConsole(kId, 5, keep);
  executor_.RunReady();
  EXPECT_EQ(ReasonOf(text.status()), reasons::kNoConsoleOutput);
}

}  // namespace
}  // namespace berth
