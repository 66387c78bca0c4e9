// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/domain_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <pugixml.hpp>
#include <sstream>

#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/model/translation_cache.h"

namespace berth::libvirt {
namespace {

using pugi::xml_node;

xml_node Add(xml_node parent, const char* name) { return parent.append_child(name); }

xml_node Add(xml_node parent, const char* name, const std::string& text) {
  xml_node child = parent.append_child(name);
  child.text().set(text.c_str());
  return child;
}

void Set(xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

// A child with attributes, as most of libvirt's elements are.
xml_node AddWith(xml_node parent, const char* name,
                 std::initializer_list<std::pair<const char*, std::string>> attributes) {
  xml_node child = parent.append_child(name);
  for (const auto& [key, value] : attributes) Set(child, key, value);
  return child;
}

bool FitsXml(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
  });
}

Status CheckText(const GuestSpec& spec) {
  std::vector<FieldViolation> violations;
  const auto check = [&](const char* field, std::string_view text) {
    if (!FitsXml(text))
      violations.push_back({field, "holds a control character; only tab and newline can be kept"});
  };
  check("spec.boot.command_line", spec.command_line);
  check("spec.boot.kernel", spec.kernel);
  check("spec.boot.initrd", spec.initrd);
  check("spec", spec.record_json);
  for (const GuestDisk& disk : spec.disks) check("spec.boot.image", disk.path);
  return violations.empty() ? OkStatus() : InvalidFields(std::move(violations));
}

void AddMetadata(xml_node domain, const GuestSpec& spec) {
  xml_node instance = Add(Add(domain, "metadata"), "berth:instance");
  Set(instance, "xmlns:berth", kMetadataUri);
  Set(instance, "node_id", spec.node_id);
  Set(instance, "ledger_id", spec.ledger_id);
  Set(instance, "instance_id", spec.instance_id);
  Set(instance, "generation", std::to_string(spec.generation));
  Add(instance, "berth:record", spec.record_json);
}

void AddMemory(xml_node domain, int64_t memory_mib) {
  const std::string kib = std::to_string(memory_mib * 1024);
  Set(Add(domain, "memory", kib), "unit", "KiB");
  Set(Add(domain, "currentMemory", kib), "unit", "KiB");
}

void AddBoot(xml_node domain, const GuestSpec& spec) {
  xml_node os = Add(domain, "os");
  xml_node type = Add(os, "type", "hvm");
  Set(type, "arch", "x86_64");
  Set(type, "machine", "q35");
  if (spec.kernel.empty()) return;
  Add(os, "kernel", spec.kernel);
  if (!spec.initrd.empty()) Add(os, "initrd", spec.initrd);
  if (!spec.command_line.empty()) Add(os, "cmdline", spec.command_line);
}

CpuSet AllCpus(const GuestSpec& spec) {
  CpuSet all = spec.emulator_cpus;
  for (const CpuSet& cpus : spec.vcpu_cpus) all |= cpus;
  return all;
}

// Under TCG libvirt cannot pin vCPUs one by one: the process as a whole is kept to their CPUs.
void AddVcpus(xml_node domain, const GuestSpec& spec, const DomainSettings& settings) {
  xml_node vcpu = Add(domain, "vcpu", std::to_string(spec.vcpus));
  Set(vcpu, "placement", "static");
  if (spec.vcpu_cpus.empty() || settings.type == "test") return;
  if (settings.type != "kvm") return Set(vcpu, "cpuset", ToCpuList(AllCpus(spec)));
  xml_node tune = Add(domain, "cputune");
  for (size_t i = 0; i < spec.vcpu_cpus.size(); ++i)
    AddWith(tune, "vcpupin",
            {{"vcpu", std::to_string(i)}, {"cpuset", ToCpuList(spec.vcpu_cpus[i])}});
  if (!spec.emulator_cpus.empty())
    AddWith(tune, "emulatorpin", {{"cpuset", ToCpuList(spec.emulator_cpus)}});
}

// Of one cell libvirt knows no numbers.
void AddLargePages(xml_node domain, const GuestSpec& spec) {
  xml_node pages;
  for (size_t i = 0; i < spec.cells.size(); ++i) {
    if (spec.cells[i].page_size_kib <= 4) continue;
    if (!pages) pages = Add(Add(domain, "memoryBacking"), "hugepages");
    xml_node page = AddWith(
        pages, "page", {{"size", std::to_string(spec.cells[i].page_size_kib)}, {"unit", "KiB"}});
    if (spec.cells.size() > 1) Set(page, "nodeset", std::to_string(i));
  }
}

void AddNumaTune(xml_node domain, const GuestSpec& spec) {
  CpuSet nodes;
  for (const GuestNumaCell& cell : spec.cells)
    if (cell.host_node >= 0) nodes.Add(cell.host_node);
  if (nodes.empty()) return;
  xml_node tune = Add(domain, "numatune");
  AddWith(tune, "memory", {{"mode", "strict"}, {"nodeset", ToCpuList(nodes)}});
  for (size_t i = 0; i < spec.cells.size() && spec.cells.size() > 1; ++i)
    AddWith(tune, "memnode",
            {{"cellid", std::to_string(i)},
             {"mode", "strict"},
             {"nodeset", std::to_string(spec.cells[i].host_node)}});
}

// One socket for each cell where they are alike, else one for all.
void AddCpuTopology(xml_node cpu, const GuestSpec& spec) {
  int sockets = static_cast<int>(std::max<size_t>(1, spec.cells.size()));
  for (const GuestNumaCell& cell : spec.cells)
    if (cell.vcpus.Count() * static_cast<int>(spec.cells.size()) != spec.vcpus) sockets = 1;
  const int threads = spec.threads_per_core;
  AddWith(cpu, "topology",
          {{"sockets", std::to_string(sockets)},
           {"dies", "1"},
           {"cores", std::to_string(spec.vcpus / sockets / threads)},
           {"threads", std::to_string(threads)}});
}

void AddNumaCells(xml_node cpu, const GuestSpec& spec) {
  if (spec.cells.size() < 2) return;
  xml_node numa = Add(cpu, "numa");
  for (size_t i = 0; i < spec.cells.size(); ++i)
    AddWith(numa, "cell",
            {{"id", std::to_string(i)},
             {"cpus", ToCpuList(spec.cells[i].vcpus)},
             {"memory", std::to_string(spec.cells[i].memory_mib * 1024)},
             {"unit", "KiB"}});
}

xml_node AddNamedCpu(xml_node domain, const std::string& model) {
  xml_node cpu = AddWith(domain, "cpu", {{"mode", "custom"}, {"match", "exact"}});
  Add(cpu, "model", model);
  return cpu;
}

bool IsHostCpu(const GuestSpec& spec, const DomainSettings& settings) {
  const model::CpuModelPolicy policy = spec.platform.cpu_model_policy;
  return policy == model::CpuModelPolicy::kHostPassthrough ||
         (policy == model::CpuModelPolicy::kDefault && settings.type == "kvm");
}

xml_node AddCpuModel(xml_node domain, const GuestSpec& spec, const DomainSettings& settings) {
  if (IsHostCpu(spec, settings))
    return AddWith(domain, "cpu", {{"mode", "host-passthrough"}, {"migratable", "on"}});
  if (spec.platform.cpu_model_policy == model::CpuModelPolicy::kHostModel)
    return AddWith(domain, "cpu", {{"mode", "host-model"}});
  if (spec.platform.cpu_model_policy == model::CpuModelPolicy::kNamed)
    return AddNamedCpu(domain, spec.platform.cpu_model);
  if (settings.cpu_model == "maximum") return AddWith(domain, "cpu", {{"mode", "maximum"}});
  return AddNamedCpu(domain, settings.cpu_model);
}

void AddCpu(xml_node domain, const GuestSpec& spec, const DomainSettings& settings) {
  xml_node cpu = AddCpuModel(domain, spec, settings);
  if (spec.cells.empty()) return;
  AddCpuTopology(cpu, spec);
  // The host's caches, which the guest's threads share as its cores do.
  // A model that is not the host's has caches of its own kind, of which the last is shown.
  if (settings.type == "kvm" && !spec.vcpu_cpus.empty()) {
    if (IsHostCpu(spec, settings))
      AddWith(cpu, "cache", {{"mode", "passthrough"}});
    else
      AddWith(cpu, "cache", {{"level", "3"}, {"mode", "emulate"}});
  }
  AddNumaCells(cpu, spec);
}

void AddDisk(xml_node devices, const GuestDisk& disk, bool boots) {
  xml_node node = AddWith(devices, "disk", {{"type", "file"}, {"device", "disk"}});
  xml_node driver = AddWith(node, "driver", {{"name", "qemu"}, {"type", disk.format}});
  if (!disk.read_only) Set(driver, "discard", "unmap");
  AddWith(node, "source", {{"file", disk.path}});
  AddWith(node, "target", {{"dev", disk.target}, {"bus", "virtio"}});
  if (disk.read_only) Add(node, "readonly");
  if (!disk.serial.empty()) Add(node, "serial", disk.serial);
  if (boots) AddWith(node, "boot", {{"order", "1"}});
}

// The boot ROM is left out: no guest boots from the network, and it would delay each boot.
void AddInterface(xml_node devices, const std::string& mac) {
  xml_node node = AddWith(devices, "interface", {{"type", "user"}});
  if (!mac.empty()) AddWith(node, "mac", {{"address", mac}});
  AddWith(node, "model", {{"type", "virtio"}});
  AddWith(node, "rom", {{"enabled", "no"}});
}

void AddConsole(xml_node devices, const std::string& log_path) {
  xml_node serial = AddWith(devices, "serial", {{"type", "pty"}});
  // virtlogd writes it and keeps its size bounded; append, so that a reboot or a new start does not
  // lose what the last one printed.
  if (!log_path.empty()) AddWith(serial, "log", {{"file", log_path}, {"append", "on"}});
  xml_node target = AddWith(serial, "target", {{"type", "isa-serial"}, {"port", "0"}});
  AddWith(target, "model", {{"name", "isa-serial"}});
}

void AddDevices(xml_node domain, const GuestSpec& spec) {
  xml_node devices = Add(domain, "devices");
  bool boots = spec.kernel.empty();
  for (const GuestDisk& disk : spec.disks) {
    AddDisk(devices, disk, boots);
    boots = false;
  }
  AddWith(devices, "controller", {{"type", "usb"}, {"model", "none"}});
  AddInterface(devices, spec.mac_address);
  AddConsole(devices, spec.console_log);
  // Its statistics tell what the guest uses; without the period libvirt never asks for them.
  xml_node balloon = AddWith(devices, "memballoon", {{"model", "virtio"}});
  AddWith(balloon, "stats", {{"period", "10"}});
  // For guests that use them: a panic tells itself, a watchdog that is not fed counts as one.
  AddWith(devices, "panic", {{"model", "isa"}});
  AddWith(devices, "watchdog", {{"model", "i6300esb"}, {"action", "pause"}});
  xml_node rng = AddWith(devices, "rng", {{"model", "virtio"}});
  Set(Add(rng, "backend", "/dev/urandom"), "model", "random");
}

// Of several namespaces the one that is ours, whatever prefix it came back with.
xml_node FindInstance(xml_node metadata) {
  for (xml_node child : metadata.children()) {
    const std::string_view name = child.name();
    const size_t colon = name.find(':');
    const std::string prefix =
        colon == std::string_view::npos ? "xmlns" : fmt::format("xmlns:{}", name.substr(0, colon));
    const std::string_view local = colon == std::string_view::npos ? name : name.substr(colon + 1);
    if (local == "instance" &&
        std::string_view(child.attribute(prefix.c_str()).value()) == kMetadataUri)
      return child;
  }
  return {};
}

std::string RecordText(xml_node instance) {
  for (xml_node child : instance.children()) {
    const std::string_view name = child.name();
    if (name == "record" || name.ends_with(":record")) return child.text().get();
  }
  return "";
}

// libvirt always gives KiB back; other units are read for definitions written by hand.
int64_t MemoryMib(xml_node memory) {
  const std::string_view unit = memory.attribute("unit").value();
  const int64_t amount = memory.text().as_llong();
  if (unit == "b" || unit == "bytes") return amount / (1024 * 1024);
  if (unit == "M" || unit == "MiB") return amount;
  if (unit == "G" || unit == "GiB") return amount * 1024;
  return amount / 1024;
}

void ReadMetadata(xml_node domain, GuestState& state) {
  const xml_node instance = FindInstance(domain.child("metadata"));
  const std::string id = instance.attribute("instance_id").value();
  const std::string node_id = instance.attribute("node_id").value();
  if (!IsInstanceId(id) || node_id.empty()) return;
  state.instance_id = id;
  state.node_id = node_id;
  state.generation = instance.attribute("generation").as_llong();
  state.record_json = RecordText(instance);
}

// Charged to the instance (scheduler/overhead.h), so it may not grow as QEMU would let it.
void BoundTranslationCache(xml_node features) {
  xml_node cache =
      Add(Add(features, "tcg"), "tb-cache", std::to_string(model::kTranslationCacheMib));
  Set(cache, "unit", "MiB");
}

}  // namespace

