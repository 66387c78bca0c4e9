// SPDX-License-Identifier: Apache-2.0
// Images from request to deletion, over the fake store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/node_harness.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

using model::Image;
using model::ImageState;
using model::OperationState;
using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kUrl[] = "http://example.org/a.qcow2";
constexpr char kOtherUrl[] = "http://example.org/b.qcow2";

class ImagesTest : public testing::Test {
 protected:
  static BringImageArgs From(const std::string& url) { return {.source = {.url = url}}; }
  // The id of an image that has come from there.
  std::string Pulled(const std::string& url = kUrl) {
    const auto operation = world_.Bring(From(url));
    EXPECT_TRUE(operation.ok()) << operation.status();
    world_.RunFor(seconds(1));
    EXPECT_EQ(StateOf(operation->target), ImageState::kAvailable);
    return operation->target;
  }
  ImageState StateOf(const std::string& id) { return ImageOf(id).state; }
  Image ImageOf(const std::string& id) {
    const auto reading = world_.node().images().Get(id);
    EXPECT_TRUE(reading.ok()) << reading.status();
    return reading.ok() ? *reading->image : Image{};
  }
  std::string Reason(const Status& status) { return ReasonOf(status); }
  StatusOr<model::InstanceRecord> CreateOn(const std::string& image_id) {
    CreateInstanceArgs args = SmallInstance();
    args.spec.boot.image = image_id;
    return world_.Create(args);
  }
  void TearDown() override { world_.ExpectConsistent(); }

  World world_;
};

TEST_F(ImagesTest, AnImageIsPulledAndItsFileIsClaimed) {
  const std::string id = Pulled();
  EXPECT_EQ(ImageOf(id).format, "qcow2");
  EXPECT_EQ(world_.ledger().allocated.disk_mib, FakeImageStore::kBytes >> 20);
  EXPECT_THAT(world_.image_store.Files(), ElementsAre(ImageFile{id, true}));
}

TEST_F(ImagesTest, ManyWhoWantTheSameMakeOneDownload) {
  std::set<std::string> operations;
  for (int i = 0; i < 200; ++i) operations.insert(world_.Bring(From(kUrl))->id);
  world_.RunFor(seconds(1));
  EXPECT_THAT(operations, SizeIs(1));
  EXPECT_EQ(world_.image_store.CallsOf(ImageCall::kFetch), 1);
}

