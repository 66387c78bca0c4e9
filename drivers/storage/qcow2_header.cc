// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/qcow2_header.h"

#include <fmt/format.h>

#include "core/model/validate.h"

namespace berth {
namespace {

constexpr std::string_view kMagic("QFI\xfb", 4);

// Offsets and bits of the format's published specification (docs/interop/qcow2 of QEMU).
constexpr size_t kVersion = 4;
constexpr size_t kBackingOffset = 8;
constexpr size_t kClusterBits = 20;
constexpr size_t kSize = 24;
constexpr size_t kCryptMethod = 32;
constexpr size_t kIncompatible = 72;
constexpr size_t kHeaderBytesV2 = 72;
constexpr uint64_t kCorrupt = 1 << 1;
constexpr uint64_t kExternalData = 1 << 2;
constexpr uint64_t kKnownFeatures = 0x1f;

uint64_t BigEndian(std::string_view head, size_t offset, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i)
    value = value << 8 | static_cast<unsigned char>(head[offset + i]);
  return value;
}

Status Invalid(std::string_view why) {
  return Status(StatusCode::kInvalidArgument, absl::string_view(why.data(), why.size()));
}

Status CheckFeatures(uint64_t features) {
  if (features & kExternalData)
    return Invalid(
        "it keeps its data in another file; flatten it with qemu-img convert -O qcow2 OLD NEW");
  if (features & kCorrupt)
    return Invalid("it is marked as corrupt; repair it with qemu-img check -r all");
  if (features & ~kKnownFeatures)
    return Invalid("it uses qcow2 features that are not known here; convert it anew");
  return OkStatus();
}

Status CheckSize(uint64_t size) {
  constexpr uint64_t kMax = static_cast<uint64_t>(model::kRootDiskMibMax) << 20;
  if (size == 0) return Invalid("its virtual size is 0");
  if (size > kMax)
    return Invalid(fmt::format("its virtual size is {} bytes, at most {} are allowed", size, kMax));
  return OkStatus();
}

}  // namespace

bool HasQcow2Magic(std::string_view head) { return head.substr(0, kMagic.size()) == kMagic; }

StatusOr<int64_t> Qcow2VirtualBytes(std::string_view head) {
  if (!HasQcow2Magic(head)) return Invalid("it is not a qcow2 file");
  if (head.size() < kHeaderBytesV2) return Invalid("its qcow2 header is cut short");
  const uint64_t version = BigEndian(head, kVersion, 4);
  if (version != 2 && version != 3)
    return Invalid(fmt::format("its qcow2 version is {}, known are 2 and 3", version));
  if (version == 3) {
    if (head.size() < kQcow2HeaderBytes) return Invalid("its qcow2 header is cut short");
    BERTH_RETURN_IF_ERROR(CheckFeatures(BigEndian(head, kIncompatible, 8)));
  }
  if (BigEndian(head, kBackingOffset, 8) != 0)
    return Invalid(
        "it has a backing file of its own; flatten it with qemu-img convert -O qcow2 OLD NEW");
  if (BigEndian(head, kCryptMethod, 4) != 0) return Invalid("it is encrypted; give a plain image");
  const uint64_t cluster_bits = BigEndian(head, kClusterBits, 4);
  if (cluster_bits < 9 || cluster_bits > 21) return Invalid("its qcow2 header makes no sense");
  const uint64_t size = BigEndian(head, kSize, 8);
  BERTH_RETURN_IF_ERROR(CheckSize(size));
  return static_cast<int64_t>(size);
}

}  // namespace berth
