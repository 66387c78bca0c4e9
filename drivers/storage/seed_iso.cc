// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/seed_iso.h"

#include <fmt/format.h>
#include <libburn/libburn.h>
#include <libisofs/libisofs.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/base/error.h"
#include "core/base/mutex.h"

namespace berth {
namespace {

// Any fixed time will do; without one each image would differ from the last.
constexpr time_t kFixedTime = 946684800;  // 2000-01-01
constexpr size_t kBlockBytes = 2048;
constexpr size_t kFifoBlocks = 64;

// libisofs, begun once and never ended: it has nothing to give back that outlives the process.
struct Library {
  Library() : begun(iso_init()) { iso_set_msgs_severities(never_, never_, prefix_); }
  Mutex mutex;
  const int begun;

 private:
  // libisofs takes these as plain char*.
  char never_[6] = "NEVER";
  char prefix_[1] = "";
};

Library& TheLibrary() {
  static Library library;
  return library;
}

Status Check(int code, std::string_view doing) {
  if (code >= 0) return OkStatus();
  return Status(StatusCode::kInternal, fmt::format("{}: {}", doing, iso_error_to_msg(code)));
}

struct FreeImage {
  void operator()(IsoImage* image) const { iso_image_unref(image); }
};
struct FreeOptions {
  void operator()(IsoWriteOpts* options) const { iso_write_opts_free(options); }
};
// libburn's header puts its C types in a namespace for C++, libisofs's does not: one type, two
// names.
using BurnSource = burn::burn_source;
struct FreeSource {
  void operator()(BurnSource* source) const {
    source->free_data(source);  // Waits for the writing thread.
    std::free(source);
  }
};
using Image = std::unique_ptr<IsoImage, FreeImage>;
using Options = std::unique_ptr<IsoWriteOpts, FreeOptions>;
using Source = std::unique_ptr<BurnSource, FreeSource>;

Status AddFile(IsoImage* image, const char* name, std::string_view data) {
  // The stream frees its buffer with free(). One byte at least: malloc(0) may be null.
  auto* buffer = static_cast<unsigned char*>(std::malloc(data.size() + 1));
  if (buffer == nullptr) return Status(StatusCode::kInternal, "no memory");
  if (!data.empty()) std::memcpy(buffer, data.data(), data.size());
  IsoStream* stream = nullptr;
  if (const int code = iso_memory_stream_new(buffer, data.size(), &stream); code < 0) {
    std::free(buffer);
    return Check(code, name);
  }
  IsoFile* file = nullptr;
  if (const int code = iso_tree_add_new_file(iso_image_get_root(image), name, stream, &file);
      code < 0) {
    iso_stream_unref(stream);
    return Check(code, name);
  }
  iso_node_set_permissions(reinterpret_cast<IsoNode*>(file), S_IFREG | 0400);
  return OkStatus();
}

StatusOr<Image> MakeImage(const SeedFiles& files) {
  IsoImage* raw = nullptr;
  BERTH_RETURN_IF_ERROR(Check(iso_image_new("cidata", &raw), "making an image"));
  Image image(raw);
  iso_image_set_volume_id(image.get(), "cidata");
  BERTH_RETURN_IF_ERROR(AddFile(image.get(), "meta-data", files.meta_data));
  BERTH_RETURN_IF_ERROR(AddFile(image.get(), "user-data", files.user_data));
  BERTH_RETURN_IF_ERROR(AddFile(image.get(), "network-config", files.network_config));
  BERTH_RETURN_IF_ERROR(AddFile(image.get(), "vendor-data", files.vendor_data));
  return image;
}

StatusOr<Options> MakeOptions() {
  IsoWriteOpts* raw = nullptr;
  BERTH_RETURN_IF_ERROR(Check(iso_write_opts_new(&raw, 0), "making its options"));
  Options options(raw);
  char volume_time[] = "2000010100000000";  // kFixedTime; libisofs takes a plain char*.
  iso_write_opts_set_rockridge(raw, 1);
  iso_write_opts_set_joliet(raw, 1);
  // Else the volume id is written in capitals, which not every reader of seeds knows.
  iso_write_opts_set_relaxed_vol_atts(raw, 1);
  iso_write_opts_set_fifo_size(raw, kFifoBlocks);
  iso_write_opts_set_replace_timestamps(raw, 2);
  iso_write_opts_set_default_timestamp(raw, kFixedTime);
  iso_write_opts_set_always_gmt(raw, 1);
  iso_write_opts_set_replace_mode(raw, 0, 0, 2, 2);
  iso_write_opts_set_default_uid(raw, 0);
  iso_write_opts_set_default_gid(raw, 0);
  iso_write_opts_set_pvd_times(raw, kFixedTime, kFixedTime, 0, 0, volume_time);
  return options;
}

StatusOr<std::string> ReadAll(BurnSource* source) {
  std::string bytes;
  std::array<unsigned char, kBlockBytes> block;
  for (;;) {
    const int got = source->read_xt(source, block.data(), static_cast<int>(block.size()));
    if (got < 0) return Status(StatusCode::kInternal, "libisofs stopped half-way");
    if (got == 0) return bytes;
    bytes.append(reinterpret_cast<const char*>(block.data()), static_cast<size_t>(got));
  }
}

StatusOr<std::string> Make(const SeedFiles& files) {
  BERTH_ASSIGN_OR_RETURN(const Image image, MakeImage(files));
  BERTH_ASSIGN_OR_RETURN(const Options options, MakeOptions());
  struct ::burn_source* raw = nullptr;
  BERTH_RETURN_IF_ERROR(
      Check(iso_image_create_burn_source(image.get(), options.get(), &raw), "laying it out"));
  const Source source(reinterpret_cast<BurnSource*>(raw));
  return ReadAll(source.get());
}

}  // namespace

StatusOr<std::string> MakeSeedIso(const SeedFiles& files) {
  Library& library = TheLibrary();
  MutexLock lock(library.mutex);
  BERTH_RETURN_IF_ERROR(Check(library.begun, "starting libisofs"));
  StatusOr<std::string> iso = Make(files);
  if (!iso.ok()) return Annotate(iso.status(), "making the seed's ISO image");
  return iso;
}

}  // namespace berth
