// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/libvirt_hypervisor.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "core/base/error.h"
#include "drivers/libvirt/calls.h"
#include "drivers/libvirt/connector.h"
#include "drivers/libvirt/event_loop.h"
#include "drivers/libvirt/event_path.h"
#include "drivers/libvirt/guest_operations.h"

namespace berth {
namespace libvirt {
namespace {

// How long the destructor waits for calls inside libvirt, and for an attempt to connect.
constexpr Duration kShutdownGrace = std::chrono::seconds(5);

Calls::OptionsByClass CallOptions(const LibvirtOptions& options) {
  return {
      CallClassOptions{options.queries_in_flight, options.abandoned_cap, options.query_deadline},
      CallClassOptions{options.lifecycle_in_flight, options.abandoned_cap,
                       options.lifecycle_deadline},
      CallClassOptions{options.destroys_in_flight, options.abandoned_cap, options.destroy_deadline},
      // One at a time: each keeps a disk busy.
      CallClassOptions{1, options.abandoned_cap, options.dump_deadline}};
}

ConnectorOptions ConnectOptions(const LibvirtOptions& options) {
  return {.uri = options.uri,
          .deadline = options.connect_deadline,
          .retry_first = options.reconnect_first,
          .retry_max = options.reconnect_max,
          .keepalive_interval_s = options.keepalive_interval_s,
          .keepalive_count = options.keepalive_count};
}

DomainSettings SettingsFor(const LibvirtOptions& options, const Accel& accel) {
  DomainSettings settings{accel.name == "kvm" ? "kvm" : "qemu", options.tcg_cpu_model};
  if (!options.domain_type.empty()) settings.type = options.domain_type;
  return settings;
}

// They may run when the hypervisor is gone, so they hold on to what they use.
Connector::Hooks HooksOf(const std::shared_ptr<EventPath>& events) {
  return {.opened =
              [events](CallClass call_class, Connection& connection) {
                return call_class == CallClass::kQuery ? events->Watch(connection) : OkStatus();
              },
          .connected = [events] { events->TellConnected(); }};
}

class LibvirtHypervisor final : public Hypervisor {
 public:
  LibvirtHypervisor(LibvirtOptions options, LibvirtDependencies dependencies);
  ~LibvirtHypervisor() override;

  void Define(const GuestSpec& spec, Done done) override;
  void StartPaused(const std::string& id, Done done) override;
  void Resume(const std::string& id, Done done) override;
  void AskShutdown(const std::string& id, Done done) override;
  void AskReboot(const std::string& id, Done done) override;
  void Reset(const std::string& id, Done done) override;
  void InjectNmi(const std::string& id, Done done) override;
  void Dump(const std::string& id, const std::string& path, Done done) override;
  void Destroy(const std::string& id, Done done) override;
  void Undefine(const std::string& id, Done done) override;
  void Inspect(const std::string& id, DoneWith<GuestState> done) override;
  void List(DoneWith<std::vector<GuestState>> done) override;
  void Subscribe(std::function<void(const GuestEvent&)> sink,
                 std::function<void()> connected) override;
  HypervisorHealth Health() const override;

 private:
  using Operation = std::function<Status(const Connection&, const OperationContext&)>;
  void Submit(CallClass call_class, const std::string& guest, std::string doing,
              Operation operation, Done done);
  template <typename T>
  void SubmitQuery(const std::string& guest, std::string doing,
                   std::function<StatusOr<T>(const Connection&)> query, DoneWith<T> done);
  void EnsureStarted();

