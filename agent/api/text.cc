// SPDX-License-Identifier: Apache-2.0
#include "agent/api/text.h"

#include <fmt/format.h>

namespace berth::api {
namespace {

constexpr std::string_view kEllipsis = "…";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Length of the well-formed UTF-8 character that `text` begins with; 0 if there is none.
size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x20 || lead == 0x7F) return 0;
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF5   ? 0
                        : lead >= 0xF0 ? 4
                        : lead >= 0xE0 ? 3
                        : lead >= 0xC2 ? 2
                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if (!IsContinuation(text[i])) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
      (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90))
    return 0;
  return length;
}

}  // namespace

std::string Truncated(std::string_view text, size_t bytes) {
  const bool cut = text.size() > bytes;
  const size_t room = cut && bytes > kEllipsis.size() ? bytes - kEllipsis.size() : bytes;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = CharacterLength(text.substr(at));
    const std::string_view character = length == 0 ? "?" : text.substr(at, length);
    if (out.size() + character.size() > room) break;
    out += character;
    at += length == 0 ? 1 : length;
  }
  if (cut) out += kEllipsis;
  return out;
}

std::string Quoted(std::string_view text, size_t bytes) {
  return fmt::format("\"{}\"", Truncated(text, bytes));
}

}  // namespace berth::api
