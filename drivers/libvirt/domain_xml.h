// SPDX-License-Identifier: Apache-2.0
// A guest as libvirt's domain XML, and back. The document is built and read as a tree, so that no
// text of a user's (a command line, a spec with <>&"') can become markup.
//
// Pure functions; thread-safe. Invariant (domain_xml_test.cc): ReadDomain(DomainXml(spec)) gives
// the spec's identity, generation, record_json, vCPUs and memory back.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "drivers/hypervisor.h"

namespace berth::libvirt {

// The namespace of the metadata element that makes a domain ours.
inline constexpr char kMetadataUri[] = "urn:berth:instance:v1";

// What the host decides and not the guest's spec.
struct DomainSettings {
  std::string type;       // libvirt's domain type: "kvm", "qemu" (emulated), "test".
  std::string cpu_model;  // Of emulated guests: libvirt's name, "maximum" included.
};

// The whole definition. INVALID_ARGUMENT for text that XML cannot hold (control characters).
StatusOr<std::string> DomainXml(const GuestSpec& spec, const DomainSettings& settings);

// What a definition says: everything of a GuestState that is not about the moment (power, reason,
// pid, persistent, managed_save stay as they are by default). Foreign domains have an empty
// instance_id, and so have those whose metadata is not as we write it. DATA_LOSS: not a domain's
// XML.
StatusOr<GuestState> ReadDomain(std::string_view xml);

// The node_id of a metadata element as virDomainGetMetadata gives it; "" if it is none of ours.
std::string NodeIdOf(std::string_view metadata_xml);

}  // namespace berth::libvirt
