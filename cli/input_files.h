// SPDX-License-Identifier: Apache-2.0
// Files that the command line names. Every error is kBadUsage and begins with the flag and the
// file.
#pragma once

#include <string>
#include <vector>

#include "core/base/status.h"

namespace berth::cli {

inline constexpr size_t kUserDataBytesMax = 16'384;  // Of the API, for each of the seed's files.

// The whole file, of at most `bytes_max`.
StatusOr<std::string> ReadInputFile(const std::string& flag, const std::string& path,
                                    size_t bytes_max);

// The public keys of a file in authorized_keys form: a line each; comments and empty lines are left
// out. At least one. A private key is refused, and nothing of it is shown.
StatusOr<std::vector<std::string>> ReadPublicKeys(const std::string& flag, const std::string& path);

}  // namespace berth::cli
