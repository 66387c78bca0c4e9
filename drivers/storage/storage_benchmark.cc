// SPDX-License-Identifier: Apache-2.0
// What an instance's files cost, beside the same work done by hand: qemu-img started by
// posix_spawn, and xorriso for the seed.
#include <benchmark/benchmark.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <future>

#include "core/base/check.h"
#include "core/base/thread_pool.h"
#include "drivers/storage/local_storage.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

constexpr char kId[] = "i-0123456789abcdef0";

void RunByHand(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  int status = 0;
  BERTH_CHECK(posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) == 0, argv[0]);
  BERTH_CHECK(waitpid(pid, &status, 0) == pid && status == 0, argv[0]);
}

struct Setting {
  Setting() : pool("storage", 4) {
    auto made = MakeLocalStorage({.state_dir = directory.Path("state"), .image_dir = ""}, pool);
    BERTH_CHECK(made.ok(), "no storage");
    storage = *std::move(made);
    RunByHand({"/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", Base(), "1G"});
  }
  std::string Base() const { return storage->ImagePath("base.qcow2"); }

  TempDirectory directory;
  ThreadPool pool;
  std::unique_ptr<Storage> storage;
};

template <typename Call>
void Await(Call call) {
  std::promise<Status> answer;
  call([&](Status status) { answer.set_value(std::move(status)); });
  const Status status = answer.get_future().get();
  BERTH_CHECK(status.ok(), status.ToString());
}

void RootDisk(benchmark::State& state) {
  const Setting setting;
  const model::InstanceSpec spec = {.boot = {.image = "base.qcow2"}, .root_disk_mib = 4096};
  for (auto _ : state) {
    Await([&](auto done) { setting.storage->CreateRootDisk(kId, spec, done); });
    state.PauseTiming();
    Await([&](auto done) { setting.storage->DeleteInstance(kId, done); });
    state.ResumeTiming();
  }
}
BENCHMARK(RootDisk)->UseRealTime()->Unit(benchmark::kMillisecond);

void RootDiskByHand(benchmark::State& state) {
  const Setting setting;
  const std::string disk = setting.directory.Path("root.qcow2");
  for (auto _ : state) {
    RunByHand({"/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", "-b", setting.Base(), "-F",
               "qcow2", disk, "4096M"});
    state.PauseTiming();
    std::filesystem::remove(disk);
    state.ResumeTiming();
  }
}
BENCHMARK(RootDiskByHand)->UseRealTime()->Unit(benchmark::kMillisecond);

void Seed(benchmark::State& state) {
  const Setting setting;
  for (auto _ : state) Await([&](auto done) { setting.storage->CreateSeed(kId, {}, done); });
}
BENCHMARK(Seed)->UseRealTime()->Unit(benchmark::kMillisecond);

void SeedByHand(benchmark::State& state) {
  const TempDirectory directory;
  directory.Write("in/meta-data", "instance-id: x\n");
  directory.Write("in/user-data", "");
  for (auto _ : state)
    RunByHand({"/usr/bin/xorriso", "-report_about", "FAILURE", "-as", "genisoimage", "-quiet",
               "-output", directory.Path("seed.iso"), "-volid", "cidata", "-joliet", "-rock",
               directory.Path("in")});
}
BENCHMARK(SeedByHand)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace berth
