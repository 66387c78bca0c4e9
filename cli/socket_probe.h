// SPDX-License-Identifier: Apache-2.0
// Why nobody answers at a socket: gRPC says "failed to connect", the kernel says more.
#pragma once

#include <string>

namespace berth::cli {

enum class SocketState {
  kAnswers,     // Somebody takes connections there.
  kMissing,     // No such file.
  kRefused,     // A socket, and nobody behind it.
  kDenied,      // We may not open it.
  kNotASocket,  // Another kind of file.
  kTooLong,     // Longer than the kernel takes.
  kOther,
};

struct SocketProbe {
  SocketState state = SocketState::kOther;
  std::string why;    // "no such file"; the kernel's words where there are no better.
  std::string group;  // Of the socket's file, where it could be read; "" = not known.
};

// Connects once, says nothing, and hangs up.
SocketProbe ProbeSocket(const std::string& path);

// "missing", "denied"; for metadata.
const char* Name(SocketState state);

}  // namespace berth::cli
