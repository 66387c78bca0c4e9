// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/hypervisor_qemu_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/check.h"

namespace berth {
namespace {

constexpr char kForeignName[] = "somebody-elses";
constexpr char kForeignXml[] = R"(<domain type='qemu'><name>somebody-elses</name>
<memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><memballoon model='none'/></devices></domain>)";

// A boot sector in 16-bit machine code: "berth\n" to COM1, then the chipset's power-off register
// (which is what ACPI's S5 comes down to on q35) or nothing, then halt for good.
std::string BootSector(QemuWorld::Program program) {
  std::string code = {'\xFA', '\xBA', '\xF8', '\x03'};  // cli; mov dx, 0x3f8
  for (const char c : std::string_view("berth\n"))
    code += {'\xB0', c, '\xEE'};  // mov al, c; out dx, al
  if (program == QemuWorld::Program::kPowersOff)
    code += {'\xBA', '\x04', '\x06', '\xB8', '\x00', '\x20', '\xEF'};  // out 0x604, 0x2000
  code += {'\xF4', '\xEB', '\xFD'};                                    // hlt; jmp to the hlt
  code.resize(510, '\0');
  code += "\x55\xAA";
  code.resize(1024 * 1024, '\0');  // The firmware boots from nothing much smaller.
  return code;
}

}  // namespace

LibvirtOptions QemuWorld::Options() {
  LibvirtOptions options;
  options.query_deadline = std::chrono::seconds(5);
  options.lifecycle_deadline = std::chrono::seconds(20);
  options.destroy_deadline = std::chrono::seconds(30);
  options.connect_deadline = std::chrono::seconds(10);
  return options;
}

QemuWorld::QemuWorld(LibvirtOptions options) : LibvirtWorld(std::move(options)) {
  BERTH_CHECK(std::getenv("BERTH_SANDBOX") != nullptr,
              "these tests freeze and kill libvirtd: run them in tests/support/libvirt-sandbox");
  std::string pattern = "/run/berth-contract-XXXXXX";
  BERTH_CHECK(mkdtemp(pattern.data()) != nullptr, pattern);
  directory_ = pattern;
  chmod(directory_.c_str(), 0711);
}

QemuWorld::~QemuWorld() {
  RemoveForeignGuest();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string QemuWorld::AddForeignGuest() {
  const auto connection = libvirt::Connection::Open(options().uri);
  BERTH_CHECK(connection.ok(), connection.status().ToString());
  const auto domain = (*connection)->DefineXml(kForeignXml, 0);
  BERTH_CHECK(domain.ok(), domain.status().ToString());
  const Status started = domain->CreateWithFlags(0);
  EXPECT_TRUE(started.ok()) << started;
  return kForeignName;
}

void QemuWorld::RemoveForeignGuest() {
  const auto connection = libvirt::Connection::Open(options().uri);
  if (!connection.ok()) return;
  const auto domain = (*connection)->LookupByName(kForeignName);
  if (!domain.ok()) return;
  domain->DestroyFlags(0).IgnoreError();
  EXPECT_TRUE(domain->UndefineFlags(0).ok());
}

GuestSpec QemuWorld::NewBootingGuest(Program program) {
  GuestSpec spec = NewGuest();
  const std::string disk = fmt::format("{}/{}.raw", directory_, spec.instance_id);
  std::ofstream(disk, std::ios::binary) << BootSector(program);
  spec.disks.push_back({.path = disk, .format = "raw", .target = "vda", .serial = "berth-root"});
  spec.console_log = fmt::format("{}/{}.log", directory_, spec.instance_id);
  return spec;
}

std::string QemuWorld::ConsoleOf(const GuestSpec& spec) const {
  std::ostringstream text;
  text << std::ifstream(spec.console_log).rdbuf();
  return text.str();
}

bool LibvirtdCtl(const std::string& verb) {
  return std::system(
             fmt::format("{}/tests/support/libvirtd-ctl {}", BERTH_SOURCE_DIR, verb).c_str()) == 0;
}

}  // namespace berth
