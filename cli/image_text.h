// SPDX-License-Identifier: Apache-2.0
// Images as people read them. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "berth/v1/image.pb.h"
#include "cli/context.h"

namespace berth::cli {

// One row each.
std::string RenderImages(const std::vector<berth::v1::Image>& images, const Context& context);
// All that is known of one.
std::string RenderImage(const berth::v1::Image& image, const Context& context);

// To context.out, by itself: all of it, or JSON.
void ShowImage(const Context& context, const berth::v1::Image& image);

}  // namespace berth::cli
