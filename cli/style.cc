// SPDX-License-Identifier: Apache-2.0
#include "cli/style.h"

#include <fmt/format.h>

namespace berth::cli {
namespace {

std::string_view CodeOf(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kHeading:
      return "1";
    case Tone::kGood:
      return "32";
    case Tone::kCaution:
      return "33";
    case Tone::kBad:
      return "31";
  }
  return "";
}

}  // namespace

std::string Paint(std::string_view text, Tone tone, bool colour) {
  if (!colour || tone == Tone::kPlain || text.empty()) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", CodeOf(tone), text);
}

}  // namespace berth::cli
