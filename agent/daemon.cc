// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "agent/api/server.h"
#include "agent/daemon_options.h"
#include "agent/health/health_monitor.h"
#include "agent/health/health_pages.h"
#include "agent/health/heartbeats.h"
#include "agent/health/service_manager.h"
#include "agent/host_setup.h"
#include "agent/images/image_keeper.h"
#include "agent/instance/registry.h"
#include "agent/instance/step_runner.h"
#include "agent/ledger/ledger_care.h"
#include "agent/ledger/memory_ledger.h"
#include "agent/ledger/next_ledger.h"
#include "agent/ledger/sqlite_ledger.h"
#include "agent/ledger/unreadable_ledger.h"
#include "agent/node/node_agent.h"
#include "agent/recovery/recovery.h"
#include "agent/telemetry/http_server.h"
#include "agent/telemetry/hypervisor_metrics.h"
#include "agent/telemetry/metrics.h"
#include "agent/telemetry/node_metrics.h"
#include "agent/telemetry/process_metrics.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/reasons.h"
#include "core/base/thread_pool.h"
#include "drivers/fake/fake_hypervisor.h"
#include "drivers/host/going_down.h"
#include "drivers/host/host_capacity.h"
#include "drivers/host/host_facts.h"
#include "drivers/host/topology.h"
#include "drivers/libvirt/libvirt_hypervisor.h"
#include "drivers/storage/local_image_store.h"
#include "drivers/storage/local_storage.h"

namespace berth {
namespace {

constexpr Duration kStopGrace = std::chrono::seconds(3);         // For calls that run at SIGTERM.
constexpr Duration kLoopSilenceMax = std::chrono::seconds(30);   // Then the agent counts as stuck.
constexpr Duration kLedgerSilenceMax = std::chrono::seconds(5);  // Then LedgerReady is false.
constexpr char kLedgerLoop[] = "ledger";
// The others only read, and what they read is there without a hypervisor.
constexpr char kInstanceService[] = "berth.v1.InstanceService";

// Work that never blocks runs on `work`; each thing that does has threads of its own, so that it
// holds up nothing else. Their number is small and fixed: each costs memory.
struct Pools {
  ThreadPool work{"work", 2};
  ThreadPool ledger{"ledger", 1};
  ThreadPool storage{"storage", 2};
  ThreadPool images{"images", 2};  // Each holds its thread for as long as its transfer takes.
  ThreadPool hypervisor{"hypervisor", 1};
};

HttpReply JsonReply(HealthPage page) {
  return {.status = page.good ? 200 : 503,
          .content_type = "application/json",
          .body = std::move(page.json)};
}

std::string DirectoryOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

}  // namespace

// Declared in the order of construction: what a later member refers to is above it.
struct Daemon::Parts {
  Parts(Settings s, Log& l, std::function<void()> r)
      : settings(std::move(s)), config(settings.config), log(l), restart(std::move(r)) {}

  Status Start();
  void Stop();

  // --- The steps of Start, in order.
  Status OpenHost();
  Status OpenLedger();
  void GoOnWithoutLedger(const std::string& node_id, const Status& why);
  Status OpenStorage();
  Status OpenImages();
  Status OpenHypervisor();
  void BuildInstances();
  void BuildNode();
  void BuildHealth();
  void AddMetricSources();
  void ConnectEvents();
  void GuestChanged(const GuestEvent& event);
  Status ServeHttp();
  Status ServeApi();

  model::Error LedgerError() const;
  int64_t AdoptedInstances() const;
  model::Topology TopologyNow() const;
  void TellHealth(const HealthReport& report);
  void LogCondition(const model::Condition& condition, const model::Condition* last);

  const Settings settings;
  const Config& config;
  Log& log;
  const std::function<void()> restart;
  const SystemClock clock;
  const std::unique_ptr<Random> random = MakeSystemRandom();
  const WallTime start_time = clock.WallNow();

  UniqueFd state_lock;
  HostFacts facts;
  model::Topology topology;
  model::Capacity capacity;

  Metrics metrics{BERTH_VERSION};
  ServiceManager service_manager{SystemdSend(), SystemdWatchdog(), clock};
  Pools pools;
  // libvirt's event loop holds its thread for good; made only where libvirt is used.
  std::unique_ptr<ThreadPool> libvirt_events;

