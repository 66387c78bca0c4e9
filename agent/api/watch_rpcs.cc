// SPDX-License-Identifier: Apache-2.0
#include "agent/api/watch_rpcs.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "agent/api/event_convert.h"
#include "agent/api/instance_convert.h"
#include "agent/api/message_bytes.h"
#include "agent/api/node_rpcs.h"
#include "agent/api/show_instance.h"
#include "berth/v1/instance_service.pb.h"
#include "berth/v1/node_service.pb.h"
#include "core/base/ids.h"

namespace berth::api {
namespace {

using Bytes = std::shared_ptr<const grpc::ByteBuffer>;
using Kind = WatchMessage::Kind;

constexpr int kIdsMax = 100;

v1::InstanceChange::Type TypeOf(Kind kind) {
  switch (kind) {
    case Kind::kExisting:
      return v1::InstanceChange::TYPE_EXISTING;
    case Kind::kCreated:
      return v1::InstanceChange::TYPE_CREATED;
    case Kind::kUpdated:
      return v1::InstanceChange::TYPE_UPDATED;
    default:
      return v1::InstanceChange::TYPE_REMOVED;
  }
}

v1::WatchInstancesResponse FromMessage(const NodeAgent& node, const WatchMessage& message) {
  v1::WatchInstancesResponse out;
  out.set_revision(message.revision);
  out.set_resume_token(message.resume_token);
  if (message.kind == Kind::kSynced) {
    out.mutable_synced();
  } else if (message.kind == Kind::kHeartbeat) {
    out.mutable_heartbeat();
  } else {
    v1::InstanceChange& change = *out.mutable_change();
    change.set_type(TypeOf(message.kind));
    if (message.record != nullptr)
      *change.mutable_instance() = ShowInstance(node, *message.record);
    else
      change.mutable_instance()->set_instance_id(message.id);
  }
  return out;
}

// Made once for all who watch.
StatusOr<Bytes> BytesOf(const NodeAgent& node, const WatchMessage& message) {
  Status status;
  std::call_once(message.rendered_once, [&] {
    auto bytes = BytesOfMessage(FromMessage(node, message));
    status = bytes.status();
    if (bytes.ok()) message.rendered = std::make_shared<const grpc::ByteBuffer>(*std::move(bytes));
  });
  if (message.rendered == nullptr) return status.ok() ? absl::InternalError("no bytes") : status;
  return std::static_pointer_cast<const grpc::ByteBuffer>(message.rendered);
}

// Takes from the watch and writes, one after the other, until the call ends.
class InstancePump : public std::enable_shared_from_this<InstancePump> {
 public:
  InstancePump(NodeAgent& node, InstanceWatchPtr watch, StreamPtr call)
      : node_(node), watch_(std::move(watch)), call_(std::move(call)) {}

  void Take() {
    watch_->Next([self = shared_from_this()](StatusOr<InstanceWatch::Messages> messages) {
      if (!messages.ok()) return self->call_->Fail(messages.status());
      self->messages_ = std::move(*messages);
      self->next_ = 0;
      self->Write();
    });
  }

 private:
  void Write() {
    if (call_->ended()) return;
    if (next_ == messages_.size()) return Take();
    const auto bytes = BytesOf(node_, *messages_[next_++]);
    if (!bytes.ok()) return call_->Fail(bytes.status());
    call_->Write(*bytes, [self = shared_from_this()] { self->Write(); });
  }

