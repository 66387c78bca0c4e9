// SPDX-License-Identifier: Apache-2.0
#include "agent/api/instance_replies.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/api/instance_convert.h"
#include "agent/api/request_check.h"

namespace berth::api {
namespace {

model::InstanceRecord Record() {
  model::InstanceRecord record;
  record.id = "i-0123456789abcdef0";
  record.revision = 7;
  record.operation_id = "op-1";
  return record;
}

class InstanceRepliesTest : public testing::Test {
 protected:
  v1::Instance Reply(const model::InstanceRecord& record, bool operation_runs = false) {
    const auto buffer = replies_.Get(record, operation_runs);
    EXPECT_TRUE(buffer.ok());
    v1::Instance reply;
    EXPECT_TRUE(reply.ParseFromString(*BytesOf(*buffer)));
    return reply;
  }

  InstanceReplies replies_;
};

TEST_F(InstanceRepliesTest, SayWhatTheRecordSaysEachTime) {
  const std::string wanted = FromRecord(Record(), false).SerializeAsString();
  for (int time = 0; time < 3; ++time)
    EXPECT_EQ(Reply(Record()).SerializeAsString(), wanted) << time;
}

TEST_F(InstanceRepliesTest, FollowTheRecordsRevision) {
  Reply(Record());
  model::InstanceRecord changed = Record();
  changed.revision = 8;
  changed.spec.name = "renamed";
  EXPECT_EQ(Reply(changed).spec().name(), "renamed");
}

TEST_F(InstanceRepliesTest, FollowWhatIsNotStored) {
  Reply(Record());
  model::InstanceRecord away = Record();
  away.reachable = !away.reachable;
  EXPECT_EQ(Reply(away).status().reachable(), away.reachable);
  EXPECT_EQ(Reply(Record(), true).status().operation(), "op-1");
  EXPECT_EQ(Reply(Record(), false).status().operation(), "");
}

TEST_F(InstanceRepliesTest, AreOfTheirInstance) {
  Reply(Record());
  model::InstanceRecord other = Record();
  other.id = "i-0123456789abcdef1";
  EXPECT_EQ(Reply(other).instance_id(), other.id);
}

TEST_F(InstanceRepliesTest, MakeRoomForMoreThanAreKept) {
  model::InstanceRecord record = Record();
  for (size_t i = 0; i < kRepliesKept + 10; ++i) {
    record.id = fmt::format("i-{:017x}", i);
    ASSERT_EQ(Reply(record).instance_id(), record.id);
  }
}

}  // namespace
}  // namespace berth::api
