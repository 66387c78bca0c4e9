// SPDX-License-Identifier: Apache-2.0
// Watches and events over the socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "agent/api/life_fixture.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WatchRpcTest : public LifeTest {
 protected:
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchInstancesResponse>> reader;
    v1::WatchInstancesResponse Next() {
      v1::WatchInstancesResponse message;
      EXPECT_TRUE(reader->Read(&message)) << reader->Finish().error_message();
      return message;
    }
    WireError End() {
      v1::WatchInstancesResponse message;
      while (reader->Read(&message)) {
      }
      return Decode(reader->Finish());
    }
  };
  std::unique_ptr<Stream> Watch(const v1::WatchInstancesRequest& request = {}) {
    auto stream = std::make_unique<Stream>();
    stream->reader = agent_.instances->WatchInstances(&stream->context, request);
    return stream;
  }
};

TEST_F(WatchRpcTest, ShowsWholeInstancesAndGoesOnFromAToken) {
  const v1::Instance first = Create(Wish());
  Wait(first);
  const auto stream = Watch();
  const v1::WatchInstancesResponse existing = stream->Next();
  EXPECT_EQ(existing.change().type(), v1::InstanceChange::TYPE_EXISTING);
  EXPECT_EQ(existing.change().instance().SerializeAsString(),
            Get(first.instance_id()).SerializeAsString());
  EXPECT_THAT(existing.resume_token(), IsEmpty());
  const v1::WatchInstancesResponse synced = stream->Next();
  EXPECT_TRUE(synced.has_synced());
  const v1::Instance second = Create(Wish());
  const v1::WatchInstancesResponse created = stream->Next();
  EXPECT_EQ(created.change().type(), v1::InstanceChange::TYPE_CREATED);
  EXPECT_EQ(created.change().instance().instance_id(), second.instance_id());
  EXPECT_EQ(created.revision(), created.change().instance().revision());
  Wait(second);

  v1::WatchInstancesRequest request;
  request.set_resume_token(synced.resume_token());
  const v1::WatchInstancesResponse again = Watch(request)->Next();
  EXPECT_EQ(again.change().type(), v1::InstanceChange::TYPE_CREATED);
  EXPECT_EQ(again.resume_token(), created.resume_token());
}

TEST_F(WatchRpcTest, EndsWithTheAgentAndSaysSo) {
  const auto stream = Watch();
  EXPECT_TRUE(stream->Next().has_synced());
  std::thread stop([this] { agent_.server->Shutdown(std::chrono::seconds(5)); });
  const WireError end = stream->End();
  stop.join();
  EXPECT_EQ(end.code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(end.reason, reasons::kAgentStopping);
}

TEST_F(WatchRpcTest, FaultsAreToldBeforeAnythingIsShown) {
  v1::WatchInstancesRequest request;
  request.add_instance_ids("web");
  EXPECT_THAT(FieldsOf(Watch(request)->End()), ElementsAre("instance_ids[0]"));
  request.clear_instance_ids();
  request.set_resume_token("nonsense");
  EXPECT_THAT(FieldsOf(Watch(request)->End()), ElementsAre("resume_token"));
}

TEST_F(WatchRpcTest, TheNodeIsShownAgainAfterAChange) {
  grpc::ClientContext context;
  const auto reader = agent_.nodes->WatchNode(&context, v1::WatchNodeRequest());
  v1::WatchNodeResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.node().allocated().shared_vcpus(), 0);
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_TRUE(message.has_synced());
  Wait(Create(Wish()));
  const int64_t revision = agent_.node.GetNode().revision;
  do ASSERT_TRUE(reader->Read(&message));
  while (message.revision() < revision);
  EXPECT_EQ(message.node().allocated().shared_vcpus(), 1);
  context.TryCancel();
}

TEST_F(WatchRpcTest, EventsTellALifeWithItsCallers) {
  const v1::Instance created = Create(Wish("make"));
  Wait(created);
  v1::ListEventsRequest request;
  request.set_instance_id(created.instance_id());
  grpc::ClientContext context;
  v1::ListEventsResponse reply;
  ASSERT_TRUE(agent_.instances->ListEvents(&context, request, &reply).ok());
  ASSERT_EQ(reply.events_size(), 4);
  EXPECT_EQ(reply.events(1).type(), "InstanceCreated");
  EXPECT_EQ(reply.events(1).request_id(), "make");
  EXPECT_EQ(reply.events(1).principal(), "uid:" + std::to_string(getuid()));
  EXPECT_EQ(reply.events(3).attributes().at("to"), "RUNNING");
  EXPECT_LT(reply.events(1).event_id(), reply.events(2).event_id());

  grpc::ClientContext context_of_all;
  v1::ListEventsResponse all;
  ASSERT_TRUE(agent_.instances->ListEvents(&context_of_all, v1::ListEventsRequest(), &all).ok());
  EXPECT_EQ(all.events_size(), 4) << "without an id, all are given";
}

}  // namespace
}  // namespace berth::api
