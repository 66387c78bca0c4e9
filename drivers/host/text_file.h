// SPDX-License-Identifier: Apache-2.0
// Small text files of procfs and sysfs.
//
// Blocking, thread-safe: free functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

// The file's text without its final newline, at most 1 MiB of it; nullopt if it cannot be read.
// These files come and go with kernels and hardware, so their absence is a fact and not an error.
std::optional<std::string> ReadText(const std::string& path);
// The decimal number a file holds; nullopt if it holds none.
std::optional<int64_t> ReadNumber(const std::string& path);
std::optional<int64_t> ParseNumber(std::string_view text);

// Words separated by spaces, tabs or newlines.
std::vector<std::string> Words(std::string_view text);
// The lines "Key: value" of /proc/meminfo and its like; of a key that comes twice, the first.
std::map<std::string, std::string> KeyValues(std::string_view text);
// The one that sysfs marks in "always [madvise] never"; "" if none is.
std::string Chosen(std::string_view text);

// Names of the entries of a directory, sorted; empty if it cannot be read.
std::vector<std::string> Entries(const std::string& directory);
bool Exists(const std::string& path);

}  // namespace berth
