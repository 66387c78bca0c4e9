// SPDX-License-Identifier: Apache-2.0
// The limits of a spec that hold on every host, as proto/berth/v1 promises them. What depends on
// the host (capacity, the image being there, the type's name) is checked where it is known.
#pragma once

#include <vector>

#include "core/base/error.h"
#include "core/model/instance_spec.h"

namespace berth::model {

inline constexpr int32_t kVcpusMax = 1024;
inline constexpr int64_t kMemoryMibMin = 16;
inline constexpr int64_t kMemoryMibMax = 64LL << 20;    // 64 TiB.
inline constexpr int64_t kRootDiskMibMax = 64LL << 20;  // 64 TiB.
inline constexpr size_t kNameBytesMax = 128;
inline constexpr size_t kTenantIdBytesMax = 64;
inline constexpr size_t kInstanceTypeBytesMax = 64;
inline constexpr size_t kUserDataBytesMax = 16 * 1024;
inline constexpr size_t kNetworkConfigBytesMax = 16 * 1024;
inline constexpr size_t kTagsMax = 50;
inline constexpr size_t kTagKeyCharactersMax = 128;
inline constexpr size_t kTagValueCharactersMax = 256;
inline constexpr size_t kSshKeysMax = 64;
inline constexpr size_t kSshKeyBytesMax = 8 * 1024;
inline constexpr size_t kCommandLineBytesMax = 2047;
inline constexpr size_t kFileNameBytesMax = 255;
inline constexpr size_t kCpuModelBytesMax = 63;

// Every fault of `spec`, each with its path ("spec.shape.vcpus") and the cure; empty = valid.
// `spec.shape` is the resolved one; a spec that names a type is not asked for a shape here.
std::vector<FieldViolation> Validate(const InstanceSpec& spec);

// A file name inside a directory of ours: letters, digits, '.', '_', '-', not starting with '.' or
// '-', at most kFileNameBytesMax characters.
bool IsFileName(std::string_view name);
// One label or several of RFC 1123, at most 253 characters (63 each).
bool IsHostname(std::string_view name);

}  // namespace berth::model
