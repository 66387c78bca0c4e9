// SPDX-License-Identifier: Apache-2.0
#include "agent/api/image_convert.h"

#include <array>
#include <string_view>
#include <utility>

#include "agent/api/error_convert.h"
#include "agent/api/text.h"
#include "agent/api/time_convert.h"

namespace berth::api {
namespace {

constexpr std::array<std::pair<std::string_view, v1::ImageFormat>, 6> kFormats = {{
    {"qcow2", v1::IMAGE_FORMAT_QCOW2},
    {"raw", v1::IMAGE_FORMAT_RAW},
    {"vmdk", v1::IMAGE_FORMAT_VMDK},
    {"vdi", v1::IMAGE_FORMAT_VDI},
    {"vhdx", v1::IMAGE_FORMAT_VHDX},
    {"iso", v1::IMAGE_FORMAT_ISO},
}};

v1::ImageFormat FromFormat(std::string_view format) {
  for (const auto& [name, value] : kFormats)
    if (name == format) return value;
  return v1::IMAGE_FORMAT_UNSPECIFIED;
}

std::string ToFormat(v1::ImageFormat format) {
  for (const auto& [name, value] : kFormats)
    if (value == format) return std::string(name);
  return "";
}

v1::ImageState FromState(model::ImageState state) {
  switch (state) {
    case model::ImageState::kPending:
      return v1::IMAGE_STATE_PENDING;
    case model::ImageState::kAvailable:
      return v1::IMAGE_STATE_AVAILABLE;
    case model::ImageState::kFailed:
      return v1::IMAGE_STATE_FAILED;
    case model::ImageState::kEvicted:
      return v1::IMAGE_STATE_EVICTED;
  }
  return v1::IMAGE_STATE_UNSPECIFIED;
}

// What pulls and imports have in common.
template <typename Request>
BringImageArgs ToBring(const Request& request) {
  return {.image_id = request.image_id(),
          .name = request.name(),
          .source = {.sha256 = request.digest().sha256(),
                     .sha512 = request.digest().sha512(),
                     .format = ToFormat(request.format())},
          .pinned = request.pinned()};
}

void AddFaults(const BringImageArgs& args, const std::string& exchange_dir, RequestFaults& faults) {
  for (const FieldViolation& violation : FaultsOf(args, exchange_dir))
    faults.Invalid(violation.field, violation.description);
}

}  // namespace

v1::Image FromImage(const ImageReading& reading) {
  const model::Image& image = *reading.image;
  const model::ImageSource& source = image.source;
  const bool came = !image.sha256.empty();
  v1::Image out;
  out.set_image_id(image.id);
  out.set_name(image.name);
  out.set_state(FromState(image.state));
  out.set_state_message(Truncated(image.state_message, kErrorMessageBytesMax));
  out.set_format(FromFormat(image.format));
  out.set_virtual_size_bytes(image.virtual_bytes);
  out.set_allocated_bytes(image.file_bytes);
  out.set_sha256(image.sha256);
  if (!source.sha512.empty()) out.set_sha512(image.sha512);
  out.set_pinned_on_first_use(came && source.sha256.empty() && source.sha512.empty());
  out.set_source(source.url.empty() ? source.path : source.url);
  out.set_user_count(reading.user_count);
  out.set_pinned(image.pinned);
  if (image.state == model::ImageState::kAvailable && image.ended)
    *out.mutable_create_time() = ToTimestamp(*image.ended);
  if (image.last_used) *out.mutable_last_use_time() = ToTimestamp(*image.last_used);
  if (image.state == model::ImageState::kPending) out.set_operation(image.operation_id);
  out.set_revision(image.revision);
  return out;
}

BringImageArgs ToPull(const v1::PullImageRequest& request, RequestFaults& faults) {
  BringImageArgs args = ToBring(request);
  args.source.url = request.url();
  AddFaults(args, "", faults);
  return args;
}

BringImageArgs ToImport(const v1::ImportImageRequest& request, const std::string& exchange_dir,
                        RequestFaults& faults) {
  BringImageArgs args = ToBring(request);
  args.source.path = request.path();
  if (request.path().empty())
    faults.Invalid("path", "give the absolute path of a file on the host");
  else
    AddFaults(args, exchange_dir, faults);
  return args;
}

v1::TransferProgress FromProgress(const TransferProgress& progress) {
  v1::TransferProgress out;
  out.set_done_bytes(progress.done_bytes);
  if (progress.total_bytes) out.set_total_bytes(*progress.total_bytes);
  out.set_bytes_per_second(progress.bytes_per_second);
  return out;
}

}  // namespace berth::api
