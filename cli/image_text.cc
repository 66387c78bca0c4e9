// SPDX-License-Identifier: Apache-2.0
#include "cli/image_text.h"

#include <fmt/format.h>

#include <cctype>

#include "cli/json_output.h"
#include "cli/sizes.h"
#include "cli/table.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

Tone ToneOf(v1::ImageState state) {
  switch (state) {
    case v1::IMAGE_STATE_AVAILABLE:
      return Tone::kGood;
    case v1::IMAGE_STATE_FAILED:
      return Tone::kBad;
    default:
      return Tone::kCaution;
  }
}

std::string FormatText(v1::ImageFormat format) {
  if (format == v1::IMAGE_FORMAT_UNSPECIFIED) return "";
  std::string name = ShortName(format, "IMAGE_FORMAT_");
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::string BytesText(int64_t bytes) { return bytes > 0 ? HumanBytes(bytes) : ""; }

}  // namespace

std::string RenderImages(const std::vector<v1::Image>& images, const Context& context) {
  const WallTime now = context.clock.WallNow();
  Table table({"IMAGE", "NAME", "STATE", "FORMAT", ">SIZE", ">ON DISK", ">USERS", "PINNED", "USED",
               "SOURCE"});
  for (const v1::Image& image : images)
    table.Add({image.image_id(),
               image.name(),
               {ShortName(image.state(), "IMAGE_STATE_"), ToneOf(image.state())},
               FormatText(image.format()),
               BytesText(image.virtual_size_bytes()),
               BytesText(image.allocated_bytes()),
               std::to_string(image.user_count()),
               image.pinned() ? "yes" : "",
               image.has_last_use_time() ? AgeText(image.last_use_time(), now) : "",
               image.source()});
  return table.Render(context.colour_out());
}

std::string RenderImage(const v1::Image& image, const Context& context) {
  Fields fields;
  fields.Add("Image", image.image_id());
  fields.Add("Name", image.name());
  fields.Add("State", {ShortName(image.state(), "IMAGE_STATE_"), ToneOf(image.state())});
  fields.Add("Why", image.state_message());
  fields.Add("Format", FormatText(image.format()));
  fields.Add("Size", BytesText(image.virtual_size_bytes()));
  fields.Add("On disk", BytesText(image.allocated_bytes()));
  fields.Add("Source", image.source());
  fields.Add("SHA-256", image.sha256());
  fields.Add("SHA-512", image.sha512());
  if (image.pinned_on_first_use())
    fields.Add("Checked", "no digest was given; this one is required from now on");
  fields.Add("Users", std::to_string(image.user_count()));
  if (image.pinned()) fields.Add("Pinned", "yes, it is never evicted");
  if (image.has_create_time()) fields.Add("Available", TimeText(image.create_time()));
  if (image.has_last_use_time()) fields.Add("Last used", TimeText(image.last_use_time()));
  fields.Add("Operation", image.operation());
  return fields.Render(context.colour_out());
}

void ShowImage(const Context& context, const v1::Image& image) {
  context.out << (context.json() ? ToJson(image) : RenderImage(image, context));
}

}  // namespace berth::cli
