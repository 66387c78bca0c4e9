// SPDX-License-Identifier: Apache-2.0
// Text that goes out in errors and log lines, bounded and printable. Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace berth::api {

// `text` if it has at most `bytes` bytes, else its beginning and "…", cut between UTF-8 characters.
// Bytes that are no UTF-8 and control characters become '?', so that the result may stand in a
// proto string, in a header and in a log line.
std::string Truncated(std::string_view text, size_t bytes);

// `text` in quotes, at most `bytes` of it, for "NAME is not …" messages.
std::string Quoted(std::string_view text, size_t bytes = 64);

}  // namespace berth::api
