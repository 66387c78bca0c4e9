// SPDX-License-Identifier: Apache-2.0
// The agent's gRPC server: every service of berth.v1 on the local socket, grpc.health.v1 and
// reflection. The only room that knows gRPC.
//
// Handlers run on gRPC's threads: they check and convert, post to the node, and return. Who calls
// is known by the peer credentials of the socket and shows as "uid:N"; who may call at all is the
// socket's mode. There is no TCP port.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agent/api/call_room.h"
#include "agent/api/node_convert.h"
#include "agent/ledger/ledger_care.h"
#include "agent/node/node_agent.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/status.h"

namespace berth::api {

struct ApiOptions {
  std::string socket_path;    // Its directory exists.
  mode_t socket_mode = 0660;  // Of the socket; its group is that of the process.
  CallRoom::Limits limits;
};

class ApiServer {
 public:
  // All references outlive the server.
  struct Dependencies {
    NodeAgent& node;
    LedgerCare& ledger;
    const Clock& clock;
    Log& log;
    ApiObserver observer;
    NodeFacts facts;
  };

  // Binds the socket and serves. Every service is NOT_SERVING in grpc.health.v1 until SetServing
  // says otherwise; calls are answered from the first moment. FAILED_PRECONDITION: another agent
  // answers at the path, or what is there is no socket; INVALID_ARGUMENT: the path is too long.
  static StatusOr<std::unique_ptr<ApiServer>> Start(ApiOptions options, Dependencies dependencies);

  // As Shutdown(0).
  ~ApiServer();

  // Takes no more connections, answers waiting and new calls with AGENT_STOPPING, lets the others
  // end for up to `grace`, then cuts them off. After it no handler runs; work already committed
  // goes on. Idempotent.
  void Shutdown(Duration grace);

  // What grpc.health.v1 says of a service ("berth.v1.InstanceService"; "" = the server as a whole).
  // Thread-safe.
  void SetServing(const std::string& service, bool serving);

  // Full names of the services of the contract, for SetServing.
  static std::vector<std::string> ServiceNames();

 private:
  class Impl;
  explicit ApiServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::api
