// SPDX-License-Identifier: Apache-2.0
// Those who use a simulated node: they ask for random things, ask again under the same request id,
// and remember what they were told.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/node/node_harness.h"

namespace berth::sim {

class Clients {
 public:
  // `draw` and `world` outlive this.
  Clients(node::World& world, Random& draw, int instances)
      : world_(world), draw_(draw), instances_(instances) {}

  // A new call, or one of before once more.
  void Ask();
  // What one was told that cannot be; "": nothing.
  const std::string& fault() const { return fault_; }
  std::string AnyId() { return IdOf(Draw(static_cast<uint64_t>(instances_))); }
  uint64_t Draw(uint64_t below) { return draw_.Next() % below; }

 private:
  enum class Verb {
    kCreate,
    kStart,
    kStop,
    kReboot,
    kTerminate,
    kResize,
    kUpdate,
    kInterrupt,
    kCancel,
    kReserve,
    kCommit,
    kRelease,
    kBatch,
    kPull,
    kDeleteImage,
    kCancelPull,
  };
  // Everything that a repeat needs to be the same.
  struct Asked {
    Verb verb = Verb::kCreate;
    std::string id;
    std::string image_id;  // Of one that there was, or "".
    CallContext call;
    uint64_t seed = 0;  // Of the details.
  };

  std::string IdOf(uint64_t number) const;
  std::string AnyImage();
  Asked DrawCall();
  void Send(const Asked& asked);
  CreateInstanceArgs ArgsFor(const Asked& asked) const;
  template <typename T>
  NodeAgent::DoneWith<T> Expect(const Asked& asked);
  template <typename T>
  void Answered(const Asked& asked, const StatusOr<T>& answer);
  void Judge(const Asked& asked, const std::string& answer, const std::string& instance_id);

  node::World& world_;
  Random& draw_;
  const int instances_;
  int next_request_ = 0;
  std::map<std::string, Asked> asked_;           // By request id.
  std::map<std::string, std::string> answered_;  // What each was told first, encoded.
  std::string fault_;
};

}  // namespace berth::sim
