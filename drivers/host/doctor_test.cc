// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::HasSubstr;

class DoctorTest : public ::testing::Test {
 protected:
  // A host on which all is well.
  void SetUp() override {
    root_.Write("proc/sys/kernel/random/boot_id", "7a0ff1b8-3d5c-4a53-9d7f-0c1e2d3f4a5b\n");
    root_.Write("proc/meminfo", "MemTotal: 67108864 kB\nMemAvailable: 60000000 kB\n");
    root_.Write("proc/cpuinfo", "model name : A CPU\nflags : fpu vmx\n");
    root_.Write("proc/stat", "cpu  1 2 3\nbtime 1767225600\nprocesses 7\n");
    root_.Write("proc/uptime", "3600.12 7000.00\n");
    root_.Write("proc/cmdline", "quiet root=/dev/vda1\n");
    root_.Write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    root_.Write("sys/kernel/iommu_groups/0/type", "DMA\n");
    root_.Write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    root_.Write("run/systemd/system/x", "");
    Pool("node0", "512", "12");
  }
  void Pool(const std::string& node, const std::string& total, const std::string& free) {
    const std::string pool = "sys/devices/system/node/" + node + "/hugepages/hugepages-2048kB/";
    root_.Write(pool + "nr_hugepages", total);
    root_.Write(pool + "free_hugepages", free);
  }
  void Remove(const std::string& name) { std::filesystem::remove_all(root_.Path(name)); }

  std::vector<Finding> All() {
    return CheckHost({.root = root_.path(), .state_dir = root_.path()});
  }
  Finding Find(const std::string& check) { return FindIn(All(), check); }
  Finding DiskOf(const std::string& state_dir) {
    return FindIn(CheckHost({.root = root_.path(), .state_dir = state_dir}), "disk");
  }
  static Finding FindIn(const std::vector<Finding>& findings, const std::string& check) {
    for (const Finding& finding : findings)
      if (finding.check == check) return finding;
    ADD_FAILURE() << "no finding of " << check;
    return {};
  }
  // It is not well, and says what would cure it.
  void ExpectTrouble(const std::string& check, FindingLevel level, const std::string& what,
                     const std::string& cure) {
    const Finding finding = Find(check);
    EXPECT_EQ(finding.level, level) << finding.what;
    EXPECT_THAT(finding.what, HasSubstr(what));
    EXPECT_THAT(finding.cure, HasSubstr(cure));
  }

  TempDirectory root_;
};

TEST_F(DoctorTest, FindsNothingWrongWithAGoodHost) {
  for (const Finding& finding : All()) {
    if (finding.check == "disk") continue;  // This machine's own.
    EXPECT_EQ(finding.level, FindingLevel::kOk) << finding.check << ": " << finding.what;
    EXPECT_FALSE(finding.what.empty()) << finding.check;
  }
}

TEST_F(DoctorTest, SaysHowToGetVirtualization) {
  root_.Write("proc/cpuinfo", "flags : fpu\n");
  ExpectTrouble("cpu", FindingLevel::kWarning, "neither vmx nor svm", "firmware");
  root_.Write("proc/cpuinfo", "flags : fpu hypervisor\n");
  ExpectTrouble("cpu", FindingLevel::kWarning, "itself a guest", "nested");
}

TEST_F(DoctorTest, ComplainsOfLittleMemory) {
  root_.Write("proc/meminfo", "MemTotal: 4194304 kB\nMemAvailable: 1048576 kB\n");
  ExpectTrouble("memory", FindingLevel::kWarning, "1024 MiB available of 4096 MiB", "uses memory");
  root_.Write("proc/meminfo", "MemTotal: 4194304 kB\nMemAvailable: 1024 kB\n");
  ExpectTrouble("memory", FindingLevel::kProblem, "1 MiB", "uses memory");
}

TEST_F(DoctorTest, TellsHugePagesOfEachNode) {
  Pool("node1", "4", "4");
  root_.Write("sys/devices/system/node/node2/cpulist", "\n");  // It has no memory.
  std::vector<std::string> said;
  for (const Finding& finding : All())
    if (finding.check == "hugepages") said.push_back(finding.what);
  EXPECT_THAT(said, ::testing::ElementsAre("node0: 12 of 512 hugepages-2048kB free",
                                           "node1: 4 of 4 hugepages-2048kB free"));
}

