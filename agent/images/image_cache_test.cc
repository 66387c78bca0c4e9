// SPDX-License-Identifier: Apache-2.0
#include "agent/images/image_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::images {
namespace {

using model::Image;
using model::ImageState;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kMib = 1 << 20;

WallTime At(int seconds) { return WallTime(std::chrono::seconds(seconds)); }

class MakeRoomTest : public testing::Test {
 protected:
  Image& Put(const std::string& id, int64_t mib, int last_used) {
    auto image = std::make_shared<Image>(Image{.id = id,
                                               .state = ImageState::kAvailable,
                                               .file_bytes = mib * kMib,
                                               .last_used = At(last_used)});
    view_.images.Put(id, image);
    view_.allocated.disk_mib += mib;
    return *image;
  }
  model::InstanceRecord& Use(const std::string& image_id) {
    auto record = std::make_shared<model::InstanceRecord>();
    record->id = "i-of-" + image_id;
    record->state = model::InstanceState::kStopped;
    record->spec.boot.image = image_id;
    view_.instances.Put(record->id, record);
    return *record;
  }
  StatusOr<std::vector<std::string>> For(int64_t mib, Limits limits) {
    return MakeRoom(view_, Image{.id = "img-new", .file_bytes = mib * kMib}, limits);
  }

  model::NodeView view_;
};

TEST_F(MakeRoomTest, NothingGoesWhereThereIsRoom) {
  Put("img-a", 10, 1);
  EXPECT_THAT(*For(10, {.cache_bytes = 20 * kMib, .disk_mib = 20}), IsEmpty());
  EXPECT_THAT(*For(10, {.cache_bytes = 0, .disk_mib = 20}), IsEmpty());
}

TEST_F(MakeRoomTest, TheOneNotUsedForTheLongestTimeGoesFirstAndNoMoreThanNeeded) {
  Put("img-a", 10, 3);
  Put("img-b", 10, 1);
  Put("img-c", 10, 2);
  EXPECT_THAT(*For(10, {.cache_bytes = 30 * kMib, .disk_mib = 1000}), ElementsAre("img-b"));
  EXPECT_THAT(*For(11, {.cache_bytes = 30 * kMib, .disk_mib = 1000}),
              ElementsAre("img-b", "img-c"));
  EXPECT_THAT(*For(10, {.cache_bytes = 0, .disk_mib = 31}), ElementsAre("img-b"));
}

TEST_F(MakeRoomTest, OneThatCameAMomentAgoCountsAsUsedThen) {
  Put("img-a", 10, 1).ended = At(5);
  Put("img-b", 10, 2);
  EXPECT_THAT(*For(10, {.cache_bytes = 20 * kMib, .disk_mib = 1000}), ElementsAre("img-b"));
}

TEST_F(MakeRoomTest, WhatIsInUsePinnedOrOnItsWayNeverGoes) {
  Put("img-a", 10, 1);
  Use("img-a");
  Put("img-b", 10, 2).pinned = true;
  Put("img-c", 10, 3).state = ImageState::kPending;
  const auto refused = For(10, {.cache_bytes = 20 * kMib, .disk_mib = 1000});
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused.status()), reasons::kStorageFull);
  Use("img-a").state = model::InstanceState::kTerminated;
  EXPECT_THAT(*For(10, {.cache_bytes = 20 * kMib, .disk_mib = 1000}), ElementsAre("img-a"));
}

TEST_F(MakeRoomTest, ADiskThatOthersHaveClaimedIsACapacityMatter) {
  view_.allocated.disk_mib = 95;
  const auto refused = For(10, {.cache_bytes = 0, .disk_mib = 100});
  EXPECT_EQ(ReasonOf(refused.status()), reasons::kInsufficientCapacity);
  EXPECT_EQ(DetailsOf(refused.status()).metadata.at("disk_mib_short"), "5");
}

TEST_F(MakeRoomTest, UsersAreAllThatAreNotTerminated) {
  Use("img-a");
  Use("img-b").state = model::InstanceState::kTerminated;
  EXPECT_EQ(UsersOf(view_, "img-a"), 1);
  EXPECT_EQ(UsersOf(view_, "img-b"), 0);
  EXPECT_EQ(CountUsers(view_), (std::map<std::string, int32_t>{{"img-a", 1}}));
}

}  // namespace
}  // namespace berth::images
