// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/guest_kernel_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_directory.h"

namespace berth::libvirt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class GuestKernelViewTest : public testing::Test {
 protected:
  void Write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = directory_.Path("proc/42/" + file);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void Thread(int tid, const std::string& name, const std::string& cpus) {
    const std::string task = "task/" + std::to_string(tid);
    Write(task + "/comm", name + "\n");
    Write(task + "/status", "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t" + cpus + "\n");
  }
  GuestKernelView Read(int vcpus) { return ReadGuestKernelView(directory_.Path(""), 42, vcpus); }

  TempDirectory directory_;
};

TEST_F(GuestKernelViewTest, TellsThreadsAndMemory) {
  Write("status", "Cpus_allowed_list:\t0-1\n");
  Thread(42, "qemu-system-x86", "0-1");
  Thread(44, "CPU 1/KVM", "7");
  Thread(43, "CPU 0/KVM", "3,5");
  Write("numa_maps",
        "55d0 default file=/usr/bin/qemu\n7f30c4000000 bind:1 anon=5 N1=5\n"
        "7f30d4000000 bind:1,3 huge anon=5\n7f30e4000000 prefer:0 anon=1\n");
  const GuestKernelView view = Read(2);
  EXPECT_EQ(view.emulator_cpus, CpuSet({0, 1}));
  EXPECT_THAT(view.vcpu_cpus, ElementsAre(CpuSet({3, 5}), CpuSet({7})));
  EXPECT_THAT(view.bound_nodes, ElementsAre(1, 3));
}

TEST_F(GuestKernelViewTest, MemoryMayBeBoundByTheCgroupAlone) {
  Write("status", "Cpus_allowed_list:\t0-1\nMems_allowed:\t2\nMems_allowed_list:\t1\n");
  Write("numa_maps", "55d0 default file=/usr/bin/qemu\n7f30c4000000 default anon=5 N1=5\n");
  EXPECT_THAT(Read(1).bound_nodes, ElementsAre(1));
}

TEST_F(GuestKernelViewTest, CountsWhatLiesOnEachNode) {
  Write("numa_maps",
        "55d0 default file=/usr/bin/qemu mapped=3 N0=256 kernelpagesize_kB=4\n"
        "7f30c4000000 default anon=1024 N0=512 N1=512 kernelpagesize_kB=4\n"
        "7f30d4000000 bind:1 huge anon=5 N1=5 kernelpagesize_kB=2048\n");
  EXPECT_THAT(ReadResidentMib(directory_.Path(""), 42),
              ElementsAre(std::pair(0, 3), std::pair(1, 12)));
  EXPECT_THAT(ReadResidentMib(directory_.Path(""), 7), IsEmpty());
}

TEST_F(GuestKernelViewTest, WithoutAThreadForEachVcpuNoneIsTold) {
  Write("status", "Cpus_allowed_list:\t0-1\n");
  Thread(43, "CPU 0/TCG", "3");
  EXPECT_THAT(Read(1).vcpu_cpus, IsEmpty());
  Thread(44, "CPU 0/KVM", "3");
  EXPECT_THAT(Read(2).vcpu_cpus, IsEmpty());
  EXPECT_THAT(Read(1).vcpu_cpus, ElementsAre(CpuSet({3})));
}

TEST_F(GuestKernelViewTest, AProcessThatIsGoneHasNone) {
  const GuestKernelView view = Read(1);
  EXPECT_TRUE(view.emulator_cpus.empty());
  EXPECT_THAT(view.vcpu_cpus, IsEmpty());
  EXPECT_THAT(view.bound_nodes, IsEmpty());
}

}  // namespace
}  // namespace berth::libvirt