TEST_F(ImagesTest, ARepeatGetsTheFirstAnswer) {
  const CallContext call = Call("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  const auto first = world_.Bring(From(kUrl), call);
  ASSERT_TRUE(first.ok()) << first.status();
  world_.RunFor(seconds(1));
  ASSERT_TRUE(world_.DeleteImage(first->target).ok());
  EXPECT_EQ(*world_.Bring(From(kUrl), call), *first);
  EXPECT_EQ(Reason(world_.Bring(From(kOtherUrl), Call(call.request_id, "other")).status()),
            reasons::kIdempotentParameterMismatch);
}

TEST_F(ImagesTest, EveryFaultOfARequestIsToldAtOnce) {
  const BringImageArgs bad{.image_id = "img-1",
                           .name = std::string(129, 'n'),
                           .source = {.url = "ftp://a", .sha256 = "AB", .sha512 = "c"}};
  std::vector<std::string> fields;
  for (const auto& fault : FaultsOf(bad, "/exchange")) fields.push_back(fault.field);
  EXPECT_THAT(fields, ElementsAre("image_id", "name", "url", "digest.sha256", "digest.sha512"));
  for (const std::string path : {"relative", "/etc/shadow", "/exchange", "/exchange/",
                                 "/exchange/../etc/shadow", "/exchange2/a", "/exchange/a/.."})
    EXPECT_THAT(FaultsOf({.source = {.path = path}}, "/exchange"), SizeIs(1)) << path;
  EXPECT_THAT(FaultsOf({.source = {.path = "/exchange/a/b.vmdk"}}, "/exchange"), IsEmpty());
  for (const std::string url : {"http://", "http://a b", "https://u:p@a/b", "file:///etc/shadow"})
    EXPECT_THAT(FaultsOf({.source = {.url = url}}, "/exchange"), SizeIs(1)) << url;
  EXPECT_EQ(world_.Bring(bad).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ImagesTest, WhatIsOnlyCheckedChangesNothing) {
  CallContext call = Call("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  call.validate_only = true;
  const auto operation = world_.Bring(From(kUrl), call);
  ASSERT_TRUE(operation.ok()) << operation.status();
  EXPECT_EQ(operation->id, "");
  EXPECT_EQ(operation->target, "");
  EXPECT_TRUE(world_.ledger().images.empty());
}

TEST_F(ImagesTest, AnInstanceBootsFromItAndKeepsItFromBeingDeleted) {
  const std::string id = Pulled();
  const auto record = CreateOn(id);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_TRUE(ImageOf(id).last_used);
  EXPECT_EQ(world_.node().images().Get(id)->user_count, 1);
  EXPECT_EQ(Reason(world_.DeleteImage(id).status()), reasons::kImageInUse);
  world_.RunFor(seconds(1));
  ASSERT_TRUE(world_.Terminate(record->id).ok());
  world_.RunFor(seconds(1));
  ASSERT_TRUE(world_.DeleteImage(id).ok());
  world_.RunFor(seconds(1));
  EXPECT_THAT(world_.image_store.Files(), IsEmpty());
  world_.ExpectNothingLeft();
  EXPECT_EQ(Reason(world_.node().images().Get(id).status()), reasons::kImageNotFound);
  EXPECT_EQ(Reason(world_.DeleteImage(id).status()), reasons::kImageNotFound);
}

TEST_F(ImagesTest, NobodyBootsFromOneThatIsNotHere) {
  EXPECT_EQ(Reason(CreateOn("img-0123456789abcdef0").status()), reasons::kImageNotFound);
  world_.image_store.SetWeather([](ImageCall) { return StorageFault{{}, false, seconds(60)}; });
  const auto operation = world_.Bring(From(kUrl));
  EXPECT_EQ(Reason(CreateOn(operation->target).status()), reasons::kImageNotFound) << "on its way";
  EXPECT_EQ(Reason(world_.DeleteImage(operation->target).status()), reasons::kOperationInProgress);
}

TEST_F(ImagesTest, ACancelledPullLeavesNothing) {
  world_.image_store.SetWeather([](ImageCall) { return StorageFault{{}, false, seconds(5)}; });
  const auto operation = world_.Bring(From(kUrl));
  world_.RunFor(seconds(1));
  EXPECT_EQ(world_.Cancel(operation->id)->state, OperationState::kUndoing);
  world_.RunFor(seconds(60));
  EXPECT_EQ(world_.node().GetOperation(operation->id).value()->state, OperationState::kCancelled);
  EXPECT_EQ(StateOf(operation->target), ImageState::kFailed);
  EXPECT_THAT(world_.image_store.Files(), IsEmpty());
  EXPECT_EQ(world_.Cancel(operation->id)->state, OperationState::kCancelled) << "as it is";
}

TEST_F(ImagesTest, AnAgentThatDiesAtAnyMomentGoesOnWithIt) {
  world_.image_store.SetWeather([](ImageCall) { return StorageFault{{}, false, seconds(2)}; });
  const auto operation = world_.Bring(From(kUrl));
  for (int i = 0; i < 8; ++i) {
    world_.RunFor(Duration(1500));
    world_.Restart();
    world_.RunFor(Duration(900));
  }
  world_.RunFor(seconds(60));
  EXPECT_EQ(StateOf(operation->target), ImageState::kAvailable);
  EXPECT_THAT(world_.image_store.Files(), ElementsAre(ImageFile{operation->target, true}));
}

TEST_F(ImagesTest, TheCacheKeepsToItsLimit) {
  world_.image_cache_bytes = 2 * FakeImageStore::kBytes;
  world_.Restart();
  const std::string first = Pulled("http://a/1");
  const std::string second = Pulled("http://a/2");
  ASSERT_TRUE(CreateOn(first).ok());
  const std::string third = Pulled("http://a/3");
  world_.RunFor(seconds(1));
  EXPECT_EQ(StateOf(second), ImageState::kEvicted) << "the first is in use";
  EXPECT_EQ(ImageOf(second).file_bytes, 0);
  EXPECT_THAT(world_.image_store.Files(), SizeIs(2));
  EXPECT_EQ(Reason(CreateOn(second).status()), reasons::kImageNotFound);
  EXPECT_EQ(world_.node().images().List(0, "")->cache_used_bytes, world_.image_cache_bytes);

  const auto again = world_.Bring(From("http://a/2"));
  EXPECT_EQ(again->target, second) << "under its id";
  world_.RunFor(seconds(1));
  EXPECT_EQ(StateOf(second), ImageState::kAvailable);
  EXPECT_EQ(StateOf(third), ImageState::kEvicted);
}

TEST_F(ImagesTest, WhatComesAgainHasToBeWhatItWas) {
  world_.image_cache_bytes = FakeImageStore::kBytes;
  world_.Restart();
  const std::string id = Pulled(kUrl);
  Pulled(kOtherUrl);
  world_.image_store.SetSource(kUrl, {FakeImageStore::kBytes, std::string(64, 'e'), ""});
  ASSERT_TRUE(world_.Bring(From(kUrl)).ok());
  world_.RunFor(seconds(1));
  EXPECT_EQ(StateOf(id), ImageState::kFailed);
  EXPECT_THAT(ImageOf(id).state_message, testing::HasSubstr("digest"));
}

TEST_F(ImagesTest, AnImageThatTheCacheCannotHoldFailsAndLeavesNothing) {
  world_.image_cache_bytes = FakeImageStore::kBytes / 2;
  world_.Restart();
  const auto operation = world_.Bring(From(kUrl));
  world_.RunFor(seconds(1));
  const auto ended = world_.node().GetOperation(operation->id).value();
  EXPECT_EQ(ended->state, OperationState::kFailed);
  EXPECT_EQ(ended->error.reason, reasons::kStorageFull);
  EXPECT_THAT(world_.image_store.Files(), IsEmpty());
  world_.ExpectNothingLeft();
}

TEST_F(ImagesTest, AnEvictionOrDeletionThatACrashCutOffIsDoneByTheNextAgent) {
  const std::string id = Pulled();
  world_.image_store.SetWeather([](ImageCall call) {
    return call == ImageCall::kDelete ? StorageFault{Status(StatusCode::kInternal, "bad disk")}
                                      : StorageFault{};
  });
  ASSERT_TRUE(world_.DeleteImage(id).ok());
  world_.RunFor(seconds(1));
  EXPECT_THAT(world_.image_store.Files(), SizeIs(1));
  world_.Crash();
  world_.image_store.SetWeather({});
  world_.Start();
  world_.RunFor(seconds(1));
  EXPECT_THAT(world_.image_store.Files(), IsEmpty());
}

TEST_F(ImagesTest, AnImageOfALostLedgerIsTakenInAndItsLeftoversAreRemoved) {
  world_.Crash();
  const std::string whole = "img-0000000000000000a";
  world_.image_store.AddFile({whole, true});
  world_.image_store.AddFile({"img-0000000000000000b", false});
  world_.Start();
  world_.RunFor(seconds(1));
  EXPECT_THAT(world_.image_store.Files(), ElementsAre(ImageFile{whole, true}));
  EXPECT_EQ(StateOf(whole), ImageState::kAvailable);
  EXPECT_TRUE(CreateOn(whole).ok());
}

TEST_F(ImagesTest, AnImageWhoseFileSomebodyRemovedIsSaidToBeGone) {
  const std::string id = Pulled();
  world_.Crash();
  world_.image_store.RemoveFile(id);
  world_.Start();
  world_.RunFor(seconds(1));
  EXPECT_EQ(StateOf(id), ImageState::kEvicted);
  EXPECT_EQ(Pulled(), id);
}

TEST_F(ImagesTest, AFailedImageIsForgottenAfterAnHourAndAGoodOneIsNot) {
  const std::string good = Pulled();
  world_.image_store.SetWeather([](ImageCall call) {
    return call == ImageCall::kPublish
               ? StorageFault{MakeError(StatusCode::kInvalidArgument, reasons::kImageInvalid, "x")}
               : StorageFault{};
  });
  const auto bad = world_.Bring(From(kOtherUrl));
  world_.RunFor(hours(1) + std::chrono::minutes(10));
  EXPECT_EQ(Reason(world_.node().images().Get(bad->target).status()), reasons::kImageNotFound);
  world_.RunFor(hours(48));
  EXPECT_EQ(StateOf(good), ImageState::kAvailable);
  EXPECT_TRUE(world_.node().GetOperation(ImageOf(good).operation_id).ok());
  const BringImageArgs same_id{.image_id = bad->target, .source = {.url = kOtherUrl}};
  EXPECT_EQ(Reason(world_.Bring(same_id).status()), reasons::kImageExists);
}

TEST_F(ImagesTest, AListGoesPageByPage) {
  for (int i = 0; i < 5; ++i) Pulled("http://a/" + std::to_string(i));
  const auto first = world_.node().images().List(3, "");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(first->images, SizeIs(3));
  const auto second = world_.node().images().List(3, first->next_page_token);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(second->images, SizeIs(2));
  EXPECT_EQ(second->next_page_token, "");
  EXPECT_EQ(second->revision, first->revision);
}

}  // namespace
}  // namespace berth::node
