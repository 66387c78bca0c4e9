// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/image_format.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

using std::string_view;

struct Magic {
  size_t offset;
  string_view bytes;
  string_view format;
};
constexpr Magic kMagics[] = {
    {0, string_view("QFI\xfb", 4), "qcow2"},
    {0, "KDMV", "vmdk"},
    {0, "# Disk DescriptorFile", "vmdk"},
    {0, "vhdxfile", "vhdx"},
    {0x40, "\x7f\x10\xda\xbe", "vdi"},
    {0x8001, "CD001", "iso"},
    {0, "conectix", "VHD"},
    {0, string_view("LUKS\xba\xbe", 6), "LUKS"},
    {0, string_view("QED\0", 4), "QED"},
    {0, string_view("\x1f\x8b", 2), "gzip"},
    {0, string_view("\xfd\x37zXZ\0", 6), "xz"},
    {0, string_view("\x28\xb5\x2f\xfd", 4), "zstd"},
};

bool Has(string_view head, size_t offset, string_view bytes) {
  return head.size() >= offset + bytes.size() && head.substr(offset, bytes.size()) == bytes;
}

Status Incomplete(string_view why) {
  return MakeError(StatusCode::kInvalidArgument, reasons::kImageInvalid, why);
}

// VMDK's sparse header, little endian: capacity in sectors at 12. With 0 there QEMU reads the
// embedded descriptor instead, and opens whatever files that names (block/vmdk.c).
constexpr size_t kVmdkCapacity = 12;

Status CheckVmdk(string_view head) {
  constexpr string_view kHow =
      "convert it where it was made to one file that stands alone (monolithicSparse or "
      "streamOptimized)";
  if (!head.starts_with("KDMV"))
    return Incomplete("it is a VMDK descriptor, which names other files; " + std::string(kHow));
  const string_view capacity = head.substr(std::min(kVmdkCapacity, head.size()), 8);
  if (capacity.size() < 8 ||
      std::all_of(capacity.begin(), capacity.end(), [](char byte) { return byte == '\0'; }))
    return Incomplete("it is a VMDK that names other files; " + std::string(kHow));
  return OkStatus();
}

}  // namespace

std::string_view FormatOf(std::string_view head) {
  for (const Magic& magic : kMagics)
    if (Has(head, magic.offset, magic.bytes)) return magic.format;
  return "raw";
}

Status CheckForeign(std::string_view format, std::string_view head) {
  // Differencing VDI and VHDX files are refused by QEMU itself.
  return format == "vmdk" ? CheckVmdk(head) : OkStatus();
}

}  // namespace berth
