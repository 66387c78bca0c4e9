// SPDX-License-Identifier: Apache-2.0
// Single facts of an instance as people read them. Pure; "" where there is nothing to tell.
#pragma once

#include <string>

#include "berth/v1/instance.pb.h"

namespace berth::cli {

// The shape in force, or what was asked where none is resolved yet.
const berth::v1::Shape& ShapeOf(const berth::v1::Instance& instance);
std::string TypeText(const berth::v1::Instance& instance);  // "t1.micro", "custom"
std::string BootText(const berth::v1::InstanceSpec& spec);  // "debian.qcow2", "kernel vmlinuz"
std::string CpuText(const berth::v1::InstanceSpec& spec);   // CPU asked for: "Nehalem"; or "".
std::string DiskText(const berth::v1::Instance& instance);  // Root disk: "4 GiB"
std::string AcceleratorText(berth::v1::Accelerator accelerator);  // "KVM"
std::string NodesText(const berth::v1::InstanceStatus& status);   // NUMA nodes: "0,1"
std::string TagsText(const berth::v1::InstanceSpec& spec);        // "a=1 b=2", by key

}  // namespace berth::cli
