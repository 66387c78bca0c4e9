// SPDX-License-Identifier: Apache-2.0
// Lets go of what is over: terminated instances, ended reservations, failed images and finished
// operations stay readable for a while and are then erased from the ledger, a few hundred per
// transaction. What holds a claim is never erased.
//
// Thread-safe; runs on the executor's timer until that ends or this is destroyed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/node/node_context.h"

namespace berth::node {

// What may go at `now`; at most `limit` of each.
struct Expired {
  std::vector<std::string> instances;
  std::vector<std::string> operations;  // Never one that an instance or image names as its own.
  std::vector<std::string> reservations;
  std::vector<std::string> images;  // Failed ones.
  bool empty() const {
    return instances.empty() && operations.empty() && reservations.empty() && images.empty();
  }
};
struct RetentionPolicy {
  Duration terminated_visible;  // Ended reservations and failed images too.
  Duration operations_visible;
};
Expired FindExpired(const model::NodeView& view, const RetentionPolicy& policy, WallTime now,
                    size_t limit);

class Retention : public std::enable_shared_from_this<Retention> {
 public:
  explicit Retention(ContextPtr context);
  void Start();

 private:
  void Arm();
  void Look();

  const ContextPtr context_;
  const RetentionPolicy policy_;
  const Duration interval_;
};

}  // namespace berth::node
