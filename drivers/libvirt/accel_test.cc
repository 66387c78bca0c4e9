// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/accel.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace berth::libvirt {
namespace {

const KvmFacts kUsable{
    .cpu_flag = true, .device_exists = true, .device_opens = true, .creates_vm = true};

// A root directory with /proc/cpuinfo and, unless empty, a /dev/kvm that is an ordinary file.
class Root {
 public:
  Root(const std::string& flags, const std::string& device) {
    std::filesystem::create_directories(path() + "/proc");
    std::filesystem::create_directories(path() + "/dev");
    std::ofstream(path() + "/proc/cpuinfo")
        << "processor : 0\nflags\t\t: fpu " << flags << " sse\n";
    if (!device.empty()) std::ofstream(path() + "/dev/kvm") << device;
  }
  ~Root() { std::filesystem::remove_all(path()); }
  std::string path() const {
    return testing::TempDir() + "berth-accel-" + std::to_string(getpid());
  }
};

TEST(AccelTest, KvmWantsTheCpuFlagTheDeviceAndTheIoctlAllThree) {
  EXPECT_TRUE(KvmUsable(kUsable));
  for (bool KvmFacts::*missing :
       {&KvmFacts::cpu_flag, &KvmFacts::device_opens, &KvmFacts::creates_vm}) {
    KvmFacts facts = kUsable;
    facts.*missing = false;
    EXPECT_FALSE(KvmUsable(facts));
  }
}

TEST(AccelTest, AutoTakesKvmWhereItWorks) {
  const Accel accel = ChooseAccel(AccelMode::kAuto, kUsable);
  EXPECT_EQ(accel.name, "kvm");
  EXPECT_TRUE(accel.status.ok());
}

TEST(AccelTest, AutoFallsBackToTcgWithAReasonWhenTheFlagIsMissingThoughTheIoctlWorks) {
  KvmFacts nested = kUsable;
  nested.cpu_flag = false;
  const Accel accel = ChooseAccel(AccelMode::kAuto, nested);
  EXPECT_EQ(accel.name, "tcg");
  EXPECT_TRUE(accel.status.ok());
  EXPECT_NE(accel.reason.find("neither svm nor vmx"), std::string::npos) << accel.reason;
}

TEST(AccelTest, TcgIsTakenWhenAskedFor) {
  EXPECT_EQ(ChooseAccel(AccelMode::kTcg, kUsable).name, "tcg");
}

TEST(AccelTest, DemandedKvmThatIsNotUsableFailsWithTheCure) {
  KvmFacts facts = kUsable;
  facts.device_opens = facts.creates_vm = false;
  facts.device_error = "Permission denied";
  const Accel accel = ChooseAccel(AccelMode::kKvm, facts);
  EXPECT_EQ(accel.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(accel.status.message().find("Permission denied"), absl::string_view::npos);
  EXPECT_NE(accel.status.message().find("chmod 0660 /dev/kvm"), absl::string_view::npos);
}

TEST(AccelTest, EveryTroubleHasACure) {
  EXPECT_EQ(TroubleOf(kUsable).what, "");
  for (int bits = 0; bits < 15; ++bits) {
    const KvmFacts facts{.cpu_flag = (bits & 1) != 0,
                         .device_exists = (bits & 2) != 0,
                         .device_opens = (bits & 4) != 0,
                         .creates_vm = (bits & 8) != 0};
    if (KvmUsable(facts)) continue;
    EXPECT_NE(TroubleOf(facts).what, "") << bits;
    EXPECT_NE(TroubleOf(facts).cure, "") << bits;
  }
}

TEST(ReadKvmFactsTest, SeesTheFlagOfAmdAndOfIntel) {
  EXPECT_TRUE(ReadKvmFacts(Root("svm", "").path()).cpu_flag);
  EXPECT_TRUE(ReadKvmFacts(Root("vmx", "").path()).cpu_flag);
  EXPECT_FALSE(ReadKvmFacts(Root("svm_lock vmxx", "").path()).cpu_flag);
}

TEST(ReadKvmFactsTest, TellsNoDeviceFromOneThatMakesNoMachine) {
  const KvmFacts none = ReadKvmFacts(Root("vmx", "").path());
  EXPECT_FALSE(none.device_exists);
  const KvmFacts file = ReadKvmFacts(Root("vmx", "not a device").path());
  EXPECT_TRUE(file.device_exists);
  EXPECT_TRUE(file.device_opens);
  EXPECT_FALSE(file.creates_vm);
  EXPECT_NE(file.device_error, "");
}

}  // namespace
}  // namespace berth::libvirt