TEST_F(DoctorTest, NamesTheNodeThatHasNoHugePagesBesideOthers) {
  Pool("node1", "0", "0");
  std::vector<Finding> found = All();
  std::erase_if(found, [](const Finding& f) { return f.level == FindingLevel::kOk; });
  std::erase_if(found, [](const Finding& f) { return f.check != "hugepages"; });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].what, HasSubstr("node1: none"));
  EXPECT_THAT(found[0].cure, HasSubstr("/sys/devices/system/node/node1/hugepages/"));
}

TEST_F(DoctorTest, SaysHowToSetHugePagesAside) {
  Remove("sys/devices/system/node");
  ExpectTrouble("hugepages", FindingLevel::kOk, "none are set aside", "nr_hugepages");
}

TEST_F(DoctorTest, LooksAtTransparentHugePages) {
  root_.Write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
  ExpectTrouble("transparent-hugepages", FindingLevel::kWarning, "off", "echo madvise");
  Remove("sys/kernel/mm/transparent_hugepage");
  ExpectTrouble("transparent-hugepages", FindingLevel::kWarning, "has none", "");
}

TEST_F(DoctorTest, TellsAnIommuThatIsOffFromNone) {
  Remove("sys/kernel/iommu_groups");
  ExpectTrouble("iommu", FindingLevel::kWarning, "none", "VT-d");
  root_.Write("sys/firmware/acpi/tables/DMAR", "x");
  ExpectTrouble("iommu", FindingLevel::kWarning, "quiet root=/dev/vda1", "intel_iommu=on");
  Remove("sys/firmware/acpi/tables/DMAR");
  root_.Write("sys/firmware/acpi/tables/IVRS", "x");
  ExpectTrouble("iommu", FindingLevel::kWarning, "off", "amd_iommu=off");
}

TEST_F(DoctorTest, ExpectsNoIommuInAGuest) {
  Remove("sys/kernel/iommu_groups");
  root_.Write("proc/cpuinfo", "flags : fpu vmx hypervisor\n");
  ExpectTrouble("iommu", FindingLevel::kOk, "none", "");
}

TEST_F(DoctorTest, SaysWhatIsMissingWithoutSystemd) {
  Remove("run/systemd");
  ExpectTrouble("systemd", FindingLevel::kWarning, "no systemd", "quickstart");
}

TEST_F(DoctorTest, DoubtsAClockThatIsYearsBehind) {
  root_.Write("proc/stat", "btime 3600\n");
  ExpectTrouble("time", FindingLevel::kWarning, "years behind", "chrony");
  root_.Write("proc/stat", "nothing");
  ExpectTrouble("time", FindingLevel::kWarning, "cannot be read", "");
  root_.Write("proc/stat", "btime ");
  ExpectTrouble("time", FindingLevel::kWarning, "cannot be read", "");
}

TEST_F(DoctorTest, DoubtsASlowClock) {
  root_.Write("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
  ExpectTrouble("time", FindingLevel::kWarning, "hpet", "dmesg");
}

TEST_F(DoctorTest, LooksAtTheDiskOfADirectoryThatIsNotThereYet) {
  EXPECT_EQ(DiskOf(root_.Path("not/made/yet")).level, Find("disk").level);
}

TEST_F(DoctorTest, NamesAStateDirectoryThatCannotBe) {
  EXPECT_EQ(DiskOf("").level, FindingLevel::kProblem);
}

TEST_F(DoctorTest, SaysThatProcIsMissing) {
  Remove("proc");
  ExpectTrouble("procfs", FindingLevel::kProblem, "boot_id", "mount /proc");
}

TEST(DoctorOfThisHostTest, NamesEveryCheckAndACureForEveryTrouble) {
  for (const Finding& finding : CheckHost({.root = "", .state_dir = "/tmp"})) {
    EXPECT_FALSE(finding.check.empty());
    EXPECT_FALSE(finding.what.empty()) << finding.check;
    EXPECT_TRUE(finding.level == FindingLevel::kOk || !finding.cure.empty()) << finding.check;
  }
}

}  // namespace
}  // namespace berth
