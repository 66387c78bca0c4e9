// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/domain_xml.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "core/base/error.h"
#include "core/base/ids.h"

namespace berth::libvirt {
namespace {

constexpr char kId[] = "i-0123456789abcdef0";

GuestSpec Spec() {
  GuestSpec spec;
  spec.instance_id = kId;
  spec.node_id = "11111111-1111-4111-8111-111111111111";
  spec.ledger_id = "22222222-2222-4222-8222-222222222222";
  spec.generation = 5;
  spec.record_json = R"({"name":"web"})";
  spec.vcpus = 4;
  spec.memory_mib = 513;
  spec.disks = {{.path = "/var/lib/berth/instances/i/root.qcow2",
                 .format = "qcow2",
                 .target = "vda",
                 .serial = "root"},
                {.path = "/var/lib/berth/instances/i/seed.iso",
                 .format = "raw",
                 .target = "vdb",
                 .serial = "seed",
                 .read_only = true}};
  spec.console_log = "/var/lib/berth/instances/i/console.log";
  spec.mac_address = MacAddress(kId);
  return spec;
}

const DomainSettings kEmulated = {"qemu", "Nehalem"};
const DomainSettings kKvm = {"kvm", "Nehalem"};

// The document, and single answers out of it by XPath.
class Xml {
 public:
  explicit Xml(const GuestSpec& spec, const DomainSettings& settings = kEmulated) {
    const StatusOr<std::string> text = DomainXml(spec, settings);
    EXPECT_TRUE(text.ok()) << text.status();
    if (text.ok()) document_.load_string(text->c_str());
  }
  std::string operator()(const char* xpath) const {
    return pugi::xpath_query(xpath).evaluate_string(document_);
  }
  int Count(const char* xpath) const {
    return static_cast<int>(document_.select_nodes(xpath).size());
  }

