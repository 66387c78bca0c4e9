// SPDX-License-Identifier: Apache-2.0
#include "core/model/text.h"

#include <algorithm>
#include <cstdint>

namespace berth::model {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

// Takes one character off the front of `text`; kNone, and nothing taken, if it is not well-formed.
uint32_t TakeCharacter(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0x80   ? 1
                        : first < 0xC0 ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF8 ? 4
                                       : 0;
  if (length == 0 || text.size() < length) return kNone;
  uint32_t character = length == 1 ? first : first & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return kNone;
    character = character << 6 | (byte(i) & 0x3F);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < kLeast[length] || character > 0x10FFFF || surrogate) return kNone;
  text.remove_prefix(length);
  return character;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty())
    if (TakeCharacter(text) == kNone) return false;
  return true;
}

bool IsPlainText(std::string_view text) {
  while (!text.empty()) {
    const uint32_t character = TakeCharacter(text);
    if (character == kNone || character < 0x20 || (character >= 0x7F && character < 0xA0))
      return false;
  }
  return true;
}

size_t CharacterCount(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace berth::model
