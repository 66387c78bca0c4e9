// SPDX-License-Identifier: Apache-2.0
// What kind of text a string of bytes is. Pure functions; thread-safe.
#pragma once

#include <string_view>

namespace berth::model {

// Well-formed UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool IsUtf8(std::string_view text);

// UTF-8 without control characters (C0, DEL, C1), so it is one line and safe to show.
bool IsPlainText(std::string_view text);

// Characters of well-formed UTF-8.
size_t CharacterCount(std::string_view utf8);

}  // namespace berth::model