 private:
  pugi::xml_document document_;
};

TEST(DomainXmlTest, CarriesIdentityAndOurMetadata) {
  const Xml xml(Spec());
  EXPECT_EQ(xml("/domain/name"), kId);
  EXPECT_EQ(xml("/domain/uuid"), DomainUuid(kId));
  EXPECT_EQ(xml("namespace-uri(/domain/metadata/berth:instance)"), "urn:berth:instance:v1");
  EXPECT_EQ(xml("/domain/metadata/berth:instance/@node_id"), Spec().node_id);
  EXPECT_EQ(xml("/domain/metadata/berth:instance/@ledger_id"), Spec().ledger_id);
  EXPECT_EQ(xml("/domain/metadata/berth:instance/@instance_id"), kId);
  EXPECT_EQ(xml("/domain/metadata/berth:instance/@generation"), "5");
  EXPECT_EQ(xml("/domain/metadata/berth:instance/berth:record"), Spec().record_json);
}

TEST(DomainXmlTest, EndsAndRestartsAsTheDesignSays) {
  const Xml xml(Spec());
  EXPECT_EQ(xml("/domain/on_poweroff"), "destroy");
  EXPECT_EQ(xml("/domain/on_reboot"), "restart");
  EXPECT_EQ(xml("/domain/on_crash"), "preserve");
  EXPECT_EQ(xml("/domain/devices/panic/@model"), "isa");
  EXPECT_EQ(xml("/domain/devices/watchdog/@action"), "pause");
  EXPECT_EQ(xml.Count("/domain/features/acpi"), 1);
  EXPECT_EQ(xml("/domain/clock/@offset"), "utc");
}

TEST(DomainXmlTest, MemoryIsExactInKib) {
  const Xml xml(Spec());
  EXPECT_EQ(xml("/domain/memory"), "525312");
  EXPECT_EQ(xml("/domain/memory/@unit"), "KiB");
  EXPECT_EQ(xml("/domain/currentMemory"), "525312");
  EXPECT_EQ(xml("/domain/vcpu"), "4");
}

TEST(DomainXmlTest, KvmGuestsSeeTheHostsCpuAndEmulatedOnesANamedModel) {
  const Xml kvm(Spec(), kKvm);
  EXPECT_EQ(kvm("/domain/@type"), "kvm");
  EXPECT_EQ(kvm("/domain/cpu/@mode"), "host-passthrough");
  const Xml emulated(Spec());
  EXPECT_EQ(emulated("/domain/@type"), "qemu");
  EXPECT_EQ(emulated("/domain/features/tcg/tb-cache[@unit='MiB']"), "128");
  EXPECT_EQ(kvm("/domain/features/tcg"), "");
  EXPECT_EQ(emulated("/domain/cpu/model"), "Nehalem");
  EXPECT_EQ(Xml(Spec(), {"qemu", "maximum"})("/domain/cpu/@mode"), "maximum");
}

// Two cells of two vCPUs, on host nodes 1 and 3, the second in large pages.
GuestSpec Placed() {
  GuestSpec spec = Spec();
  spec.memory_mib = 1024;
  spec.cells = {{.vcpus = {0, 1}, .memory_mib = 512, .page_size_kib = 4, .host_node = 1},
                {.vcpus = {2, 3}, .memory_mib = 512, .page_size_kib = 2048, .host_node = 3}};
  spec.vcpu_cpus = {{8}, {72}, {9, 73}, {9, 73}};
  spec.emulator_cpus = {0, 64};
  spec.threads_per_core = 2;
  return spec;
}

TEST(DomainXmlTest, PinsEachVcpuAndBindsEachCell) {
  const Xml xml(Placed(), kKvm);
  EXPECT_EQ(xml("/domain/cputune/vcpupin[@vcpu='1']/@cpuset"), "72");
  EXPECT_EQ(xml("/domain/cputune/vcpupin[@vcpu='3']/@cpuset"), "9,73");
  EXPECT_EQ(xml("/domain/cputune/emulatorpin/@cpuset"), "0,64");
  EXPECT_EQ(xml("/domain/numatune/memory/@mode"), "strict");
  EXPECT_EQ(xml("/domain/numatune/memory/@nodeset"), "1,3");
  EXPECT_EQ(xml("/domain/numatune/memnode[@cellid='1']/@nodeset"), "3");
  EXPECT_EQ(xml.Count("/domain/memoryBacking/hugepages/page"), 1);
  EXPECT_EQ(xml("//page[@size='2048'][@unit='KiB']/@nodeset"), "1") << "the guest's cell";
  EXPECT_EQ(xml("/domain/cpu/numa/cell[@id='0']/@cpus"), "0-1");
  EXPECT_EQ(xml("/domain/cpu/numa/cell[@id='1']/@memory"), "524288");
  EXPECT_EQ(xml("/domain/cpu/topology/@sockets"), "2");
  EXPECT_EQ(xml("/domain/cpu/topology/@cores"), "1");
  EXPECT_EQ(xml("/domain/cpu/topology/@threads"), "2");
  EXPECT_EQ(xml("/domain/cpu/cache/@mode"), "passthrough");
}

TEST(DomainXmlTest, AnEmulatedGuestIsKeptToItsCpusAsAWhole) {
  const Xml xml(Placed());
  EXPECT_EQ(xml.Count("/domain/cputune"), 0);
  EXPECT_EQ(xml("/domain/vcpu/@cpuset"), "0,8-9,64,72-73");
}

TEST(DomainXmlTest, AGuestOfOneCellHasNoCellsOfItsOwn) {
  GuestSpec spec = Placed();
  spec.cells = {{.vcpus = {0, 1, 2, 3}, .memory_mib = 1024, .page_size_kib = 2048, .host_node = 1}};
  const Xml xml(spec, kKvm);
  EXPECT_EQ(xml.Count("/domain/cpu/numa"), 0);
  EXPECT_EQ(xml.Count("/domain/numatune/memnode"), 0);
  EXPECT_EQ(xml("/domain/numatune/memory/@nodeset"), "1");
  EXPECT_EQ(xml.Count("//page[@size='2048'][not(@nodeset)]"), 1);
  EXPECT_EQ(xml("/domain/cpu/topology/@cores"), "2");
}

TEST(DomainXmlTest, AGuestThatIsNotPlacedIsBoundToNothing) {
  const Xml xml(Spec(), kKvm);
  EXPECT_EQ(xml.Count("/domain/cputune"), 0);
  EXPECT_EQ(xml.Count("/domain/numatune"), 0);
  EXPECT_EQ(xml.Count("/domain/memoryBacking"), 0);
  EXPECT_EQ(xml.Count("/domain/cpu/topology"), 0);
}

TEST(DomainXmlTest, FirstDiskBootsAndTheSeedIsReadOnly) {
  const Xml xml(Spec());
  ASSERT_EQ(xml.Count("/domain/devices/disk"), 2);
  EXPECT_EQ(xml("//disk[1]/source/@file"), Spec().disks[0].path);
  EXPECT_EQ(xml("//disk[1]/driver/@type"), "qcow2");
  EXPECT_EQ(xml("//disk[1]/target/@dev"), "vda");
  EXPECT_EQ(xml("//disk[1]/target/@bus"), "virtio");
  EXPECT_EQ(xml("//disk[1]/serial"), "root");
  EXPECT_EQ(xml("//disk[1]/boot/@order"), "1");
  EXPECT_EQ(xml.Count("//disk[1]/readonly"), 0);
  EXPECT_EQ(xml.Count("//disk[2]/readonly"), 1);
  EXPECT_EQ(xml.Count("//disk[2]/boot"), 0);
}

TEST(DomainXmlTest, DirectKernelBootLeavesTheDisksUnbooted) {
  GuestSpec spec = Spec();
  spec.kernel = "/images/vmlinuz";
  spec.initrd = "/images/initrd";
  spec.command_line = "console=ttyS0";
  const Xml xml(spec);
  EXPECT_EQ(xml("/domain/os/kernel"), spec.kernel);
  EXPECT_EQ(xml("/domain/os/initrd"), spec.initrd);
  EXPECT_EQ(xml("/domain/os/cmdline"), spec.command_line);
  EXPECT_EQ(xml.Count("//disk/boot"), 0);
}

TEST(DomainXmlTest, ConsoleIsLoggedAndAppended) {
  const Xml xml(Spec());
  EXPECT_EQ(xml("//serial/@type"), "pty");
  EXPECT_EQ(xml("//serial/log/@file"), Spec().console_log);
  EXPECT_EQ(xml("//serial/log/@append"), "on");
  EXPECT_EQ(xml("//serial/target/@type"), "isa-serial");
}

TEST(DomainXmlTest, HasVirtioNetRngAndBalloonWithStatistics) {
  const Xml xml(Spec());
  EXPECT_EQ(xml("//interface/@type"), "user");
  EXPECT_EQ(xml("//interface/model/@type"), "virtio");
  EXPECT_EQ(xml("//interface/mac/@address"), MacAddress(kId));
  EXPECT_EQ(xml("//rng/backend"), "/dev/urandom");
  EXPECT_EQ(xml("//memballoon/@model"), "virtio");
  EXPECT_EQ(xml("//memballoon/stats/@period"), "10");
  EXPECT_EQ(xml.Count("//graphics"), 0);
}

constexpr char kHostile[] = "<>&\"' ]]> <!-- --> <x y='z'/> &amp; \xC3\xA9\xE2\x82\xAC";

TEST(DomainXmlTest, HostileTextStaysTextAndReadsBackExactly) {
  GuestSpec spec = Spec();
  spec.kernel = "/images/k";
  spec.command_line = kHostile;
  spec.record_json = std::string("{\"name\":\"") + kHostile + "\"}\n\ttail ";
  const Xml xml(spec);
  EXPECT_EQ(xml("/domain/os/cmdline"), kHostile);
  EXPECT_EQ(xml.Count("//x"), 0);
  const auto read = ReadDomain(*DomainXml(spec, kEmulated));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->record_json, spec.record_json);
}

TEST(DomainXmlTest, ControlCharactersAreRefusedByField) {
  GuestSpec spec = Spec();
  spec.command_line = std::string("quiet \x01");
  const auto refused = DomainXml(spec, kEmulated);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(DetailsOf(refused.status()).violations.size(), 1U);
  EXPECT_EQ(DetailsOf(refused.status()).violations[0].field, "spec.boot.command_line");
}

TEST(DomainXmlTest, TheGuestSeesTheCpuThatWasAskedFor) {
  GuestSpec spec = Placed();
  spec.platform = {model::CpuModelPolicy::kNamed, "EPYC"};
  const Xml named(spec, kKvm);
  EXPECT_EQ(named("/domain/cpu/@mode"), "custom");
  EXPECT_EQ(named("/domain/cpu/model"), "EPYC");
  EXPECT_EQ(named("/domain/cpu/cache/@mode"), "emulate") << "passthrough is for the host's own CPU";
  EXPECT_EQ(Xml(spec, kEmulated)("/domain/cpu/model"), "EPYC");
  spec.platform = {model::CpuModelPolicy::kHostModel, ""};
  EXPECT_EQ(Xml(spec, kKvm)("/domain/cpu/@mode"), "host-model");
  spec.platform = {model::CpuModelPolicy::kHostPassthrough, ""};
  EXPECT_EQ(Xml(spec, kKvm)("/domain/cpu/@mode"), "host-passthrough");
  EXPECT_EQ(Xml(spec, kKvm)("/domain/cpu/cache/@mode"), "passthrough");
}

TEST(ReadDomainTest, GivesBackWhatWasWritten) {
  const auto guest = ReadDomain(*DomainXml(Spec(), kKvm));
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_EQ(guest->name, kId);
  EXPECT_EQ(guest->instance_id, kId);
  EXPECT_EQ(guest->uuid, DomainUuid(kId));
  EXPECT_EQ(guest->node_id, Spec().node_id);
  EXPECT_EQ(guest->generation, 5);
  EXPECT_EQ(guest->record_json, Spec().record_json);
  EXPECT_EQ(guest->vcpus, 4);
  EXPECT_EQ(guest->memory_mib, 513);
  EXPECT_EQ(guest->accel, "kvm");
  EXPECT_EQ(ReadDomain(*DomainXml(Spec(), kEmulated))->accel, "tcg");
}

TEST(ReadDomainTest, FindsOurMetadataAmongOthersUnderAnyPrefix) {
  const auto guest = ReadDomain(
      "<domain type='kvm'><name>n</name><metadata>"
      "<other:instance xmlns:other='urn:other' instance_id='i-fffffffffffffffff' node_id='x'/>"
      "<b:instance xmlns:b='urn:berth:instance:v1' node_id='node' "
      "instance_id='i-0123456789abcdef0' "
      "generation='2'><b:record>{}</b:record></b:instance></metadata></domain>");
  ASSERT_TRUE(guest.ok());
  EXPECT_EQ(guest->instance_id, kId);
  EXPECT_EQ(guest->node_id, "node");
  EXPECT_EQ(guest->record_json, "{}");
  const auto unprefixed = ReadDomain(
      "<domain><metadata><instance xmlns='urn:berth:instance:v1' node_id='node' "
      "instance_id='i-0123456789abcdef0'><record>{}</record></instance></metadata></domain>");
  EXPECT_EQ(unprefixed->instance_id, kId);
  EXPECT_EQ(unprefixed->record_json, "{}");
}

TEST(ReadDomainTest, DomainWithoutOurMetadataOrWithMangledOneIsForeign) {
  for (const char* xml :
       {"<domain type='kvm'><name>web</name><memory unit='GiB'>2</memory></domain>",
        "<domain type='kvm'><name>web</name><memory unit='KiB'>2097152</memory><metadata>"
        "<b:instance xmlns:b='urn:berth:instance:v1' node_id='n' instance_id='../..'/></metadata>"
        "</domain>",
        "<domain type='kvm'><name>web</name><memory unit='b'>2147483648</memory><metadata>"
        "<b:instance xmlns:b='urn:berth:instance:v1' instance_id='i-0123456789abcdef0'/></metadata>"
        "</domain>"}) {
    const auto guest = ReadDomain(xml);
    ASSERT_TRUE(guest.ok()) << xml;
    EXPECT_EQ(guest->name, "web");
    EXPECT_EQ(guest->instance_id, "") << xml;
    EXPECT_EQ(guest->node_id, "") << xml;
    EXPECT_EQ(guest->memory_mib, 2048) << xml;
  }
}

TEST(ReadDomainTest, SaysWhatAGuestHolds) {
  const auto guest = ReadDomain(
      "<domain type='kvm'><name>n</name><memory unit='MiB'>512</memory>"
      "<vcpu placement='static' cpuset='4-7'>3</vcpu>"
      "<cputune><vcpupin vcpu='1' cpuset='2'/><vcpupin vcpu='9' cpuset='3'/></cputune>"
      "<numatune><memory mode='strict' nodeset='1'/>"
      "<memnode cellid='0' mode='preferred' nodeset='0'/></numatune>"
      "<memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>"
      "<devices><hostdev mode='subsystem' type='pci'><source>"
      "<address domain='0x0000' bus='0x41' slot='0x00' function='0x1'/></source></hostdev>"
      "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/></source></hostdev>"
      "<interface type='hostdev'><source>"
      "<address type='pci' domain='0x0000' bus='0x05' slot='0x1f' function='0x0'/></source>"
      "</interface></devices></domain>");
  ASSERT_TRUE(guest.ok());
  EXPECT_EQ(guest->holds, (model::GuestHoldings{.vcpu_pins = {{4, 5, 6, 7}, {2}, {4, 5, 6, 7}},
                                                .bound_nodes = {1},
                                                .resident_mib = {},
                                                .page_size_kib = 1 << 20,
                                                .devices = {"0000:41:00.1", "0000:05:1f.0"}}));
  const auto plain = ReadDomain("<domain><vcpu>2</vcpu></domain>");
  EXPECT_EQ(plain->holds, model::GuestHoldings{});
  EXPECT_EQ(ReadDomain("<domain><memoryBacking><hugepages/></memoryBacking></domain>")
                ->holds.page_size_kib,
            2048);
}

TEST(ReadDomainTest, AnythingElseIsDataLoss) {
  for (const char* xml : {"", "<domain", "<network><name>x</name></network>", "{}"})
    EXPECT_EQ(ReadDomain(xml).status().code(), StatusCode::kDataLoss) << xml;
}

TEST(NodeIdOfTest, ReadsTheElementAloneWithOrWithoutItsPrefix) {
  EXPECT_EQ(NodeIdOf("<b:instance xmlns:b='urn:berth:instance:v1' node_id='n'/>"), "n");
  EXPECT_EQ(NodeIdOf("<instance node_id='n'><record>{}</record></instance>"), "n");
  EXPECT_EQ(NodeIdOf("<thing node_id='n'/>"), "");
  EXPECT_EQ(NodeIdOf("no xml"), "");
}

}  // namespace
}  // namespace berth::libvirt