StatusOr<std::string> DomainXml(const GuestSpec& spec, const DomainSettings& settings) {
  BERTH_RETURN_IF_ERROR(CheckText(spec));
  pugi::xml_document document;
  xml_node domain = AddWith(document.root(), "domain", {{"type", settings.type}});
  Add(domain, "name", spec.instance_id);
  Add(domain, "uuid", DomainUuid(spec.instance_id));
  AddMetadata(domain, spec);
  AddMemory(domain, spec.memory_mib);
  AddLargePages(domain, spec);
  AddVcpus(domain, spec, settings);
  AddNumaTune(domain, spec);
  AddBoot(domain, spec);
  xml_node features = Add(domain, "features");
  Add(features, "acpi");
  Add(features, "apic");
  if (settings.type == "qemu") BoundTranslationCache(features);
  AddCpu(domain, spec, settings);
  AddWith(domain, "clock", {{"offset", "utc"}});
  Add(domain, "on_poweroff", "destroy");
  Add(domain, "on_reboot", "restart");
  // It stays as it is until the agent, which has to record it, has seen it.
  Add(domain, "on_crash", "preserve");
  AddDevices(domain, spec);
  std::ostringstream out;
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

namespace {

constexpr int64_t kDefaultHugePageKib = 2048;  // Where the definition says no size.

std::vector<CpuSet> ReadPins(xml_node domain, int32_t vcpus) {
  const auto cpus_of = [](xml_node node) {
    return ParseCpuList(node.attribute("cpuset").value()).value_or(CpuSet());
  };
  constexpr int32_t kVcpusMax = 4096;  // More than any hypervisor has.
  if (vcpus < 1 || vcpus > kVcpusMax) return {};
  std::vector<CpuSet> pins(static_cast<size_t>(vcpus), cpus_of(domain.child("vcpu")));
  for (xml_node pin : domain.child("cputune").children("vcpupin")) {
    const int vcpu = pin.attribute("vcpu").as_int(-1);
    if (vcpu >= 0 && vcpu < vcpus) pins[static_cast<size_t>(vcpu)] = cpus_of(pin);
  }
  const bool any =
      std::any_of(pins.begin(), pins.end(), [](const CpuSet& c) { return !c.empty(); });
  return any ? pins : std::vector<CpuSet>();
}

// Only what is strict keeps memory where it is.
std::vector<int> ReadBoundNodes(xml_node domain) {
  CpuSet nodes;
  for (xml_node memory : domain.child("numatune").children())
    if (std::string_view(memory.attribute("mode").as_string("strict")) == "strict")
      nodes |= ParseCpuList(memory.attribute("nodeset").value()).value_or(CpuSet());
  return nodes.ToVector();
}

int64_t ReadPageSizeKib(xml_node domain) {
  const xml_node pages = domain.child("memoryBacking").child("hugepages");
  if (!pages) return model::kBasePageKib;
  const xml_node page = pages.child("page");
  const int64_t size = page.attribute("size").as_llong();
  if (size <= 0) return kDefaultHugePageKib;
  const std::string_view unit = page.attribute("unit").as_string("KiB");
  if (unit == "M" || unit == "MiB") return size * 1024;
  if (unit == "G" || unit == "GiB") return size * 1024 * 1024;
  return unit == "b" || unit == "bytes" ? size / 1024 : size;
}

// A PCI address "0000:41:00.0" of a host device; "" if it is none.
std::string ReadPciAddress(xml_node device) {
  const xml_node address = device.child("source").child("address");
  if (!address.attribute("bus")) return "";
  const auto part = [&](const char* name) {
    return static_cast<unsigned>(std::strtoul(address.attribute(name).value(), nullptr, 16));
  };
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", part("domain"), part("bus"), part("slot"),
                     part("function"));
}

std::vector<std::string> ReadHostDevices(xml_node devices) {
  std::vector<std::string> addresses;
  for (const char* element : {"hostdev", "interface"})
    for (xml_node device : devices.children(element))
      if (std::string address = ReadPciAddress(device); !address.empty())
        addresses.push_back(std::move(address));
  return addresses;
}

}  // namespace

