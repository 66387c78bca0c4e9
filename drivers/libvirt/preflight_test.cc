// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/preflight.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "drivers/libvirt/guest_pid.h"
#include "drivers/libvirt/libvirt_conf.h"
#include "drivers/libvirt/preflight_daemon.h"
#include "drivers/libvirt/preflight_kvm.h"

namespace berth::libvirt {
namespace {

namespace fs = std::filesystem;

// Files under a root of the test's own.
class HostFiles : public testing::Test {
 protected:
  HostFiles() : root_(testing::TempDir() + "berth-preflight-" + std::to_string(getpid())) {
    fs::create_directories(root_);
  }
  ~HostFiles() override { fs::remove_all(root_); }
  std::string Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path, std::ios::binary) << text;
    return root_ + path;
  }
  const std::string root_;
};

const QemuUser kQemu{.name = "libvirt-qemu", .uid = 64055, .groups = {108, 64055}};

TEST(MayOpenTest, GoesByOwnerThenGroupThenOthers) {
  EXPECT_TRUE(MayOpen({.mode = 0660, .owner = 0, .group = 108}, kQemu));
  EXPECT_TRUE(MayOpen({.mode = 0666, .owner = 0, .group = 0}, kQemu));
  EXPECT_TRUE(MayOpen({.mode = 0600, .owner = 64055, .group = 0}, kQemu));
  EXPECT_FALSE(MayOpen({.mode = 0600, .owner = 0, .group = 0}, kQemu));
  EXPECT_FALSE(MayOpen({.mode = 0640, .owner = 0, .group = 108}, kQemu));
  EXPECT_FALSE(MayOpen({.mode = 0606, .owner = 0, .group = 108}, kQemu));
  EXPECT_FALSE(MayOpen({.mode = 0066, .owner = 64055, .group = 108}, kQemu));
  EXPECT_TRUE(
      MayOpen({.mode = 0, .owner = 0, .group = 0}, {.name = "root", .uid = 0, .groups = {}}));
}

TEST_F(HostFiles, ConfValueIsTheLastOneSetAndIgnoresComments) {
  const std::string path = Write("/etc/x.conf",
                                 "#max_client_requests = 9\n max_client_requests = 3\n"
                                 "user = \"someone\"\nmax_client_requests=4 \n");
  EXPECT_EQ(ConfValue(path, "max_client_requests"), "4");
  EXPECT_EQ(ConfValue(path, "user"), "someone");
  EXPECT_EQ(ConfValue(path, "group"), std::nullopt);
  EXPECT_EQ(ConfValue(root_ + "/none", "user"), std::nullopt);
}

TEST_F(HostFiles, RequestLimitBelowOurNeedIsAWarningWithItsCure) {
  EXPECT_EQ(CheckRequestLimit(root_).level, FindingLevel::kOk);
  Write("/etc/libvirt/libvirtd.conf", "max_client_requests = 2\n");
  const Finding finding = CheckRequestLimit(root_);
  EXPECT_EQ(finding.level, FindingLevel::kWarning);
  EXPECT_NE(finding.what.find("is 2"), std::string::npos);
  EXPECT_NE(finding.cure.find("max_client_requests = 5"), std::string::npos);
}

TEST_F(HostFiles, DeviceThatQemuMayNotOpenIsNamedWithItsCure) {
  Write("/proc/cpuinfo", "flags : fpu svm\n");
  const std::string device = Write("/dev/kvm", "");
  fs::permissions(device, fs::perms::owner_read | fs::perms::owner_write);
  const std::vector<Finding> findings =
      CheckLibvirt(PreflightOptions{.uri = "test:///default", .root = root_});
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].check, "kvm");
  EXPECT_EQ(findings[0].level, FindingLevel::kWarning);
  EXPECT_EQ(findings[1].check, "kvm_access");
  EXPECT_EQ(findings[1].level, FindingLevel::kProblem);
  EXPECT_NE(findings[1].what.find("0600"), std::string::npos) << findings[1].what;
  EXPECT_NE(findings[1].cure.find("chmod 0660 /dev/kvm"), std::string::npos);
  EXPECT_EQ(findings[2].check, "libvirtd");
  EXPECT_EQ(findings[2].level, FindingLevel::kOk);
}

TEST_F(HostFiles, AbsentDaemonsAreProblemsWithTheirCure) {
  const Finding daemon =
      CheckDaemon("qemu+unix:///system?socket=" + root_ + "/none", std::chrono::seconds(5));
  EXPECT_EQ(daemon.level, FindingLevel::kProblem);
  EXPECT_NE(daemon.cure, "");
  const Finding virtlogd = CheckVirtlogd(root_);
  EXPECT_EQ(virtlogd.level, FindingLevel::kProblem);
  EXPECT_NE(virtlogd.what.find("No such file"), std::string::npos) << virtlogd.what;
}

TEST(MaxWorkersTest, ReadsWhatVirtAdminPrints) {
  EXPECT_EQ(MaxWorkersIn("minWorkers     : 5\nmaxWorkers     : 20\nnWorkers       : 5\n"), 20);
  EXPECT_EQ(MaxWorkersIn("minWorkers : 5\n"), -1);
  EXPECT_EQ(MaxWorkersIn("maxWorkers : many\n"), -1);
  EXPECT_EQ(MaxWorkersIn(""), -1);
}

TEST_F(HostFiles, PidCountsOnlyIfTheProcessIsTheGuests) {
  const std::string pids = fs::path(Write("/run/guest.pid", "4711\n")).parent_path();
  const std::string uuid = "be270123-4567-889a-8bcd-ef0000000000";
  EXPECT_EQ(ReadGuestPid(root_, pids, "guest", uuid), 0) << "no such process";
  using std::string_literals::operator""s;
  Write("/proc/4711/cmdline", "qemu\0-name\0guest\0-uuid\0"s + uuid + "\0-S\0"s);
  EXPECT_EQ(ReadGuestPid(root_, pids, "guest", uuid), 4711);
  EXPECT_EQ(ReadGuestPid(root_, pids, "guest", "other"), 0);
  EXPECT_EQ(ReadGuestPid(root_, pids, "none", uuid), 0);
  Write("/proc/4711/cmdline", "cat\0"s + uuid + "\0"s);
  EXPECT_EQ(ReadGuestPid(root_, pids, "guest", uuid), 0) << "the number went to another process";
  Write("/run/odd.pid", "-1\n");
  EXPECT_EQ(ReadGuestPid(root_, pids, "odd", uuid), 0);
  EXPECT_EQ(ReadGuestPid(root_, pids, "../run/guest", uuid), 0);
}

}  // namespace
}  // namespace berth::libvirt
