// SPDX-License-Identifier: Apache-2.0
// What every use case of the node works with, and the one way in which calls end. Private to this
// directory.
#pragma once

#include <memory>
#include <utility>

#include "agent/node/book.h"
#include "agent/node/node_agent.h"
#include "core/base/published.h"

namespace berth::node {

struct NodeContext {
  explicit NodeContext(NodeAgent::Dependencies dependencies)
      : with(std::move(dependencies)),
        book(std::make_unique<Book>(with.topology, with.capacity)),
        foreign(std::make_unique<Published<ForeignHoldings>>(
            std::make_shared<const ForeignHoldings>())) {}

  NodeAgent::Dependencies with;
  std::unique_ptr<Book> book;  // For bodies of transactions alone, which run one after the other.
  std::unique_ptr<Published<ForeignHoldings>> foreign;  // As last found.

  // In a transaction: the room that there is.
  scheduler::Room Room(const model::NodeView& view, const model::Topology& topology_now) const {
    return book->RoomAt(view, foreign->Get(), topology_now);
  }

  model::Topology TopologyNow() const {
    return with.topology_now ? with.topology_now() : model::Topology{};
  }

  // Answers the caller, never from inside its call or on the ledger's thread.
  template <typename T>
  void Answer(NodeAgent::DoneWith<T> done, StatusOr<T> result) const {
    with.executor.Post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }
  // As Answer with an error, counted by its reason.
  template <typename T>
  void Refuse(NodeAgent::DoneWith<T> done, Status status) const {
    CountRefusal(status);
    Answer<T>(std::move(done), std::move(status));
  }
  void CountRefusal(const Status& status) const;
};

using ContextPtr = std::shared_ptr<const NodeContext>;
using RecordPtr = std::shared_ptr<const model::InstanceRecord>;

// The errors that several use cases share.
Status InstanceNotFound(const std::string& id);
// OK if `id` looks like an instance's.
Status CheckInstanceId(const std::string& id);

}  // namespace berth::node