StatusOr<GuestState> ReadDomain(std::string_view xml) {
  pugi::xml_document document;
  // parse_ws_pcdata_single would not do: the spec's text may begin or end with blanks.
  const auto parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_ws_pcdata);
  const xml_node domain = document.child("domain");
  if (!parsed || !domain)
    return Status(
        StatusCode::kDataLoss,
        fmt::format("not a domain's XML: {}", parsed ? "no <domain>" : parsed.description()));
  GuestState state;
  state.name = domain.child("name").text().get();
  state.uuid = domain.child("uuid").text().get();
  state.vcpus = domain.child("vcpu").text().as_int();
  state.memory_mib = MemoryMib(domain.child("memory"));
  const std::string_view type = domain.attribute("type").value();
  state.accel = type == "qemu" ? "tcg" : std::string(type);
  state.holds = {.vcpu_pins = ReadPins(domain, state.vcpus),
                 .bound_nodes = ReadBoundNodes(domain),
                 .resident_mib = {},
                 .page_size_kib = ReadPageSizeKib(domain),
                 .devices = ReadHostDevices(domain.child("devices"))};
  ReadMetadata(domain, state);
  return state;
}

std::string NodeIdOf(std::string_view metadata_xml) {
  pugi::xml_document document;
  if (!document.load_buffer(metadata_xml.data(), metadata_xml.size())) return "";
  // virDomainGetMetadata may leave the namespace's declaration and prefix out.
  const xml_node root = document.document_element();
  const std::string_view name = root.name();
  const bool ours =
      name == "instance" || (name.size() > 9 && name.substr(name.size() - 9) == ":instance");
  return ours ? root.attribute("node_id").value() : "";
}

}  // namespace berth::libvirt