  NodeAgent& node_;
  const InstanceWatchPtr watch_;
  const StreamPtr call_;
  InstanceWatch::Messages messages_;
  size_t next_ = 0;
};

WatchArgs ToWatch(const v1::WatchInstancesRequest& request, RequestFaults& faults) {
  if (request.instance_ids_size() > kIdsMax)
    faults.Invalid("instance_ids", fmt::format("at most {}; leave it out for all", kIdsMax));
  for (int i = 0; i < request.instance_ids_size(); ++i)
    if (!IsInstanceId(request.instance_ids(i)))
      faults.Invalid(fmt::format("instance_ids[{}]", i), "\"i-\" and 17 lower-case hex digits");
  return {.resume_token = request.resume_token(),
          .instance_ids = {request.instance_ids().begin(), request.instance_ids().end()},
          .tenant_id = request.tenant_id()};
}

void WatchInstances(NodeAgent& node, const v1::WatchInstancesRequest& request, RequestFaults faults,
                    const StreamPtr& call) {
  WatchArgs args = ToWatch(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  auto watch = node.WatchInstances(std::move(args));
  if (!watch.ok()) return call->Fail(watch.status());
  call->MarkWaiting();
  std::make_shared<InstancePump>(node, *std::move(watch), call)->Take();
}

void ListEvents(NodeAgent& node, const v1::ListEventsRequest& request, RequestFaults faults,
                const CallPtr& call) {
  const ListEventsArgs args = ToListEvents(request, faults);
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  node.ListEvents(args, call->AnswerWith<ListEventsResult>(FromEvents));
}

// What is shown of the node and is not in its ledger.
std::string Fingerprint(const NodeAgent& node, const NodeFacts& facts) {
  std::string text;
  for (const model::Condition& condition : facts.conditions())
    text += fmt::format("{} {} {}\n", condition.type, static_cast<int>(condition.status),
                        condition.reason);
  return text + fmt::format("{}", static_cast<const void*>(node.GetNode().foreign.get()));
}

class NodePump : public std::enable_shared_from_this<NodePump> {
 public:
  NodePump(NodeAgent& node, const NodeFacts& facts, std::shared_ptr<NodeWatch> watch,
           StreamPtr call)
      : node_(node), facts_(facts), watch_(std::move(watch)), call_(std::move(call)) {}

  void Begin() {
    const NodeNews now = watch_->Now();
    Write(ShowNow(now), [self = shared_from_this(), now] {
      v1::WatchNodeResponse synced;
      synced.mutable_synced();
      Stamp(now, synced);
      self->Write(synced, [self] { self->Follow(); });
    });
  }
  void Follow() {
    watch_->Next([self = shared_from_this()](const NodeNews& news) {
      if (self->call_->ended()) return;
      v1::WatchNodeResponse out;
      if (news.changed)
        out = self->ShowNow(news);
      else
        out.mutable_heartbeat();
      Stamp(news, out);
      self->Write(out, [self] { self->Follow(); });
    });
  }

 private:
  static void Stamp(const NodeNews& news, v1::WatchNodeResponse& out) {
    out.set_revision(news.revision);
    out.set_resume_token(news.resume_token);
  }
  v1::WatchNodeResponse ShowNow(const NodeNews& news) const {
    v1::WatchNodeResponse out;
    *out.mutable_node() = ShowNode(node_, facts_);
    Stamp(news, out);
    return out;
  }
  void Write(const v1::WatchNodeResponse& message, std::function<void()> written) {
    auto bytes = BytesOfMessage(message);
    if (!bytes.ok()) return call_->Fail(bytes.status());
    call_->Write(std::make_shared<const grpc::ByteBuffer>(*std::move(bytes)), std::move(written));
  }

  NodeAgent& node_;
  const NodeFacts& facts_;
  const std::shared_ptr<NodeWatch> watch_;
  const StreamPtr call_;
};

void WatchNode(NodeAgent& node, const NodeFacts& facts, const v1::WatchNodeRequest& request,
               RequestFaults faults, const StreamPtr& call) {
  if (const Status wrong = faults.ToStatus(); !wrong.ok()) return call->Fail(wrong);
  auto watch =
      node.WatchNode(request.resume_token(), [&node, &facts] { return Fingerprint(node, facts); });
  if (!watch.ok()) return call->Fail(watch.status());
  call->MarkWaiting();
  const auto pump = std::make_shared<NodePump>(node, facts, *std::move(watch), call);
  request.resume_token().empty() ? pump->Begin() : pump->Follow();
}

}  // namespace

void ServeInstanceWatches(RpcService& service, NodeAgent& node) {
  service.ServeStream<v1::WatchInstancesRequest>(
      "WatchInstances", [&node](const auto& request, RequestFaults faults, const StreamPtr& call) {
        WatchInstances(node, request, std::move(faults), call);
      });
  service.Serve<v1::ListEventsRequest>(
      "ListEvents", [&node](const auto& request, RequestFaults faults, const CallPtr& call) {
        ListEvents(node, request, std::move(faults), call);
      });
}

void ServeNodeWatches(RpcService& service, NodeAgent& node, const NodeFacts& facts) {
  service.ServeStream<v1::WatchNodeRequest>(
      "WatchNode",
      [&node, &facts](const auto& request, RequestFaults faults, const StreamPtr& call) {
        WatchNode(node, facts, request, std::move(faults), call);
      });
}

}  // namespace berth::api