  // Why the ledger's file cannot be read, and then a picture in its place; OK: it can.
  Status ledger_fault;
  std::unique_ptr<MemoryLedgerFile> picture_file;
  std::unique_ptr<Ledger> picture;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<LedgerCare> ledger_care;
  std::unique_ptr<Storage> storage;
  std::unique_ptr<ImageStore> image_store;
  std::unique_ptr<ImageKeeper> images;
  std::unique_ptr<FakeHost> fake_host;
  std::unique_ptr<Hypervisor> hypervisor;
  std::unique_ptr<StepRunner> steps;
  std::unique_ptr<InstanceRegistry> instances;
  std::unique_ptr<NodeAgent> node;
  std::unique_ptr<Recovery> recovery;
  Heartbeats heartbeats{clock, kLoopSilenceMax};
  std::unique_ptr<HealthMonitor> health;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<api::ApiServer> api;
  HealthReport last_told;  // Only touched by the health monitor's listener.
  bool stopped = false;
};

Status Daemon::Parts::Start() {
  BERTH_RETURN_IF_ERROR(OpenHost());
  BERTH_RETURN_IF_ERROR(OpenLedger());
  BERTH_RETURN_IF_ERROR(OpenStorage());
  BERTH_RETURN_IF_ERROR(OpenImages());
  BERTH_RETURN_IF_ERROR(OpenHypervisor());
  BuildInstances();
  BuildNode();
  BuildHealth();
  AddMetricSources();
  BERTH_RETURN_IF_ERROR(ServeHttp());
  BERTH_RETURN_IF_ERROR(ServeApi());
  // Only now, so that whoever is told of a change is there.
  ConnectEvents();
  service_manager.Ready();
  return OkStatus();
}

Status Daemon::Parts::OpenHost() {
  BERTH_RETURN_IF_ERROR(MakeDirectory(config.state_dir, "state_dir (--state-dir)"));
  BERTH_ASSIGN_OR_RETURN(state_lock, LockStateDir(config.state_dir));
  BERTH_RETURN_IF_ERROR(MakeDirectory(DirectoryOf(config.api.socket), "api.socket (--socket)"));
  BERTH_RETURN_IF_ERROR(MakeDirectory(DirectoryOf(config.LedgerPath()), "ledger (--ledger)"));
  const HostPaths paths = {.root = "", .state_dir = config.state_dir};
  BERTH_ASSIGN_OR_RETURN(facts, ReadHostFacts(paths));
  BERTH_ASSIGN_OR_RETURN(topology, ReadTopology(paths));
  return OkStatus();
}

Status Daemon::Parts::OpenLedger() {
  BERTH_ASSIGN_OR_RETURN(const std::string kept,
                         TakeNextLedger(config.LedgerPath(), clock.WallNow()));
  if (!kept.empty()) log.Warning("the ledger was replaced", {{"the old one is", kept}});
  std::string node_id = config.node_id;
  if (node_id.empty()) {
    BERTH_ASSIGN_OR_RETURN(node_id, KeptNodeId(config.state_dir));
  }
  SqliteLedgerOptions options = {
      .path = config.LedgerPath(), .node_id = node_id, .boot_id = facts.boot_id};
  options.group_commit.committed = [this](size_t transactions, Duration took) {
    metrics.ledger.Committed(took, transactions);
  };
  auto opened = OpenSqliteLedger(std::move(options), pools.ledger, clock, *random);
  if (opened.status().code() == StatusCode::kDataLoss) {
    GoOnWithoutLedger(node_id, opened.status());
    return OkStatus();
  }
  BERTH_RETURN_IF_ERROR(opened.status());
  ledger = *std::move(opened);
  return KeepNodeId(config.state_dir, ledger->View()->identity.node_id);
}

// What runs can still be seen, and the operator be told what to do.
void Daemon::Parts::GoOnWithoutLedger(const std::string& node_id, const Status& why) {
  ledger_fault = MakeError(
      StatusCode::kUnavailable, reasons::kLedgerUnavailable,
      fmt::format(
          "{}; instances can be read and not changed. `berthctl ledger rebuild` makes a new "
          "ledger from the guests, `berthctl ledger restore FILE` goes back to a copy",
          std::string(why.message())));
  log.Error("the ledger cannot be read", {{"error", std::string(ledger_fault.message())}});
  picture_file = std::make_unique<MemoryLedgerFile>(node_id);
  picture = OpenMemoryLedger(*picture_file, pools.ledger, clock, *random, {}, facts.boot_id);
  ledger = std::make_unique<UnreadableLedger>(*picture, ledger_fault, pools.ledger);
}

Status Daemon::Parts::OpenStorage() {
  BERTH_ASSIGN_OR_RETURN(
      storage, MakeLocalStorage({.state_dir = config.state_dir, .image_dir = config.ImageDir()},
                                pools.storage));
  BERTH_ASSIGN_OR_RETURN(const FileSystemSpace space, storage->Space());
  capacity = CapacityOf(topology, space, CapacityPolicyOf(config.capacity));
  return OkStatus();
}

Status Daemon::Parts::OpenImages() {
  BERTH_RETURN_IF_ERROR(MakeDirectory(config.ExchangeDir(), "images.exchange_dir"));
  image_store =
      MakeLocalImageStore({.image_dir = config.ImageDir(), .boot_id = facts.boot_id}, pools.images);
  images = std::make_unique<ImageKeeper>(
      ImageWork::Dependencies{.executor = pools.work,
                              .clock = clock,
                              .random = *random,
                              .ledger = *ledger,
                              .store = *image_store,
                              .limits = {.cache_bytes = config.images.cache_limit_mib << 20,
                                         .disk_mib = capacity.Allocatable().disk_mib},
                              .brought = [this](int64_t bytes) { metrics.images.Brought(bytes); }});
  return OkStatus();
}

Status Daemon::Parts::OpenHypervisor() {
  const std::string node_id = ledger->View()->identity.node_id;
  if (config.hypervisor.driver == HypervisorDriver::kLibvirt) {
    libvirt_events = std::make_unique<ThreadPool>("libvirt-events", 1);
    hypervisor = MakeLibvirtHypervisor(
        LibvirtOptionsOf(config.hypervisor, node_id),
        {.executor = pools.hypervisor, .event_loop = *libvirt_events, .log = log});
    return OkStatus();
  }
  fake_host = std::make_unique<FakeHost>();
  if (!config.hypervisor.fake_state_file.empty()) {
    BERTH_ASSIGN_OR_RETURN(fake_host, FakeHost::Open(config.hypervisor.fake_state_file));
  }
  hypervisor = std::make_unique<FakeHypervisor>(
      *fake_host, pools.hypervisor,
      FakeHypervisorOptions{.node_id = node_id, .write_console = true});
  return OkStatus();
}

void Daemon::Parts::BuildInstances() {
  const model::Identity identity = ledger->View()->identity;
  steps = std::make_unique<StepRunner>(*hypervisor, *storage, HostLayout{topology, capacity},
                                       identity.node_id, identity.ledger_id);
  InstanceObserver observer = {
      .step_ended = [this](model::StepKind kind, bool ok,
                           Duration took) { metrics.instances.StepEnded(kind, ok, took); },
      .operation_ended =
          [this](const model::Operation& operation) {
            metrics.instances.OperationEnded(operation);
          }};
  instances = std::make_unique<InstanceRegistry>(
      ActorDependencies{.executor = pools.work,
                        .clock = clock,
                        .random = *random,
                        .ledger = *ledger,
                        .hypervisor = *hypervisor,
                        .steps = *steps,
                        .observer = observer,
                        .host_going_down = [] { return HostGoingDown({}); }});
}

void Daemon::Parts::BuildNode() {
  node = std::make_unique<NodeAgent>(NodeAgent::Dependencies{
      .executor = pools.work,
      .clock = clock,
      .random = *random,
      .ledger = *ledger,
      .instances = *instances,
      .hypervisor = *hypervisor,
      .storage = *storage,
      .capacity = capacity,
      .topology = topology,
      .topology_now = [this] { return TopologyNow(); },
      .types = settings.types,
      .observer = {.refused = [this](const std::string& r) { metrics.admission.Refused(r); },
                   .reservations_expired =
                       [this](int64_t count) { metrics.admission.ReservationsExpired(count); },
                   .image_wanted = [this](bool hit) { metrics.images.Wanted(hit); }},
      .images = {.exchange_dir = config.ExchangeDir(),
                 .cache_bytes = config.images.cache_limit_mib << 20,
                 .progress = [this](const std::string& id) { return images->Progress(id); }},
      .terminated_visible = config.terminated_visible});
  ledger->SetListener([this](const auto& view, const auto& changes) {
    node->ViewPublished(view, changes);
    images->ViewPublished(*view);
  });
  recovery = std::make_unique<Recovery>(
      Recovery::Dependencies{
          .executor = pools.work,
          .clock = clock,
          .random = *random,
          .ledger = picture ? *picture : *ledger,
          .instances = *instances,
          .hypervisor = *hypervisor,
          .storage = *storage,
          .log = log,
          .foreign_guests = [this](auto guests) { node->ForeignGuestsFound(std::move(guests)); }},
      Recovery::Settings{.only_mirror = picture != nullptr});
}

// Those that no verb has touched since they were adopted.
int64_t Daemon::Parts::AdoptedInstances() const {
  int64_t count = 0;
  ledger->View()->instances.ForEach([&](const std::string&, const auto& record) {
    if (record->operation_id.empty()) ++count;
  });
  return count;
}

// Pools that cannot be read now are taken to be as they were.
model::Topology Daemon::Parts::TopologyNow() const {
  model::Topology now = topology;
  RefreshPagePools({.root = "", .state_dir = config.state_dir}, &now).IgnoreError();
  return now;
}

void Daemon::Parts::BuildHealth() {
  heartbeats.Watch("work", pools.work);
  heartbeats.Watch(kLedgerLoop, pools.ledger);
  HealthSources sources = {.hypervisor = [this] { return hypervisor->Health(); },
                           .ledger = [this] { return LedgerError(); },
                           .recovery = [this] { return recovery->report()->error; },
                           .recovery_done = [this] { return recovery->report()->runs > 0; },
                           .adopted = [this] { return AdoptedInstances(); },
                           .over_committed = [this] { return node->OverCommitments(); },
                           .space = [this] { return storage->Space(); }};
  HealthListeners listeners = {
      .changed = [this](const HealthReport& report) { TellHealth(report); },
      .looked = [this](bool alive) { service_manager.Pulse(alive); }};
  health =
      std::make_unique<HealthMonitor>(HealthMonitor::Dependencies{.executor = pools.work,
                                                                  .storage_executor = pools.storage,
                                                                  .clock = clock,
                                                                  .heartbeats = heartbeats},
                                      std::move(sources), std::move(listeners));
}

model::Error Daemon::Parts::LedgerError() const {
  if (!ledger_fault.ok())
    return {StatusCode::kDataLoss, reasons::kLedgerUnavailable,
            std::string(ledger_fault.message())};
  for (const LoopState& loop : heartbeats.Look())
    if (loop.name == kLedgerLoop && loop.silent_for > kLedgerSilenceMax)
      return {StatusCode::kUnavailable, reasons::kLedgerUnavailable,
              fmt::format("the ledger has not moved for more than {} s; the disk under {} may hang",
                          kLedgerSilenceMax.count() / 1000, config.LedgerPath())};
  return {};
}

// On the health monitor's strand.
void Daemon::Parts::TellHealth(const HealthReport& report) {
  for (const std::string& service : api::ApiServer::ServiceNames())
    api->SetServing(service, report.serving || service != kInstanceService);
  api->SetServing("", report.serving);
  service_manager.Status(report.ready ? "ready" : report.conditions.front().message);
  for (const model::Condition& condition : report.conditions)
    LogCondition(condition, FindCondition(last_told, condition.type));
  last_told = report;
}

// `last` is what was said before, null for the first time: nothing has gone wrong then yet.
void Daemon::Parts::LogCondition(const model::Condition& condition, const model::Condition* last) {
  if (last != nullptr && last->status == condition.status && last->reason == condition.reason)
    return;
  const bool worse =
      last != nullptr && condition.status != model::ConditionStatus::kUnknown && !IsGood(condition);
  log.Write(worse ? LogLevel::kWarning : LogLevel::kInfo, "condition changed",
            {{"condition", condition.type},
             {"status", std::string(model::Name(condition.status))},
             {"reason", condition.reason},
             {"message", condition.message}});
}

void Daemon::Parts::AddMetricSources() {
  metrics.AddSource([this] { return CapacityFamilies(capacity, node->Allocated()); });
  metrics.AddSource([this] { return ViewFamilies(*ledger->View()); });
  metrics.AddSource([this] { return HypervisorFamilies(hypervisor->Health()); });
  metrics.AddSource([this] { return RecoveryFamilies(RecoveryFiguresOf(*recovery->report())); });
  metrics.AddSource([this] { return ConditionFamilies(health->report()->conditions); });
  metrics.AddSource([] { return ProcessFamilies(ReadProcessFigures()); });
}

void Daemon::Parts::ConnectEvents() {
  health->Start();
  hypervisor->Subscribe([this](const GuestEvent& event) { GuestChanged(event); },
                        [this] { recovery->Run([this](const Status&) { health->LookSoon(); }); });
  storage->Subscribe([this](const std::string& id) { recovery->FilesGone(id); });
  recovery->Start();
  if (!picture) images->Start();
}

// With no ledger to write it to, what happened is seen in the picture alone.
void Daemon::Parts::GuestChanged(const GuestEvent& event) {
  picture ? recovery->Run(nullptr) : instances->GuestChanged(event);
}

Status Daemon::Parts::ServeHttp() {
  if (config.http.address == "off") return OkStatus();
  HttpServer::Pages pages = {
      {"/metrics",
       [this] {
         return HttpReply{.content_type = Metrics::kContentType, .body = metrics.Render()};
       }},
      {"/healthz", [this] { return JsonReply(LivenessPage(heartbeats.Look())); }},
      {"/readyz", [this] { return JsonReply(ReadinessPage(*health->report())); }}};
  BERTH_ASSIGN_OR_RETURN(http, HttpServer::Start(config.http.address, std::move(pages)));
  if (!config.http.port_file.empty()) return WritePortFile(config.http.port_file, http->port());
  return OkStatus();
}

Status Daemon::Parts::ServeApi() {
  ledger_care = std::make_unique<LedgerCare>(
      LedgerCare::Dependencies{.executor = pools.storage,
                               .ledger = *ledger,
                               .path = config.LedgerPath(),
                               .node_id = ledger->View()->identity.node_id,
                               .unreadable = ledger_fault,
                               .restart = restart});
  api::ApiServer::Dependencies dependencies = {
      .node = *node,
      .ledger = *ledger_care,
      .clock = clock,
      .log = log,
      .observer = {.call_ended = [this](const std::string& method, StatusCode code,
                                        auto took) { metrics.rpc.CallEnded(method, code, took); }},
      .facts = {.hostname = facts.hostname,
                .version = BERTH_VERSION,
                .start_time = start_time,
                .labels = {},
                .conditions = [this] { return health->report()->conditions; }}};
  BERTH_ASSIGN_OR_RETURN(api,
                         api::ApiServer::Start(ApiOptionsOf(config.api), std::move(dependencies)));
  if (!config.api.socket_group.empty())
    BERTH_RETURN_IF_ERROR(GiveToGroup(config.api.socket, config.api.socket_group));
  const model::Identity identity = ledger->View()->identity;
  log.Info("berthd answers", {{"version", BERTH_VERSION},
                              {"socket", config.api.socket},
                              {"http_port", http ? std::to_string(http->port()) : "off"},
                              {"state_dir", config.state_dir},
                              {"node_id", identity.node_id},
                              {"ledger_id", identity.ledger_id},
                              {"agent_epoch", std::to_string(identity.agent_epoch)}});
  return OkStatus();
}

// First whoever brings new work, then the threads that do it, then (by the members' order) what
// they worked on. Storage and hypervisor, which tell of what happens, go while everything that they
// may reach is still there.
void Daemon::Parts::Stop() {
  if (std::exchange(stopped, true)) return;
  service_manager.Stopping();
  if (health) health->Stop();
  if (api) api->Shutdown(kStopGrace);
  http.reset();
  pools.work.Shutdown();
  pools.ledger.Shutdown();
  if (images) images->Stop();
  pools.images.Shutdown();
  pools.storage.Shutdown();
  storage.reset();
  hypervisor.reset();
  pools.hypervisor.Shutdown();
  if (libvirt_events) libvirt_events->Shutdown();
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() { Stop(); }
void Daemon::Stop() { parts_->Stop(); }

StatusOr<std::unique_ptr<Daemon>> Daemon::Start(Settings settings, Log& log,
                                                std::function<void()> restart) {
  std::unique_ptr<Daemon> daemon(
      new Daemon(std::make_unique<Parts>(std::move(settings), log, std::move(restart))));
  BERTH_RETURN_IF_ERROR(daemon->parts_->Start());
  return daemon;
}

int ExitCodeFor(const Status& status) {
  const std::string reason = ReasonOf(status);
  if (reason == kStateDirInUse) return kExitInUse;
  const bool ledger = reason == reasons::kLedgerForeign || reason == reasons::kLedgerNewer ||
                      reason == reasons::kLedgerUnavailable ||
                      status.code() == StatusCode::kDataLoss;
  return ledger ? kExitLedger : kExitFailure;
}

}  // namespace berth
