// SPDX-License-Identifier: Apache-2.0
#include "agent/api/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include <map>
#include <utility>

#include "agent/api/contract.h"
#include "agent/api/image_rpcs.h"
#include "agent/api/instance_rpcs.h"
#include "agent/api/ledger_rpcs.h"
#include "agent/api/node_rpcs.h"
#include "agent/api/operation_rpcs.h"
#include "agent/api/peers.h"
#include "agent/api/reservation_rpcs.h"
#include "agent/api/rpc_service.h"
#include "agent/api/unix_listener.h"
#include "agent/api/watch_rpcs.h"

namespace berth::api {
namespace {

// gRPC's own bound on a message. Ours (kRequestBytesMax) is lower and answers with a reason; beyond
// this one a caller is cut off before its bytes are read.
constexpr int kReceiveBytesMax = 4 << 20;
constexpr size_t kMemoryQuota = 64 << 20;  // For buffers of all connections together.

gpr_timespec After(Duration delay) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(delay.count(), GPR_TIMESPAN));
}

// The callback API needs no pollers of ours. Reflection alone is of the synchronous kind and gets
// the least it can live with.
void KeepLean(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("berth-api");
  quota.Resize(kMemoryQuota).SetMaxThreads(4);
  builder.SetResourceQuota(quota)
      .SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1)
      .SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1)
      .SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1)
      .SetMaxReceiveMessageSize(kReceiveBytesMax)
      .AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
}

}  // namespace

class ApiServer::Impl {
 public:
  Impl(ApiOptions options, Dependencies dependencies, std::unique_ptr<UnixListener> listener)
      : log_(dependencies.log),
        room_(dependencies.clock, dependencies.log, std::move(dependencies.observer),
              options.limits),
        facts_(std::move(dependencies.facts)),
        listener_(std::move(listener)) {
    for (const auto* descriptor : ContractServices())
      services_[descriptor->name()] = std::make_unique<RpcService>(
          *descriptor, room_, [this](const std::string& peer) { return peers_.PrincipalOf(peer); });
    ServeInstances(*services_.at("InstanceService"), dependencies.node);
    ServeInstanceWatches(*services_.at("InstanceService"), dependencies.node);
    ServeNode(*services_.at("NodeService"), dependencies.node, facts_);
    ServeNodeWatches(*services_.at("NodeService"), dependencies.node, facts_);
    ServeLedger(*services_.at("NodeService"), dependencies.ledger);
    ServeReservations(*services_.at("ReservationService"), dependencies.node);
    ServeImages(*services_.at("ImageService"), dependencies.node);
    ServeOperations(*services_.at("OperationService"), dependencies.node);
  }

  Status Serve() {
    // Never matched: the last one out would wait up to 10 s for a poller of gRPC's that covers a
    // slow write, and hold up the agent's stop. The process's end does not.
    grpc_init();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    KeepLean(builder);
    for (const auto& [name, service] : services_) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return Status(StatusCode::kInternal, "gRPC would not start a server");
    SetServing("", false);
    for (const std::string& name : ServiceNames()) SetServing(name, false);
    listener_->Start([this](UniqueFd connection) { Take(std::move(connection)); }, log_);
    return OkStatus();
  }

  void Shutdown(Duration grace) {
    if (server_ == nullptr || down_) return;
    down_ = true;
    listener_->Stop();
    room_.Stop();
    server_->Shutdown(After(grace));
    server_->Wait();
  }

  void SetServing(const std::string& service, bool serving) {
    server_->GetHealthCheckService()->SetServingStatus(service, serving);
  }

 private:
  void Take(UniqueFd connection) {
    StatusOr<UniqueFd> admitted = peers_.Admit(std::move(connection));
    if (!admitted.ok()) {
      log_.Warning("a connection was refused",
                   {{"error", std::string(admitted.status().message())}});
      return;
    }
    grpc::AddInsecureChannelFromFd(server_.get(), admitted->Release());
  }

  Log& log_;
  Peers peers_;
  CallRoom room_;
  const NodeFacts facts_;
  std::map<std::string, std::unique_ptr<RpcService>> services_;  // By short name.
  std::unique_ptr<UnixListener> listener_;
  std::unique_ptr<grpc::Server> server_;
  bool down_ = false;
};

StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(ApiOptions options,
                                                      Dependencies dependencies) {
  BERTH_ASSIGN_OR_RETURN(std::unique_ptr<UnixListener> listener,
                         UnixListener::Bind(options.socket_path, options.socket_mode));
  auto impl =
      std::make_unique<Impl>(std::move(options), std::move(dependencies), std::move(listener));
  BERTH_RETURN_IF_ERROR(impl->Serve());
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(impl)));
}

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ApiServer::~ApiServer() { Shutdown(Duration(0)); }

void ApiServer::Shutdown(Duration grace) { impl_->Shutdown(grace); }

void ApiServer::SetServing(const std::string& service, bool serving) {
  impl_->SetServing(service, serving);
}

std::vector<std::string> ApiServer::ServiceNames() {
  std::vector<std::string> names;
  for (const auto* service : ContractServices()) names.push_back(service->full_name());
  return names;
}

}  // namespace berth::api
