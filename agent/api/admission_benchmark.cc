// SPDX-License-Identifier: Apache-2.0
// What an admission costs its caller over gRPC: 64 callers that each ask for one instance after the
// other, placed on a large host and made durable in an SQLite ledger; beside the bare fdatasync of
// the same disk and the empty call of the same gRPC with as many callers, all in one run. The work
// that follows an admission is held up before its first step that costs anything.
//
// Prints one table; the ratios are those of docs/specification.md.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "agent/api/empty_server.h"
#include "agent/api/test_agent.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/base/unique_fd.h"

namespace berth::api {
namespace {

constexpr int kCallers = 64;
constexpr int kCalls = 20000;
constexpr int kWarmUp = 2000;
constexpr int kSyncs = 2000;
constexpr size_t kSyncBytes = 4096;

struct Figures {
  double per_second = 0;
  double median_us = 0;
  double p99_us = 0;
};

Figures FiguresOf(std::vector<double> took_us, double seconds) {
  std::sort(took_us.begin(), took_us.end());
  return {static_cast<double>(took_us.size()) / seconds, took_us[took_us.size() / 2],
          took_us[took_us.size() * 99 / 100]};
}

// Within a file that is long enough already, as a WAL in use is.
Figures RawSyncs(const std::string& path) {
  const std::string bytes(kSyncBytes, 'x');
  const UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  for (int i = 0; i < kSyncs; ++i)
    BERTH_CHECK(pwrite(fd.get(), bytes.data(), bytes.size(), i * off_t{kSyncBytes}) > 0, path);
  fdatasync(fd.get());
  std::vector<double> took;
  const Stopwatch all;
  for (int i = 0; i < kSyncs; ++i) {
    const Stopwatch one;
    BERTH_CHECK(pwrite(fd.get(), bytes.data(), bytes.size(), i * off_t{kSyncBytes}) > 0 &&
                    fdatasync(fd.get()) == 0,
                path);
    took.push_back(one.Micros());
  }
  return FiguresOf(std::move(took), all.Micros() / 1e6);
}

// `kCallers` calls are under way at any time; `begin(ended)` begins one.
class Load {
 public:
  using Begin = std::function<void(std::function<void(bool ok)> ended)>;
  explicit Load(Begin begin) : begin_(std::move(begin)) {}

  Figures Run(int calls) {
    {
      MutexLock lock(mutex_);
      left_ = unanswered_ = calls;
      took_.clear();
    }
    const Stopwatch all;
    for (int i = 0; i < kCallers; ++i) Next();
    MutexLock lock(mutex_);
    while (unanswered_ > 0) answered_.Wait(mutex_);
    return FiguresOf(took_, all.Micros() / 1e6);
  }

 private:
  void Next() {
    {
      MutexLock lock(mutex_);
      if (left_ == 0) return;
      --left_;
    }
    begin_([this, watch = Stopwatch()](bool ok) {
      BERTH_CHECK(ok, "a call failed");
      {
        MutexLock lock(mutex_);
        took_.push_back(watch.Micros());
      }
      Next();
      MutexLock lock(mutex_);
      if (--unanswered_ == 0) answered_.NotifyAll();
    });
  }

  const Begin begin_;
  Mutex mutex_;
  CondVar answered_;
  int left_ GUARDED_BY(mutex_) = 0;
  int unanswered_ GUARDED_BY(mutex_) = 0;
  std::vector<double> took_ GUARDED_BY(mutex_);
};

// Request, reply and context of one asynchronous call; ends itself.
template <typename Request, typename Reply>
struct Exchange {
  grpc::ClientContext context;
  Request request;
  Reply reply;
};

Figures EmptyCalls(const std::string& socket) {
  const EmptyServer server(socket);
  Load load([&](auto ended) {
    auto call = std::make_shared<Exchange<v1::GetNodeRequest, v1::Node>>();
    server.stub->async()->GetNode(
        &call->context, &call->request, &call->reply,
        [call, ended](const grpc::Status& status) { ended(status.ok()); });
  });
  load.Run(kWarmUp);
  const Figures figures = load.Run(kCalls);
  return figures;
}

// Two nodes of 64 CPUs each that many guests share.
TestGround LargeHost(const std::string& ledger_path) {
  constexpr int kNodes = 2, kCpus = 64;
  constexpr int64_t kMemoryMib = 64LL << 20;
  TestGround ground{.topology = {}, .capacity = {}, .ledger_path = ledger_path};
  for (int n = 0; n < kNodes; ++n) {
    model::NumaNode node{.id = n, .socket = n, .memory_mib = kMemoryMib};
    for (int c = 0; c < kCpus; ++c) {
      node.cores.push_back({{n * kCpus + c}});
      ground.capacity.shared_cpus.Add(n * kCpus + c);
    }
    node.distances = n == 0 ? std::vector<int>{10, 20} : std::vector<int>{20, 10};
    ground.topology.nodes.push_back(node);
  }
  ground.capacity.total = {
      .vcpus = kNodes * kCpus, .memory_mib = kNodes * kMemoryMib, .disk_mib = int64_t{1} << 40};
  ground.capacity.cpu_overcommit = 1000.0;
  return ground;
}

Figures Admissions(const std::string& ledger_path) {
  TestAgent agent({}, LargeHost(ledger_path));
  agent.storage.SetDelay(StorageCall::kCreateRootDisk, std::chrono::hours(1));
  v1::CreateInstanceRequest request;
  request.mutable_spec()->set_instance_type("m1.small");
  request.mutable_spec()->mutable_boot()->mutable_disk()->set_image("base.qcow2");
  std::atomic<int> number = 0;
  Load load([&](auto ended) {
    auto call = std::make_shared<Exchange<v1::CreateInstanceRequest, v1::Instance>>();
    call->request = request;
    call->request.set_request_id(fmt::format("request-{}", ++number));
    agent.instances->async()->CreateInstance(
        &call->context, &call->request, &call->reply,
        [call, ended](const grpc::Status& status) { ended(status.ok()); });
  });
  load.Run(kWarmUp);
  return load.Run(kCalls);
}

void Row(const char* what, const Figures& figures) {
  fmt::print("{:<34} {:>10.0f}/s   median {:>8.0f} us   p99 {:>8.0f} us\n", what,
             figures.per_second, figures.median_us, figures.p99_us);
}

int Main() {
  const TempDirectory directory;
  const Figures syncs = RawSyncs(directory.Path("raw"));
  const Figures empty = EmptyCalls(directory.Path("empty.sock"));
  const Figures admissions = Admissions(directory.Path("ledger.db"));
  const Figures syncs_after = RawSyncs(directory.Path("raw"));
  Row("fdatasync of 4 KiB, before", syncs);
  Row("fdatasync of 4 KiB, after", syncs_after);
  Row("empty call, 64 callers", empty);
  Row("CreateInstance, 64 callers", admissions);
  const double sync_rate = std::min(syncs.per_second, syncs_after.per_second);
  const double rate_aim = std::min(8 * sync_rate, empty.per_second / 2);
  const double p99_aim_us = std::max(6 * std::max(syncs.p99_us, syncs_after.p99_us), 5000.0);
  fmt::print("rate: {:.2f} of min(8 x fdatasync rate, empty call rate / 2), aim 1.00\n",
             admissions.per_second / rate_aim);
  fmt::print("p99: {:.2f} of max(6 x fdatasync p99, 5 ms), aim at most 1.00\n",
             admissions.p99_us / p99_aim_us);
  return 0;
}

}  // namespace
}  // namespace berth::api

int main() { return berth::api::Main(); }
