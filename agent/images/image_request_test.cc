// SPDX-License-Identifier: Apache-2.0
#include "agent/images/image_request.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::images {
namespace {

using model::Image;
using model::ImageState;
using model::OperationState;

constexpr char kUrl[] = "http://example.org/a.qcow2";
const Made kMade{"img-0000000000000000f", "op-0000000000000000f"};
const WallTime kNow{std::chrono::seconds(1000)};

class WantTest : public testing::Test {
 protected:
  // One that came from kUrl without a digest being given, and its operation.
  Image& Put(const std::string& id, ImageState state) {
    Image image{.id = id, .state = state, .source = {.url = kUrl}, .operation_id = "op-of-" + id};
    if (state == ImageState::kAvailable || state == ImageState::kEvicted) image.sha256 = "aa";
    model::Operation operation{.id = image.operation_id, .target = id};
    view_.operations.Put(operation.id, std::make_shared<const model::Operation>(operation));
    auto kept = std::make_shared<Image>(std::move(image));
    view_.images.Put(id, kept);
    return *kept;
  }
  StatusOr<Grant> Ask(const Wanted& wanted) { return Want(view_, wanted, kMade, kNow); }

  model::NodeView view_;
};

TEST_F(WantTest, WhatIsNotHereIsBrought) {
  const auto grant = Ask({.name = "a", .source = {.url = kUrl, .sha256 = "aa"}, .pinned = true});
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_FALSE(grant->hit);
  ASSERT_TRUE(grant->image);
  EXPECT_EQ(grant->image->id, kMade.image_id);
  EXPECT_EQ(grant->image->state, ImageState::kPending);
  EXPECT_TRUE(grant->image->pinned);
  EXPECT_EQ(grant->image->operation_id, kMade.operation_id);
  EXPECT_EQ(grant->operation.target, kMade.image_id);
  EXPECT_TRUE(grant->write_operation);
}

TEST_F(WantTest, WhoWantsTheSameGetsTheSame) {
  for (const ImageState state : {ImageState::kPending, ImageState::kAvailable}) {
    Put("img-a", state);
    const auto grant = Ask({.source = {.url = kUrl}});
    ASSERT_TRUE(grant.ok());
    EXPECT_TRUE(grant->hit);
    EXPECT_FALSE(grant->image) << "nothing to write";
    EXPECT_EQ(grant->operation.id, "op-of-img-a");
  }
}

TEST_F(WantTest, WhatIsHereIsBetterThanWhatIsOnItsWay) {
  Put("img-a", ImageState::kPending);
  Put("img-b", ImageState::kAvailable);
  Put("img-c", ImageState::kEvicted);
  EXPECT_EQ(Ask({.source = {.url = kUrl}})->operation.target, "img-b");
}

TEST_F(WantTest, ADigestIsSharedWhereItIsTheOneThatCame) {
  Put("img-a", ImageState::kAvailable);
  EXPECT_EQ(Ask({.source = {.url = kUrl, .sha256 = "aa"}})->operation.target, "img-a");
  EXPECT_EQ(Ask({.source = {.url = kUrl, .sha256 = "bb"}})->operation.target, kMade.image_id);
  EXPECT_EQ(Ask({.source = {.url = kUrl, .format = "vmdk"}})->operation.target, kMade.image_id);
}

TEST_F(WantTest, AnImageThatFailedIsNotShared) {
  Put("img-a", ImageState::kFailed);
  EXPECT_EQ(Ask({.source = {.url = kUrl}})->operation.target, kMade.image_id);
}

TEST_F(WantTest, AFileMayHaveChangedSinceItWasImported) {
  Put("img-a", ImageState::kAvailable).source = {.path = "/exchange/a"};
  EXPECT_FALSE(Ask({.source = {.path = "/exchange/a"}})->hit);
  EXPECT_TRUE(Ask({.source = {.path = "/exchange/a", .sha256 = "aa"}})->hit);
  Put("img-a", ImageState::kPending).source = {.path = "/exchange/a"};
  EXPECT_TRUE(Ask({.source = {.path = "/exchange/a"}})->hit);
}

TEST_F(WantTest, AnImageWhoseOperationIsForgottenIsAnsweredWithOneThatIsDone) {
  Put("img-a", ImageState::kAvailable);
  view_.operations = {};
  const auto grant = Ask({.source = {.url = kUrl}});
  ASSERT_TRUE(grant.ok());
  EXPECT_TRUE(grant->hit);
  EXPECT_TRUE(grant->write_operation);
  EXPECT_EQ(grant->operation.state, OperationState::kSucceeded);
  EXPECT_EQ(grant->operation.target, "img-a");
  EXPECT_EQ(grant->image->operation_id, grant->operation.id);
}

TEST_F(WantTest, PinnedByOneIsPinnedForAll) {
  Put("img-a", ImageState::kAvailable);
  const auto grant = Ask({.source = {.url = kUrl}, .pinned = true});
  ASSERT_TRUE(grant->image);
  EXPECT_TRUE(grant->image->pinned);
  EXPECT_EQ(grant->image->state, ImageState::kAvailable);
}

TEST_F(WantTest, OneThatWasEvictedComesBackUnderItsId) {
  Put("img-a", ImageState::kEvicted).state_message = "made room";
  const auto grant = Ask({.source = {.url = kUrl}});
  ASSERT_TRUE(grant->image);
  EXPECT_FALSE(grant->hit);
  EXPECT_EQ(grant->image->id, "img-a");
  EXPECT_EQ(grant->image->state, ImageState::kPending);
  EXPECT_EQ(grant->image->sha256, "aa") << "what comes has to be what it was";
  EXPECT_EQ(grant->image->state_message, "");
  EXPECT_EQ(grant->operation.id, kMade.operation_id);
}

TEST_F(WantTest, AnIdIsOneImageForEver) {
  Put("img-a", ImageState::kAvailable);
  EXPECT_TRUE(Ask({.id = "img-a", .source = {.url = kUrl}})->hit);
  EXPECT_EQ(ReasonOf(Ask({.id = "img-a", .source = {.url = "http://b"}}).status()),
            reasons::kImageExists);
  Put("img-b", ImageState::kFailed);
  EXPECT_EQ(ReasonOf(Ask({.id = "img-b", .source = {.url = kUrl}}).status()),
            reasons::kImageExists);
  Made made = kMade;
  made.id_was_used = true;
  const Wanted deleted{.id = "img-c", .source = {.url = kUrl}};
  EXPECT_EQ(ReasonOf(Want(view_, deleted, made, kNow).status()), reasons::kImageExists);
}

}  // namespace
}  // namespace berth::images