  const LibvirtOptions options_;
  const std::shared_ptr<const OperationContext> context_;
  const Accel accel_;
  Executor& executor_;
  Log& log_;
  EventLoop event_loop_;  // Ends after the connections.
  const std::shared_ptr<Calls> calls_;
  const std::shared_ptr<EventPath> events_;
  const std::unique_ptr<Connector> connector_;
  std::atomic<bool> started_ = false;
};

LibvirtHypervisor::LibvirtHypervisor(LibvirtOptions options, LibvirtDependencies dependencies)
    : options_(std::move(options)),
      context_(std::make_shared<const OperationContext>(
          OperationContext{options_.node_id, options_.pid_directory, options_.root})),
      accel_(ChooseAccel(options_.accel, ReadKvmFacts(options_.root))),
      executor_(dependencies.executor),
      log_(dependencies.log),
      event_loop_(dependencies.event_loop),
      calls_(std::make_shared<Calls>(CallOptions(options_), executor_)),
      events_(std::make_shared<EventPath>(options_.node_id, executor_, calls_)),
      connector_(std::make_unique<Connector>(ConnectOptions(options_), calls_, executor_, log_,
                                             HooksOf(events_))) {
  if (accel_.name == "kvm" && accel_.status.ok()) {
    log_.Info("guests run on KVM", {{"reason", accel_.reason}});
  } else {
    log_.Warning("guests do not run on KVM", {{"accel", accel_.name}, {"reason", accel_.reason}});
  }
}

// From the outside in: nothing is told any more, no connection is opened, no call is made.
LibvirtHypervisor::~LibvirtHypervisor() {
  events_->Close();
  connector_->Shutdown(kShutdownGrace);
  calls_->Shutdown(kShutdownGrace);
}

void LibvirtHypervisor::EnsureStarted() {
  if (!started_.exchange(true)) connector_->Start();
}

void LibvirtHypervisor::Subscribe(std::function<void(const GuestEvent&)> sink,
                                  std::function<void()> connected) {
  events_->Subscribe(std::move(sink), std::move(connected));
  EnsureStarted();
}

void LibvirtHypervisor::Submit(CallClass call_class, const std::string& guest, std::string doing,
                               Operation operation, Done done) {
  EnsureStarted();
  Call call{.call_class = call_class, .guest = guest, .doing = doing, .run = {}, .fail = done};
  call.run = [operation = std::move(operation), context = context_, doing = std::move(doing),
              done = std::move(done)](Connection& connection) -> Task {
    Status status = Annotate(operation(connection, *context), doing);
    return [done, status = std::move(status)] { done(status); };
  };
  calls_->Submit(std::move(call));
}

template <typename T>
void LibvirtHypervisor::SubmitQuery(const std::string& guest, std::string doing,
                                    std::function<StatusOr<T>(const Connection&)> query,
                                    DoneWith<T> done) {
  EnsureStarted();
  Call call{
      .call_class = CallClass::kQuery, .guest = guest, .doing = doing, .run = {}, .fail = done};
  call.run = [query = std::move(query), doing = std::move(doing),
              done = std::move(done)](Connection& connection) -> Task {
    StatusOr<T> answer = query(connection);
    if (!answer.ok()) answer = Annotate(answer.status(), doing);
    auto kept = std::make_shared<StatusOr<T>>(std::move(answer));
    return [done, kept] { done(std::move(*kept)); };
  };
  calls_->Submit(std::move(call));
}

void LibvirtHypervisor::Define(const GuestSpec& spec, Done done) {
  if (!accel_.status.ok())
    return executor_.Post([done = std::move(done), status = accel_.status] { done(status); });
  Submit(
      CallClass::kLifecycle, spec.instance_id, "defining guest " + spec.instance_id,
      [spec, settings = SettingsFor(options_, accel_), events = events_](
          const Connection& connection, const OperationContext& context) {
        Status status = DefineGuest(connection, context, spec, settings);
        if (status.ok()) events->memory().SetOurs(spec.instance_id, true);
        return status;
      },
      std::move(done));
}

void LibvirtHypervisor::StartPaused(const std::string& id, Done done) {
  Submit(
      CallClass::kLifecycle, id, "starting guest " + id,
      [id, &log = log_](const Connection& connection, const OperationContext& context) {
        return StartGuestPaused(connection, context, id, log);
      },
      std::move(done));
}

void LibvirtHypervisor::Resume(const std::string& id, Done done) {
  Submit(
      CallClass::kLifecycle, id, "resuming guest " + id,
      [id](const Connection& connection, const OperationContext& context) {
        return ResumeGuest(connection, context, id);
      },
      std::move(done));
}

void LibvirtHypervisor::AskShutdown(const std::string& id, Done done) {
  Submit(
      CallClass::kLifecycle, id, "asking guest " + id + " to shut down",
      [id](const Connection& connection, const OperationContext& context) {
        return AskGuestShutdown(connection, context, id);
      },
      std::move(done));
}

void LibvirtHypervisor::AskReboot(const std::string& id, Done done) {
  Submit(
      CallClass::kLifecycle, id, "asking guest " + id + " to reboot",
      [id](const Connection& connection, const OperationContext& context) {
        return AskGuestReboot(connection, context, id);
      },
      std::move(done));
}

void LibvirtHypervisor::Reset(const std::string& id, Done done) {
  Submit(
      CallClass::kLifecycle, id, "resetting guest " + id,
      [id](const Connection& connection, const OperationContext& context) {
        return ResetGuest(connection, context, id);
      },
      std::move(done));
}

void LibvirtHypervisor::InjectNmi(const std::string& id, Done done) {
  Submit(
      CallClass::kLifecycle, id, "interrupting guest " + id,
      [id](const Connection& connection, const OperationContext& context) {
        return InterruptGuest(connection, context, id);
      },
      std::move(done));
}

void LibvirtHypervisor::Dump(const std::string& id, const std::string& path, Done done) {
  Submit(
      CallClass::kDump, id, "dumping the memory of guest " + id,
      [id, path](const Connection& connection, const OperationContext& context) {
        return DumpGuest(connection, context, id, path);
      },
      std::move(done));
}

void LibvirtHypervisor::Destroy(const std::string& id, Done done) {
  Submit(
      CallClass::kDestroy, id, "destroying guest " + id,
      [id](const Connection& connection, const OperationContext& context) {
        return DestroyGuest(connection, context, id);
      },
      std::move(done));
}

void LibvirtHypervisor::Undefine(const std::string& id, Done done) {
  Submit(
      CallClass::kLifecycle, id, "undefining guest " + id,
      [id](const Connection& connection, const OperationContext& context) {
        return UndefineGuest(connection, context, id);
      },
      std::move(done));
}

void LibvirtHypervisor::Inspect(const std::string& id, DoneWith<GuestState> done) {
  SubmitQuery<GuestState>(
      id, "inspecting guest " + id,
      [id, context = context_, events = events_](const Connection& connection) {
        StatusOr<GuestState> guest = InspectGuest(connection, *context, id);
        if (guest.ok()) events->memory().Amend(*guest);
        return guest;
      },
      std::move(done));
}

void LibvirtHypervisor::List(DoneWith<std::vector<GuestState>> done) {
  SubmitQuery<std::vector<GuestState>>(
      "", "listing guests",
      [context = context_, events = events_](const Connection& connection) {
        StatusOr<std::vector<GuestState>> guests = ListGuests(connection, *context);
        if (guests.ok())
          for (GuestState& guest : *guests) events->memory().Amend(guest);
        return guests;
      },
      std::move(done));
}

HypervisorHealth LibvirtHypervisor::Health() const {
  const ConnectorHealth connector = connector_->health();
  return {.connected = connector.connected,
          .uri = options_.uri,
          .version = connector.version,
          .cpu_models = connector.cpu_models,
          .accel = accel_.name,
          .accel_reason = accel_.reason,
          .error = connector.error,
          .abandoned_calls = calls_->abandoned() + (connector.attempt_stuck ? 1 : 0),
          .stuck_guests = calls_->stuck_guests()};
}

}  // namespace
}  // namespace libvirt

std::unique_ptr<Hypervisor> MakeLibvirtHypervisor(LibvirtOptions options,
                                                  LibvirtDependencies dependencies) {
  return std::make_unique<libvirt::LibvirtHypervisor>(std::move(options), dependencies);
}

}  // namespace berth
